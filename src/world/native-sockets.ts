import { ipv6Text, wordAt } from './ip-address.ts';
import { AT, Batch, BURST, CONTROL, HEADER, NAME, V4, V6, type Shared } from './native-layout.ts';
import { AF_INET, AF_INET6, nameIn, NativeNames } from './native-names.ts';
import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO, OutgoingBatch } from './native-outgoing.ts';
import { systemError } from './system-error.ts';
import type { Endpoint } from './world.ts';

/** Numbers of Linux's headers; the same on all of MACHINES. */
const SOCK_DGRAM = 2;
const SOCK_FLAGS = 0x80000 | 0x800; // SOCK_CLOEXEC, SOCK_NONBLOCK
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IP_FREEBIND = 15;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
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
 * of `receive`.
 */
export class NativeSockets {
  readonly #koffi: Koffi;
  readonly #names: ReadonlyMap<number, string>;
  readonly #calls: Readonly<
    Record<'socket' | 'bind' | 'setsockopt' | 'getsockname' | 'close' | 'recvmmsg' | 'sendmmsg', Call>
  >;
  readonly #in: Batch;
  readonly #out: OutgoingBatch;
  /** The last datagram of each place: most are as long as the one before. */
  readonly #came: Uint8Array[];
  readonly #socketNames = new NativeNames();
  #hasIpv6 = false;
  /** Whose datagrams wait, and who is told of those that could not be sent. */
  #sender: Pick<NativeSocket, 'fd' | 'isV6'> | undefined;
  #failed: (error: Error) => void = () => undefined;

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
    this.#out = new OutgoingBatch(share, this.#socketNames);
    this.#came = [...this.#in.data];
  }

  /** Rejects where it cannot work: another system, koffi not installed, a datagram that comes out wrong. */
  static async load(): Promise<NativeSockets> {
    if (process.platform !== 'linux' || !MACHINES.includes(process.arch))
      throw new Error(`not on ${process.platform} ${process.arch}`);
    const { default: koffi } = await import('koffi');
    const sockets = new NativeSockets(koffi);
    await sockets.#test('127.0.0.1', '0.0.0.0').catch(() => {
      sockets.#out.hasTrains = false;
      return sockets.#test('127.0.0.1', '0.0.0.0');
    });
    sockets.#hasIpv6 = await sockets.#test('::1', '::').then(
      () => true,
      () => false,
    );
    return sockets;
  }

  /** Datagrams to one place, one behind the other, are one message to the system. */
  get hasTrains(): boolean {
    return this.#out.hasTrains;
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
      this.#socketNames.put(name, 0, isV6, host, port);
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

  /** What waits to be sent by it is lost. */
  close(fd: number): void {
    if (this.#sender?.fd === fd) {
      this.#out.clear();
      this.#sender = undefined;
    }
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

  /** The endpoint in such bytes. */
  endpointIn(name: Uint8Array): Endpoint {
    return this.#socketNames.endpointIn(name);
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
   * Puts a datagram behind those that `flush` sends, of one socket: those of another go first. One that is too
   * long, or whose address is none of the socket's family, is lost. `asked`: the address of this machine that
   * it leaves from. `failed`: who is told of it if it cannot be sent.
   */
  put(
    data: Uint8Array,
    socket: Pick<NativeSocket, 'fd' | 'isV6'>,
    to: Endpoint,
    asked: string | undefined,
    failed: (error: Error) => void,
  ): void {
    if (this.#sender !== socket || this.#out.isFull) {
      this.flush();
      this.#sender = socket;
      this.#failed = failed;
    }
    this.#out.put(data, socket.isV6, to, asked);
  }

  /** Sends what waits. What the system does not take is lost, as datagrams are; the error of each is told. */
  flush(): void {
    const { messages } = this.#out;
    if (this.#sender === undefined || messages === 0) return;
    for (let sent = 0; sent < messages;) {
      const taken = this.#send(sent, messages - sent);
      if (taken <= 0) this.#untaken(sent);
      sent += Math.max(1, taken);
    }
    this.#out.clear();
  }

  #send(first: number, count: number): number {
    const address = this.#out.address + BigInt(first * HEADER);
    return this.#calls.sendmmsg(this.#sender!.fd, address, count, MSG_DONTWAIT);
  }

  /** A train that its way cannot carry goes datagram by datagram, and so do all others from then on. */
  #untaken(message: number): void {
    if (this.#isLost()) return;
    const count = this.#out.count(message);
    const error = this.#error('sendmmsg', nameIn(this.#out.destinations, message * NAME));
    if (count === 1) return this.#failed(error);
    for (let i = 0; i < count; i++) {
      this.#out.single(message, i);
      if (this.#send(message, 1) > 0) this.#out.hasTrains = false;
      else if (!this.#isLost()) this.#failed(error);
    }
  }

  /** The last call found no room. */
  #isLost(): boolean {
    return this.#koffi.errno() === this.#koffi.os.errno.EAGAIN;
  }

  #set(fd: number, level: number, option: number, value: number): number {
    return this.#calls.setsockopt(fd, level, option, Int32Array.of(value), 4);
  }

  #error(call: string, where: string): Error {
    return systemError(this.#names.get(this.#koffi.errno()) ?? 'EIO', call, where);
  }

  /** Layouts, numbers, calls and watching, tried with datagrams to itself. */
  async #test(loopback: string, every: string): Promise<void> {
    const [from, to] = [loopback, every].map((host) => this.open({ host, port: 0 }));
    // The last ones are a train.
    const sizes = [0, 1, 64, 1400, 30_000, 64, 64, 20];
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
      let problem: Error | undefined;
      const failed = (error: Error): void => {
        problem = error;
      };
      const there = { host: loopback, port: to.port };
      for (const [i, size] of sizes.entries())
        this.put(new Uint8Array(size).fill(i), from, there, undefined, failed);
      this.flush();
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
        return isFrom(i) && Buffer.compare(this.data(i), new Uint8Array(size).fill(i)) === 0;
      });
      if (count !== sizes.length || !isRight) throw new Error('datagrams came out wrong');
    } finally {
      this.close(from.fd);
      this.close(to.fd);
    }
  }
}

const LOOPBACK = 0x7f000001;
