import { systemError } from './system-error.ts';
import type { Endpoint } from './world.ts';

/** Most datagrams of one call. */
export const BURST = 32;

/** More than the largest datagram; not a power of two, so that slots do not share lines of the cache. */
const SLOT = 65536 + 128;
/** `struct sockaddr_in`, `struct iovec`, `struct mmsghdr` and a control message of `struct in_pktinfo`. */
const NAME = 16;
const IOVEC = 16;
const HEADER = 64;
const CONTROL = 32;
/** Offsets in `struct mmsghdr` of 64 bit systems. */
const AT = { name: 0, nameLength: 8, iovec: 16, iovecs: 24, control: 32, controlLength: 40, length: 56 };

/** Numbers of Linux's headers; the same on all of MACHINES. */
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_FLAGS = 0x80000 | 0x800; // SOCK_CLOEXEC, SOCK_NONBLOCK
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const MSG_DONTWAIT = 0x40;
const MACHINES: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

type Koffi = typeof import('koffi').default;
type Call = (...args: readonly unknown[]) => number;

/** Memory that both sides see, at an address that does not change. */
interface Shared {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;
}

/** What one call of the system reads or writes: BURST datagrams, their addresses, and where they are. */
class Batch {
  readonly headers: Shared;
  readonly data: readonly Uint8Array[];
  readonly names: Shared;
  readonly controls: Shared;
  readonly lengths: Shared;

  constructor(share: (size: number) => Shared) {
    const data = share(BURST * SLOT);
    this.headers = share(BURST * HEADER);
    this.names = share(BURST * NAME);
    this.controls = share(BURST * CONTROL);
    this.lengths = share(BURST * IOVEC);
    const slots: Uint8Array[] = [];
    const { view } = this.headers;
    for (let i = 0; i < BURST; i++) {
      slots.push(data.bytes.subarray(i * SLOT, (i + 1) * SLOT));
      this.lengths.view.setBigUint64(i * IOVEC, data.address + BigInt(i * SLOT), true);
      this.lengths.view.setBigUint64(i * IOVEC + 8, BigInt(SLOT), true);
      const header = i * HEADER;
      view.setBigUint64(header + AT.name, this.names.address + BigInt(i * NAME), true);
      view.setUint32(header + AT.nameLength, NAME, true);
      view.setBigUint64(header + AT.iovec, this.lengths.address + BigInt(i * IOVEC), true);
      view.setBigUint64(header + AT.iovecs, 1n, true);
      view.setBigUint64(header + AT.control, this.controls.address + BigInt(i * CONTROL), true);
    }
    this.data = slots;
  }
}

/** Watches a socket until it is stopped. */
export interface Watch {
  stop(): void;
}

export interface NativeSocket {
  readonly fd: number;
  readonly port: number;
  /** It listens on all addresses: datagrams say which one they were sent to, and are sent from one. */
  readonly isEvery: boolean;
}

/**
 * Every native call of the library, by way of the optional package koffi: sockets of IPv4 that receive and
 * send many datagrams in one call. One memory for all sockets: what is received is valid until the next call
 * of `receive`, and what was put is sent by `flush`, before anything else is done.
 */
export class NativeSockets {
  readonly #koffi: Koffi;
  readonly #names: ReadonlyMap<number, string>;
  readonly #calls: Readonly<
    Record<'socket' | 'bind' | 'setsockopt' | 'getsockname' | 'close' | 'recvmmsg' | 'sendmmsg', Call>
  >;
  readonly #in: Batch;
  readonly #out: Batch;

  private constructor(koffi: Koffi) {
    this.#koffi = koffi;
    this.#names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
    const libc = koffi.load(null);
    this.#calls = {
      socket: libc.func('int socket(int, int, int)'),
      bind: libc.func('int bind(int, void *, uint32_t)'),
      setsockopt: libc.func('int setsockopt(int, int, int, void *, uint32_t)'),
      getsockname: libc.func('int getsockname(int, void *, void *)'),
      close: libc.func('int close(int)'),
      recvmmsg: libc.func('int recvmmsg(int, void *, uint32_t, int, void *)'),
      sendmmsg: libc.func('int sendmmsg(int, void *, uint32_t, int)'),
    };
    const share = (size: number): Shared => {
      // Never freed: one memory for the life of the process.
      const address: bigint = koffi.address(koffi.alloc('uint8_t', size));
      const buffer = koffi.view(address, size);
      return {
        address,
        bytes: new Uint8Array(buffer),
        words: new Uint32Array(buffer),
        view: new DataView(buffer),
      };
    };
    this.#in = new Batch(share);
    this.#out = new Batch(share);
  }

  /** Rejects where it cannot work: another system, koffi not installed, a datagram that comes out wrong. */
  static async load(): Promise<NativeSockets> {
    if (process.platform !== 'linux' || !MACHINES.includes(process.arch))
      throw new Error(`not on ${process.platform} ${process.arch}`);
    const { default: koffi } = await import('koffi');
    const sockets = new NativeSockets(koffi);
    await sockets.#test();
    return sockets;
  }

  /** A socket at an IPv4 address. Throws the system's error (`code` EADDRINUSE ...). */
  open({ host, port }: Endpoint, receiveBuffer?: number): NativeSocket {
    const isEvery = host === '0.0.0.0';
    const fd = this.#calls.socket(AF_INET, SOCK_DGRAM | SOCK_FLAGS, 0);
    if (fd < 0) throw this.#error('socket', host);
    try {
      const name = new Uint8Array(NAME);
      putName(name, 0, host, port);
      if (this.#calls.bind(fd, name, NAME) !== 0)
        throw Object.assign(this.#error('bind', `${host}:${port}`), { address: host, port });
      if (isEvery && this.#set(fd, IPPROTO_IP, IP_PKTINFO, 1) !== 0) throw this.#error('setsockopt', host);
      // The system may give less, or refuse: then its default has to do.
      if (receiveBuffer !== undefined) this.#set(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
      if (this.#calls.getsockname(fd, name, Int32Array.of(NAME)) !== 0)
        throw this.#error('getsockname', host);
      return { fd, port: (name[2] << 8) | name[3], isEvery };
    } catch (error) {
      this.close(fd);
      throw error;
    }
  }

  close(fd: number): void {
    this.#calls.close(fd);
  }

  /** Calls `action` whenever there is something to receive. It must not throw. */
  watch(fd: number, action: () => void): Watch {
    const handle = this.#koffi.node.poll(fd, { readable: true }, action);
    return {
      stop: () => {
        handle.stop();
        handle.close();
      },
    };
  }

  /** How many datagrams came, BURST at most; 0: none, or one that the system has an error for. */
  receive({ fd, isEvery }: NativeSocket): number {
    const { address, words } = this.#in.headers;
    if (isEvery) for (let i = 0; i < BURST; i++) words[(i * HEADER + AT.controlLength) >> 2] = CONTROL;
    return Math.max(0, this.#calls.recvmmsg(fd, address, BURST, MSG_DONTWAIT, null));
  }

  /** The bytes of a datagram that was received. */
  data(i: number): Uint8Array {
    return this.#in.data[i].subarray(0, this.#in.headers.words[(i * HEADER + AT.length) >> 2]);
  }

  /** Its sender's address and port as one number. */
  sender(i: number): number {
    const { bytes } = this.#in.names;
    const at = i * NAME;
    return addressAt(bytes, at + 4) * 0x10000 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }

  /** Of a socket on all addresses: which one it was sent to; 0: the system did not say. */
  asked(i: number): number {
    const { bytes, words } = this.#in.controls;
    const at = i * CONTROL;
    const isThere =
      this.#in.headers.words[(i * HEADER + AT.controlLength) >> 2] >= 28 &&
      words[(at + 8) >> 2] === IPPROTO_IP &&
      words[(at + 12) >> 2] === IP_PKTINFO;
    return isThere ? addressAt(bytes, at + 20) : 0;
  }

  /**
   * Puts a datagram into a place, to be sent by `flush`. False: its address is not one of IPv4. `asked`: the
   * address of this machine that it leaves from.
   */
  put(place: number, data: Uint8Array, host: string, port: number, asked: string | undefined): boolean {
    const { names, controls, headers, lengths, data: slots } = this.#out;
    if (data.length > SLOT || !putName(names.bytes, place * NAME, host, port)) return false;
    slots[place].set(data);
    lengths.words[(place * IOVEC + 8) >> 2] = data.length;
    const at = place * CONTROL;
    const isFrom = asked !== undefined && putAddress(controls.bytes, at + 20, asked);
    headers.words[(place * HEADER + AT.controlLength) >> 2] = isFrom ? CONTROL : 0;
    if (isFrom) {
      controls.words[at >> 2] = 28;
      controls.words[(at + 8) >> 2] = IPPROTO_IP;
      controls.words[(at + 12) >> 2] = IP_PKTINFO;
      // No interface of its own: the address says which.
      controls.words[(at + 16) >> 2] = 0;
    }
    return true;
  }

  /**
   * Sends what lies in the first `count` places. What the system does not take is lost, as datagrams are; the
   * error of each is told.
   */
  flush(fd: number, count: number, failed: (error: Error) => void): void {
    const { address } = this.#out.headers;
    for (let sent = 0; sent < count;) {
      const taken = this.#calls.sendmmsg(fd, address + BigInt(sent * HEADER), count - sent, MSG_DONTWAIT);
      if (taken <= 0 && this.#koffi.errno() !== this.#koffi.os.errno.EAGAIN)
        failed(this.#error('sendmmsg', nameIn(this.#out.names.bytes, sent * NAME)));
      sent += Math.max(1, taken);
    }
  }

  #set(fd: number, level: number, option: number, value: number): number {
    return this.#calls.setsockopt(fd, level, option, Int32Array.of(value), 4);
  }

  #error(call: string, where: string): Error {
    return systemError(this.#names.get(this.#koffi.errno()) ?? 'EIO', call, where);
  }

  /** Layouts, numbers, calls and watching, tried with datagrams to itself. */
  async #test(): Promise<void> {
    const [from, to] = ['127.0.0.1', '0.0.0.0'].map((host) => this.open({ host, port: 0 }));
    const sizes = [0, 1, 64, 1400, 30_000];
    try {
      const told = new Promise<boolean>((resolve) => {
        const watch = this.watch(to.fd, () => end(true));
        const timer = setTimeout(() => end(false), 1000);
        const end = (isTold: boolean): void => {
          clearTimeout(timer);
          watch.stop();
          resolve(isTold);
        };
      });
      for (const [i, size] of sizes.entries())
        this.put(i, new Uint8Array(size).fill(i), '127.0.0.1', to.port, undefined);
      let problem: Error | undefined;
      this.flush(from.fd, sizes.length, (error) => (problem = error));
      if (problem !== undefined) throw problem;
      if (!(await told)) throw new Error('nothing came of what was sent');
      // Loopback hands over at once; the first was told.
      const count = this.receive(to);
      const isRight = sizes.every((size, i) => {
        const data = this.data(i);
        const isFrom = this.sender(i) === 0x7f000001 * 0x10000 + from.port && this.asked(i) === 0x7f000001;
        return isFrom && data.length === size && data.every((byte) => byte === i);
      });
      if (count !== sizes.length || !isRight) throw new Error('datagrams came out wrong');
    } finally {
      this.close(from.fd);
      this.close(to.fd);
    }
  }
}

const addressAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;

/** An IPv4 address as its number is written. */
export const dotted = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** Writes a dotted address; false: it is none. */
function putAddress(bytes: Uint8Array, at: number, host: string): boolean {
  let part = 0;
  let value = -1;
  for (let i = 0; i <= host.length; i++) {
    const code = i < host.length ? host.charCodeAt(i) : 46;
    if (code === 46) {
      if (value < 0 || value > 255 || part > 3) return false;
      bytes[at + part++] = value;
      value = -1;
    } else if (code < 48 || code > 57 || value > 255) return false;
    else value = Math.max(0, value) * 10 + code - 48;
  }
  return part === 4;
}

/** `struct sockaddr_in`. */
function putName(bytes: Uint8Array, at: number, host: string, port: number): boolean {
  bytes[at] = AF_INET;
  bytes[at + 1] = 0;
  bytes[at + 2] = port >>> 8;
  bytes[at + 3] = port;
  return putAddress(bytes, at + 4, host);
}

const nameIn = (bytes: Uint8Array, at: number): string =>
  `${dotted(addressAt(bytes, at + 4))}:${(bytes[at + 2] << 8) | bytes[at + 3]}`;
