import { DataPath, WindowAddress, WindowAnswer, WindowRequest } from '../../commands/oem/blob.ts';
import { DecodeError } from '../../codec/index.ts';
import { equalBytes } from '../../crypto/hash.ts';
import type {
  Clock,
  Files,
  OpenFile,
  Random,
  Stream,
  StreamAddress,
  StreamNetwork,
  StreamServer,
  Timer,
} from '../../world/world.ts';
import { BlobError } from './handler.ts';

/** A way for the bytes of an image beside IPMI, which stays in control. */
export interface DataPathKind {
  /** Its bit in the open flags. */
  readonly flag: number;
  open(): Promise<OpenPath>;
}

export interface OpenPath {
  /** The next bytes; rejects with BlobError where they do not come. */
  take(length: number): Promise<Uint8Array>;
  writeMeta(data: Uint8Array): void;
  /** What Session Stat tells of it. */
  metadata(): Uint8Array;
  close(): Promise<void>;
}

/** Bytes of the largest chunk by any way but IPMI. */
const CHUNK = 1 << 20;
/** Milliseconds that a chunk is waited for: less than its requester's own patience. */
const PATIENCE = 4000;
const TOKEN = 16;

export interface NetPathOptions {
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  readonly random: Random;
  /** Port 0: the system chooses for each session. */
  readonly listen: StreamAddress;
}

/**
 * Bytes over TCP or a Unix socket. Listening lasts as long as the session, and only whoever sends the
 * session's token first is heard: Session Stat tells it, as port (2 bytes, least significant first; 0: a Unix
 * socket) and token (16 bytes).
 */
export const netPath = (options: NetPathOptions): DataPathKind => ({
  flag: DataPath.Net,
  open: () => NetPath.listening(options),
});

class NetPath implements OpenPath {
  readonly #clock: Clock;
  readonly #token: Uint8Array;
  #server: StreamServer | undefined;
  #peer: Stream | undefined;
  /** Connections that have not shown the token. */
  readonly #strangers = new Set<Stream>();
  #pieces: Uint8Array[] = [];
  #buffered = 0;
  #waiting: (() => void) | undefined;

  constructor({ clock, random }: NetPathOptions) {
    this.#clock = clock;
    this.#token = random.bytes(TOKEN);
  }

  static async listening(options: NetPathOptions): Promise<NetPath> {
    const path = new NetPath(options);
    path.#server = await options.stream.listen(options.listen, (stream) => path.#accept(stream));
    return path;
  }

  async take(length: number): Promise<Uint8Array> {
    if (length > CHUNK) throw new BlobError(`a chunk has at most ${CHUNK} bytes, not ${length}`);
    if (this.#buffered < length) await this.#arrival(length);
    const out = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const [piece] = this.#pieces;
      const part = piece.subarray(0, length - filled);
      out.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#buffered -= length;
    if (this.#buffered < CHUNK) this.#peer?.resume();
    return out;
  }

  writeMeta(): void {
    // The original takes it, and does nothing with it.
  }

  metadata(): Uint8Array {
    const address = this.#server?.address;
    const port = address && 'port' in address ? address.port : 0;
    return Uint8Array.of(port & 0xff, port >> 8, ...this.#token);
  }

  async close(): Promise<void> {
    for (const stream of this.#strangers) stream.destroy();
    this.#peer?.destroy();
    this.#peer = undefined;
    await this.#server?.close();
  }

  #arrival(length: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const settle = (outcome: () => void): void => {
        timer?.cancel();
        this.#waiting = undefined;
        outcome();
      };
      timer = this.#clock.after(PATIENCE, () =>
        settle(() => reject(new BlobError(`${this.#buffered} of ${length} bytes came`))),
      );
      this.#waiting = () => {
        if (this.#buffered >= length) settle(resolve);
      };
    });
  }

  #accept(stream: Stream): void {
    if (this.#peer || this.#strangers.size >= 4) return stream.destroy();
    this.#strangers.add(stream);
    let shown = new Uint8Array(0);
    stream.onClose = () => {
      this.#strangers.delete(stream);
      if (this.#peer === stream) this.#peer = undefined;
    };
    stream.onData = (data) => {
      if (this.#peer === stream) return this.#keep(stream, data.slice());
      shown = Uint8Array.from([...shown, ...data.subarray(0, TOKEN)]);
      if (shown.length < TOKEN) return;
      if (this.#peer || !equalBytes(shown, 0, this.#token, 0, TOKEN)) return stream.destroy();
      this.#strangers.delete(stream);
      this.#peer = stream;
      // What another connection left behind is sent again.
      this.#pieces = [];
      this.#buffered = 0;
      const first = data.subarray(data.length - (shown.length - TOKEN) - Math.max(0, data.length - TOKEN));
      if (first.length > 0) this.#keep(stream, first.slice());
    };
  }

  #keep(stream: Stream, data: Uint8Array): void {
    this.#pieces.push(data);
    this.#buffered += data.length;
    if (this.#buffered >= CHUNK) stream.pause();
    this.#waiting?.();
  }
}

export interface WindowPathOptions {
  readonly files: Files;
  readonly file: string;
  /** Bytes of the window. */
  readonly size: number;
  /** As which of the original's two kinds the host finds it. */
  readonly kind: 'lpc' | 'p2a';
  /** Where the host sees the first byte. */
  readonly address: number;
}

/** EFBIG: ask again with the offset and size that came with it. */
const TOO_BIG = 27;

/** Bytes in a file that host and BMC share: what stands in for the memory windows of LPC and PCI (P2A). */
export const windowPath = (options: WindowPathOptions): DataPathKind => ({
  flag: options.kind === 'lpc' ? DataPath.Lpc : DataPath.P2a,
  open: async () => {
    const { files, file, size } = options;
    if ((await files.stat(file)) === undefined)
      await files.write(file, new Uint8Array(size), { mode: 0o600 });
    return new WindowPath(options, await files.open(file, 'read'));
  },
});

class WindowPath implements OpenPath {
  readonly #options: WindowPathOptions;
  readonly #file: OpenFile;
  /** LPC: the part of the window that is mapped. */
  #mapped: { readonly code: number; readonly offset: number; readonly size: number };

  constructor(options: WindowPathOptions, file: OpenFile) {
    this.#options = options;
    this.#file = file;
    this.#mapped = { code: 0, offset: 0, size: options.kind === 'p2a' ? options.size : 0 };
  }

  async take(length: number): Promise<Uint8Array> {
    const { offset, size, code } = this.#mapped;
    if (code !== 0 || length > size)
      throw new BlobError(`${length} bytes do not lie in the ${size} bytes that are mapped`);
    const bytes = await this.#file.readAt(offset, length);
    if (bytes.length < length) throw new BlobError(`the window's file has only ${bytes.length} bytes there`);
    return bytes;
  }

  writeMeta(data: Uint8Array): void {
    const { kind, address: base, size: all } = this.#options;
    if (kind === 'p2a') throw new BlobError('the P2A window is where it is');
    let request;
    try {
      request = WindowRequest.decode(data);
    } catch (error) {
      if (error instanceof DecodeError) throw new BlobError(error.message);
      throw error;
    }
    const offset = request.address - base;
    if (offset < 0 || offset >= all) throw new BlobError(`address ${request.address} is not in the window`);
    const size = Math.min(request.length, all - offset);
    this.#mapped = { code: size < request.length ? TOO_BIG : 0, offset, size };
  }

  metadata(): Uint8Array {
    const { kind, address } = this.#options;
    if (kind === 'p2a') return WindowAddress.encode({ address });
    const { code, size } = this.#mapped;
    // Where the bytes go within what the host asked to be mapped: at its start.
    return WindowAnswer.encode({ code, offset: 0, size });
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
