import { isSame, mixed, type BatchShares } from './batch-senders.ts';
import { BatchSocket } from './batch-socket.ts';
import { addressOf, addressText, networkOf, wordAt } from './ip-address.ts';
import { isLocal } from './local-prefix.ts';
import { systemError } from './system-error.ts';
import type { Endpoint, UdpSocket } from './world.ts';

/** Bytes that wait of what is sent to thousands of addresses. */
const RECEIVE_BUFFER = 16 << 20;
/** Bits of an address within a block. */
const BLOCK = 8;

/**
 * One socket of the system for many addresses: it listens on all of them, and IP_PKTINFO says which one a
 * datagram was sent to, and which one an answer leaves from. What is sent to an address that nobody has taken
 * is for nobody.
 */
export class PrefixPort {
  readonly udp: BatchShares;
  readonly socket: BatchSocket;
  readonly #isV6: boolean;
  /** By the number of an IPv4 address. */
  readonly #members = new Map<number, Member>();
  /** By what the bytes of an IPv6 address come to: those of one number are in a chain. */
  readonly #members6 = new Map<number, Member>();
  readonly #over: () => void;
  /** Blocks of addresses that are this machine's. */
  readonly #local = new Set<string>();
  #count = 0;

  /** Throws the system's error. `over`: nobody is left, and the socket is closed. */
  constructor(udp: BatchShares, { host, port }: Endpoint, over: () => void) {
    this.udp = udp;
    this.#over = over;
    this.#isV6 = host.includes(':');
    const at = { host: this.#isV6 ? '::' : '0.0.0.0', port };
    const socket = udp.native.open(at, { receiveBuffer: RECEIVE_BUFFER, isForPrefix: true });
    // Whose datagram could not be sent is not known any more; it is lost, as datagrams are.
    const lost = (): void => undefined;
    this.socket = new BatchSocket(udp.native, socket, this.#isV6 ? this.#datagram6 : this.#datagram, lost);
  }

  /** Throws EADDRINUSE for an address that is taken, EADDRNOTAVAIL for one that is not this machine's. */
  take(host: string, prefix: number): UdpSocket {
    try {
      return this.#take(host, prefix);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #take(host: string, prefix: number): UdpSocket {
    const bytes = addressOf(host);
    if (bytes === undefined) throw systemError('EINVAL', 'bind', host);
    const member = new Member(this, bytes);
    if (this.#find(bytes) !== undefined)
      throw Object.assign(systemError('EADDRINUSE', 'bind', `${host}:${this.socket.port}`), {
        address: host,
        port: this.socket.port,
      });
    this.#checkLocal(host, prefix, 8 * bytes.length);
    this.#count++;
    if (this.#isV6) {
      const key = mixed(bytes, 0);
      member.next = this.#members6.get(key);
      this.#members6.set(key, member);
    } else this.#members.set(wordAt(bytes, 0), member);
    return member;
  }

  leave(member: Member): void {
    const { bytes } = member;
    if (this.#find(bytes) !== member) return;
    if (this.#isV6) {
      const key = mixed(bytes, 0);
      const rest = chain(this.#members6.get(key)).filter((other) => other !== member);
      this.#members6.delete(key);
      for (const other of rest) {
        other.next = this.#members6.get(key);
        this.#members6.set(key, other);
      }
    } else this.#members.delete(wordAt(bytes, 0));
    this.#count--;
    this.#close();
  }

  /** One address of a block is asked for: a hundred thousand of them have some hundred blocks. */
  #checkLocal(host: string, prefix: number, bits: number): void {
    const block = networkOf(host, Math.max(prefix, bits - BLOCK)) ?? host;
    if (this.#local.has(block)) return;
    if (!isLocal(host, this.udp.native))
      throw Object.assign(systemError('EADDRNOTAVAIL', 'bind', host), {
        address: host,
        prefix: `${networkOf(host, prefix) ?? host}/${prefix}`,
      });
    this.#local.add(block);
  }

  #close(): void {
    if (this.#count > 0) return;
    this.#over();
    this.socket.close();
  }

  #find(bytes: Uint8Array): Member | undefined {
    if (!this.#isV6) return this.#members.get(wordAt(bytes, 0));
    let member = this.#members6.get(mixed(bytes, 0));
    while (member !== undefined && !isSame(member.bytes, bytes)) member = member.next;
    return member;
  }

  readonly #datagram = (i: number): void => {
    const { native, senders, wall } = this.udp;
    const member = this.#members.get(native.asked(i));
    if (member === undefined) return;
    const from = senders.of4(i, false);
    wall.call('datagram', from, member.onDatagram, native.data(i), from);
  };

  readonly #datagram6 = (i: number): void => {
    const { native, senders, wall } = this.udp;
    const asked = native.asked6(i);
    const member = asked && this.#find(asked);
    if (member === undefined) return;
    const from = senders.of6(i, false);
    wall.call('datagram', from, member.onDatagram, native.data(i), from);
  };
}

/** One address of a prefix. */
class Member implements UdpSocket {
  readonly address: Endpoint;
  readonly bytes: Uint8Array;
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError: ((error: Error) => void) | undefined;
  next: Member | undefined;
  readonly #port: PrefixPort;
  #closed = false;

  constructor(port: PrefixPort, bytes: Uint8Array) {
    this.#port = port;
    this.bytes = bytes;
    this.address = { host: addressText(bytes), port: port.socket.port };
  }

  send(data: Uint8Array, to: Endpoint): void {
    if (!this.#closed) this.#port.socket.send(data, to, this.address.host);
  }

  async close(): Promise<void> {
    this.onDatagram = undefined;
    if (this.#closed) return;
    this.#closed = true;
    this.#port.leave(this);
  }
}

function chain(first: Member | undefined): Member[] {
  const members: Member[] = [];
  for (let member = first; member !== undefined; member = member.next) members.push(member);
  return members;
}
