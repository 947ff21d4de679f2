/**
 * Everything outside of a BMC comes through this: time, chance, datagrams, streams, files, programs, HTTP
 * and device nodes. Real in `node.ts`, deterministic in `sim.ts`.
 */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly udp: UdpNetwork;
  readonly stream: StreamNetwork;
  readonly files: Files;
  readonly programs: Programs;
  readonly http: Http;
  readonly devices: Devices;
  /** Where it is absent, nothing is known of this machine's networks. */
  readonly network?: Network;
}

/** What this machine knows of its own IPv4 networks. */
export interface Network {
  /**
   * An address of this machine, as one of its networks has it; of `0.0.0.0` or `::`, the one that reaches
   * furthest. Undefined: it has none.
   */
  placeOf(host: string): IpPlace | undefined;
}

/** IPv4, dotted. */
export interface IpPlace {
  readonly address: string;
  readonly netmask: string;
  /** 0.0.0.0: none. */
  readonly gateway: string;
}

export interface Clock {
  /** Wall time, milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Milliseconds since some start, never going back; with a fraction. */
  monotonic(): number;
  /** Runs `action` once after `ms`. A pending timer does not keep the process alive. */
  after(ms: number, action: () => void): Timer;
  /**
   * Runs `action` in the next turn of the event loop, which goes on until then. Default: as `after(0)`, which
   * a process without anything else would not wait for.
   */
  soon?(action: () => void): void;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /**
   * Fills bytes[start..end), all of them by default, with unpredictable bytes; returns what it was given.
   */
  fill(bytes: Uint8Array, start?: number, end?: number): Uint8Array;
  bytes(length: number): Uint8Array;
  /** 0..2^32-1. */
  u32(): number;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /**
   * Of a datagram's sender: the address of this machine that it asked, and that is to answer, where a socket
   * listens on all of them.
   */
  readonly asked?: string;
}

export interface UdpPlace extends Endpoint {
  /**
   * Bits of the prefix that the address is of: all addresses of prefixes at one port have one socket of the
   * system together, which has that port on every address of this machine.
   */
  readonly prefix?: number;
}

export interface UdpOptions extends UdpPlace {
  /** Bytes of the socket's receive buffer; the system may give less. */
  readonly receiveBuffer?: number;
}

export interface UdpNetwork {
  /**
   * Port 0: the system chooses, for addresses of prefixes the same one. Rejects with the system's error
   * (`code` EADDRINUSE, EACCES ...); ENOTSUP where a prefix cannot be had, with what would help.
   */
  bind(options: UdpOptions): Promise<UdpSocket>;
  /** What is bound already to be used by who asks for that place; undefined: nothing. */
  held?(at: Endpoint): UdpSocket | undefined;
}

export interface UdpSocket {
  readonly address: Endpoint;
  /** The datagram's bytes are valid during the call only, and the listener's to change: it decrypts in place. */
  onDatagram: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  onError?: ((error: Error) => void) | undefined;
  /** Sends and forgets, as UDP does. It copies first: the bytes are the caller's again when it returns. */
  send(data: Uint8Array, to: Endpoint): void;
  close(): Promise<void>;
}

/** TCP, or a Unix socket whose file gets `mode` before anybody can connect. */
export type StreamAddress = Endpoint | { readonly path: string; readonly mode?: number };

/** A serial line or pseudo-terminal, in raw mode with eight bits, no parity, one stop bit. */
export interface TtyAddress {
  readonly tty: string;
  /** Default 115200. */
  readonly baud?: number;
}

export interface StreamNetwork {
  listen(at: StreamAddress, accept: (stream: Stream) => void): Promise<StreamServer>;
  /**
   * Rejects with the system's error; ENOTTY for a file that is no terminal, or a speed that it does not
   * have.
   */
  connect(to: StreamAddress | TtyAddress): Promise<Stream>;
}

export interface StreamServer {
  readonly address: StreamAddress;
  /** Takes no more connections; those that are open live on. */
  close(): Promise<void>;
}

export interface Stream {
  readonly peer: string;
  /** Setting it starts the flow. */
  onData: ((data: Uint8Array) => void) | undefined;
  onClose: ((error?: Error) => void) | undefined;
  /** False: more is buffered than should be; `onDrain` tells when to go on. */
  write(data: Uint8Array): boolean;
  onDrain: (() => void) | undefined;
  /**
   * For so many milliseconds after an arrival the process looks for more instead of sleeping, if the one
   * before it was as near; 0 unless set.
   */
  eager?: number;
  pause(): void;
  resume(): void;
  end(): void;
  destroy(): void;
}

export type OpenHow = 'append' | 'read' | 'write';

/** A small file system. Nothing is durable before `datasync`, and no name before `syncDir`. */
export interface Files {
  read(path: string): Promise<Uint8Array>;
  write(path: string, data: Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  open(path: string, how: OpenHow, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens if it is not there. */
  remove(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** With those above it; nothing happens if it is there. */
  mkdir(directory: string, mode?: number): Promise<void>;
  syncDir(directory: string): Promise<void>;
  stat(path: string): Promise<{ readonly size: number; readonly mode: number } | undefined>;
  /** Who may do what to a file or directory (the links to it followed); undefined: it is not there. */
  access(path: string): Promise<FileAccess | undefined>;
  /** Exclusive between processes; freed when its holder dies. Rejects with code ELOCKED. */
  lock(path: string): Promise<FileLock>;
}

export interface FileAccess {
  /** Permission bits. */
  readonly mode: number;
  /** Somebody besides the owner may write, or read: the group, or everybody. */
  readonly othersWrite: boolean;
  readonly othersRead: boolean;
  /** It belongs neither to the user of this process nor to root. */
  readonly isForeign: boolean;
}

export interface FileLock {
  release(): Promise<void>;
}

export interface OpenFile {
  append(data: Uint8Array): Promise<void>;
  /** Fewer bytes at the end of the file. */
  readAt(position: number, length: number): Promise<Uint8Array>;
  writeAt(position: number, data: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  datasync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface RunOptions {
  /** Written to its standard input, which then ends. */
  readonly input?: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface StartOptions extends RunOptions {
  /**
   * A file, made anew for its user alone, that what it writes goes to: it is not told here, and nothing of
   * the program ends with this process.
   */
  readonly outlives?: string;
}

/** What a program that has ended left behind. */
export interface Ran {
  /** Its exit code; null: it was killed, by its time limit or by somebody. */
  readonly code: number | null;
  /** At most a mebibyte of each; the rest is dropped. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs of this machine, started without a shell. */
export interface Programs {
  /**
   * Runs a program to its end, `timeout` ms (default 10 s) at most. Rejects with the system's error if it
   * cannot be started (ENOENT).
   */
  run(
    command: string,
    args: readonly string[],
    options?: RunOptions & { readonly timeout?: number },
  ): Promise<Ran>;
  /**
   * Starts a program that goes on by itself. Rejects as `run` does. It ends with this process, or outlives
   * it.
   */
  start(command: string, args: readonly string[], options?: StartOptions): Promise<Program>;
}

export interface Program {
  readonly pid: number;
  /** Standard output and standard error as they come. */
  onOutput: ((text: string) => void) | undefined;
  onExit: ((code: number | null) => void) | undefined;
  /** SIGTERM, or SIGKILL at once. */
  kill(how?: 'term' | 'kill'): void;
  /** This process need not wait for its end: it may end before a program that outlives it. */
  release(): void;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query as the client wrote them. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most a mebibyte; a longer one is answered 413 before anybody sees it. */
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: string;
  /** Default text/plain. */
  readonly type?: string;
}

export interface Http {
  /**
   * One request; follows no redirects. `timeout` ms, default 10 s. Rejects with the system's error or code
   * ETIMEDOUT.
   */
  request(
    url: string,
    options?: {
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly timeout?: number;
    },
  ): Promise<{ readonly status: number; readonly body: string }>;
  listen(
    at: StreamAddress,
    answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
  ): Promise<StreamServer>;
}

/** Character devices that carry whole messages: one read is one message, one write is one message. */
export interface Devices {
  /** Rejects with the system's error: ENOENT, EACCES, EBUSY for a node that has one opener only. */
  open(path: string): Promise<Device>;
}

export interface Device {
  /** The bytes are the receiver's to keep. What was read before this is set comes then. */
  onMessage: ((message: Uint8Array) => void) | undefined;
  /** The node is of no use any more; `error` if nobody closed it. */
  onClose: ((error?: Error) => void) | undefined;
  /**
   * Resolves when the driver has taken the message, which may wait for the host; rejects with the driver's
   * error (EINVAL ...).
   */
  write(message: Uint8Array): Promise<void>;
  /**
   * An ioctl without argument. Rejects with the driver's error; ENOSYS where the package that makes the call
   * is not installed.
   */
  ioctl(request: number): Promise<void>;
  close(): Promise<void>;
}

export const endpointName = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The path of a socket or terminal device, or `host:port`. */
export const streamName = (at: StreamAddress | TtyAddress): string =>
  'path' in at ? at.path : 'tty' in at ? at.tty : endpointName(at);

/** `host:port` or `[v6]:port`; undefined if it is neither. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4;
  return host === undefined || Number(port) > 65535 ? undefined : { host, port: Number(port) };
}
