import { networkInterfaces } from 'node:os';
import { dotted, ipv6Text, putIpv4, putIpv6, wordAt } from './ip-address.ts';
import {
  AT,
  Batch,
  BURST,
  CONTROL,
  FROM_INTERFACE,
  FROM_INTERFACE6,
  HEADER,
  IOVEC,
  NAME,
  SLOT,
  V4,
  V6,
  ZONE,
  type Shared,
} from './native-layout.ts';
import { systemError } from './system-error.ts';
import type { Endpoint } from './world.ts';

/** Numbers of Linux's headers; the same on all of MACHINES. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_FLAGS = 0x80000 | 0x800; // SOCK_CLOEXEC, SOCK_NONBLOCK
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_FREEBIND = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IPV6_FREEBIND = 78;
const MSG_DONTWAIT = 0x40;
const MACHINES: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

type Koffi = typeof import('koffi').default;
type Call = (...args: readonly unknown[]) => number;

/** Watches a socket until it is stopped. */
export interface Watch {
  stop(): void;
}

export interface NativeSocket {
  readonly fd: number;
  readonly port: number;
  readonly isV6: boolean;
  /** It listens on all addresses: datagrams say which one they were sent to, and are sent from one. */
  readonly isEvery: boolean;
}

export interface OpenOptions {
  /** Bytes; the system may give less. */
  readonly receiveBuffer?: number;
  /** It serves addresses that no interface has: those of a prefix that a route says are this machine's. */
  readonly isForPrefix?: boolean;
}

/**
 * Every native call of the library, by way of the optional package koffi: sockets that receive and
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
  /** The last datagram of each place: most are as long as the one before. */
  readonly #came: Uint8Array[];
  /** Interfaces by their numbers: of those that link-local addresses came by. */
  readonly #zones = new Map<number, string>();
  readonly #hosts = new Map<string, Uint8Array>();
  #hasIpv6 = false;

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
    this.#came = [...this.#in.data];
  }

  /** Rejects where it cannot work: another system, koffi not installed, a datagram that comes out wrong. */
  static async load(): Promise<NativeSockets> {
    if (process.platform !== 'linux' || !MACHINES.includes(process.arch))
      throw new Error(`not on ${process.platform} ${process.arch}`);
    const { default: koffi } = await import('koffi');
    const sockets = new NativeSockets(koffi);
    await sockets.#test('127.0.0.1', '0.0.0.0');
    sockets.#hasIpv6 = await sockets.#test('::1', '::').then(
      () => true,
      () => false,
    );
    return sockets;
  }

  /** False: a machine without IPv6, or one where its datagrams come out wrong. */
  get hasIpv6(): boolean {
    return this.#hasIpv6;
  }

  /** A socket at an address, without a zone. Throws the system's error (`code` EADDRINUSE ...). */
  open({ host, port }: Endpoint, { receiveBuffer, isForPrefix = false }: OpenOptions = {}): NativeSocket {
    const isV6 = host.includes(':');
    const isEvery = host === '0.0.0.0' || host === '::';
    const [level, size] = isV6 ? [IPPROTO_IPV6, V6.name] : [IPPROTO_IP, V4.name];
    const fd = this.#calls.socket(isV6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_FLAGS, 0);
    if (fd < 0) throw this.#error('socket', host);
    try {
      const name = new Uint8Array(NAME);
      this.#putName(name, 0, isV6, host, port);
      const must = (option: number): void => {
        if (this.#set(fd, level, option, 1) !== 0) throw this.#error('setsockopt', host);
      };
      if (isForPrefix) must(isV6 ? IPV6_FREEBIND : IP_FREEBIND);
      if (isForPrefix && isV6) must(IPV6_V6ONLY);
      if (this.#calls.bind(fd, name, size) !== 0)
        throw Object.assign(this.#error('bind', `${host}:${port}`), { address: host, port });
      if (isEvery) must(isV6 ? IPV6_RECVPKTINFO : IP_PKTINFO);
      // The system may give less, or refuse: then its default has to do.
      if (receiveBuffer !== undefined && this.#set(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) !== 0)
        this.#set(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
      if (this.#calls.getsockname(fd, name, Int32Array.of(NAME)) !== 0)
        throw this.#error('getsockname', host);
      return { fd, port: (name[2] << 8) | name[3], isV6, isEvery };
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
  receive({ fd, isV6, isEvery }: NativeSocket): number {
    const { address, words } = this.#in.headers;
    if (isEvery) for (let i = 0; i < BURST; i++) words[(i * HEADER + AT.controlLength) >> 2] = CONTROL;
    // Of IPv4 the room that was left by the last one is enough.
    if (isV6) for (let i = 0; i < BURST; i++) words[(i * HEADER + AT.nameLength) >> 2] = NAME;
    return Math.max(0, this.#calls.recvmmsg(fd, address, BURST, MSG_DONTWAIT, null));
  }

  /** The bytes of a datagram that was received. */
  data(i: number): Uint8Array {
    const length = this.#in.headers.words[(i * HEADER + AT.length) >> 2];
    if (this.#came[i].length !== length) this.#came[i] = this.#in.data[i].subarray(0, length);
    return this.#came[i];
  }

  /** Its sender's address of IPv4 and port as one number. */
  sender(i: number): number {
    const { bytes } = this.#in.names;
    const at = i * NAME;
    return wordAt(bytes, at + V4.address) * 0x10000 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }

  /** The same of IPv6: `struct sockaddr_in6`, to be looked at before the next call. */
  sender6(i: number): Uint8Array {
    return this.#in.names.bytes.subarray(i * NAME, i * NAME + V6.name);
  }

  /** The endpoint in such bytes: of IPv4 where a socket of IPv6 took it, with its zone where it has one. */
  endpointIn(name: Uint8Array): Endpoint {
    const zone = name[ZONE] | (name[ZONE + 1] << 8) | (name[ZONE + 2] << 16) | (name[ZONE + 3] << 24);
    const host = ipv6Text(name, V6.address);
    return {
      host: zone === 0 ? host : `${host}%${this.#zoneName(zone)}`,
      port: (name[2] << 8) | name[3],
    };
  }

  /** Of a socket on all addresses of IPv4: which one it was sent to; 0: the system did not say. */
  asked(i: number): number {
    return this.#isTold(i, V4.control, IPPROTO_IP, IP_PKTINFO)
      ? wordAt(this.#in.controls.bytes, i * CONTROL + V4.asked)
      : 0;
  }

  /** The same of IPv6, 16 bytes to be looked at before the next call; undefined: the system did not say. */
  asked6(i: number): Uint8Array | undefined {
    const at = i * CONTROL + V6.asked;
    return this.#isTold(i, V6.control, IPPROTO_IPV6, IPV6_PKTINFO)
      ? this.#in.controls.bytes.subarray(at, at + V6.size)
      : undefined;
  }

  #isTold(i: number, length: number, level: number, type: number): boolean {
    const { words } = this.#in.controls;
    const at = i * CONTROL;
    return (
      this.#in.headers.words[(i * HEADER + AT.controlLength) >> 2] >= length &&
      words[(at + 8) >> 2] === level &&
      words[(at + 12) >> 2] === type
    );
  }

  /**
   * Puts a datagram into a place, to be sent by `flush`. False: its address is none of the socket's family.
   * `asked`: the address of this machine that it leaves from.
   */
  put(
    place: number,
    data: Uint8Array,
    { isV6 }: Pick<NativeSocket, 'isV6'>,
    { host, port }: Endpoint,
    asked: string | undefined,
  ): boolean {
    const { names, controls, headers, lengths, data: slots } = this.#out;
    if (data.length > SLOT || !this.#putName(names.bytes, place * NAME, isV6, host, port)) return false;
    slots[place].set(data);
    lengths.words[(place * IOVEC + 8) >> 2] = data.length;
    const at = place * CONTROL;
    const family = isV6 ? V6 : V4;
    headers.words[(place * HEADER + AT.nameLength) >> 2] = family.name;
    const isFrom = asked !== undefined && putAddress(controls.bytes, at + family.asked, isV6, asked);
    headers.words[(place * HEADER + AT.controlLength) >> 2] = isFrom ? family.controlRoom : 0;
    if (isFrom) {
      controls.words[at >> 2] = family.control;
      controls.words[(at + 8) >> 2] = isV6 ? IPPROTO_IPV6 : IPPROTO_IP;
      controls.words[(at + 12) >> 2] = isV6 ? IPV6_PKTINFO : IP_PKTINFO;
      // No interface of its own: the address says which.
      controls.words[(at + (isV6 ? FROM_INTERFACE6 : FROM_INTERFACE)) >> 2] = 0;
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

  /** `struct sockaddr_in` or `sockaddr_in6`; false: the host is no address of that family. */
  #putName(bytes: Uint8Array, at: number, isV6: boolean, host: string, port: number): boolean {
    bytes[at] = isV6 ? AF_INET6 : AF_INET;
    bytes[at + 1] = 0;
    bytes[at + 2] = port >>> 8;
    bytes[at + 3] = port;
    if (!isV6) return putIpv4(bytes, at + V4.address, host);
    bytes.fill(0, at + 4, at + V6.address);
    const rest = this.#hosts.get(host) ?? this.#bytesOf(host);
    if (rest === undefined) return false;
    bytes.set(rest, at + V6.address);
    return true;
  }

  /** An address of IPv6 with its zone, as `struct sockaddr_in6` ends; it takes time to read, so it is kept. */
  #bytesOf(host: string): Uint8Array | undefined {
    const bytes = new Uint8Array(V6.name - V6.address);
    const [address, zone] = host.split('%');
    const index = zone === undefined ? 0 : this.#zoneIndex(zone);
    for (let i = 0; i < 4; i++) bytes[V6.size + i] = index >>> (8 * i);
    if (!putIpv6(bytes, 0, address)) return undefined;
    if (this.#hosts.size >= HOSTS) this.#hosts.clear();
    this.#hosts.set(host, bytes);
    return bytes;
  }

  /** As people call it; its number where the system has no name for it. */
  #zoneName(index: number): string {
    const known = this.#zones.get(index);
    if (known !== undefined) return known;
    const name = zonesNow().find(([, number]) => number === index)?.[0] ?? String(index);
    this.#zones.set(index, name);
    return name;
  }

  #zoneIndex(zone: string): number {
    for (const [index, name] of this.#zones) if (name === zone) return index;
    const index = zonesNow().find(([name]) => name === zone)?.[1] ?? Number(zone);
    if (index > 0) this.#zones.set(index, zone);
    return index > 0 ? index : 0;
  }

  /** Layouts, numbers, calls and watching, tried with datagrams to itself. */
  async #test(loopback: string, every: string): Promise<void> {
    const [from, to] = [loopback, every].map((host) => this.open({ host, port: 0 }));
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
        this.put(i, new Uint8Array(size).fill(i), from, { host: loopback, port: to.port }, undefined);
      let problem: Error | undefined;
      this.flush(from.fd, sizes.length, (error) => (problem = error));
      if (problem !== undefined) throw problem;
      if (!(await told)) throw new Error('nothing came of what was sent');
      // Loopback hands over at once; the first was told.
      const count = this.receive(to);
      const isFrom = (i: number): boolean => {
        if (!to.isV6) return this.sender(i) === LOOPBACK * 0x10000 + from.port && this.asked(i) === LOOPBACK;
        const { host, port } = this.endpointIn(this.sender6(i));
        const asked = this.asked6(i);
        return host === loopback && port === from.port && asked !== undefined && ipv6Text(asked, 0) === host;
      };
      const isRight = sizes.every((size, i) => {
        const data = this.data(i);
        return isFrom(i) && data.length === size && data.every((byte) => byte === i);
      });
      if (count !== sizes.length || !isRight) throw new Error('datagrams came out wrong');
    } finally {
      this.close(from.fd);
      this.close(to.fd);
    }
  }
}

/** Most addresses of IPv6 whose bytes are kept. */
const HOSTS = 4096;
const LOOPBACK = 0x7f000001;

const putAddress = (bytes: Uint8Array, at: number, isV6: boolean, host: string): boolean =>
  isV6 ? putIpv6(bytes, at, host) : putIpv4(bytes, at, host);

const nameIn = (bytes: Uint8Array, at: number): string => {
  const port = (bytes[at + 2] << 8) | bytes[at + 3];
  return bytes[at] === AF_INET6
    ? `[${ipv6Text(bytes, at + V6.address)}]:${port}`
    : `${dotted(wordAt(bytes, at + V4.address))}:${port}`;
};

/** Names and numbers of the interfaces that have addresses of IPv6. */
const zonesNow = (): [string, number][] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap((one): [string, number][] => (one.family === 'IPv6' ? [[name, one.scopeid]] : [])),
  );
