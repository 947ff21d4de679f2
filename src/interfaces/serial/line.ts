import type { Clock, Stream, StreamAddress, StreamNetwork, StreamServer, Timer, TtyAddress } from '../../world/world.ts';

export interface LineOptions {
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  /** A device or a socket that is opened, again and again while it is not there, or one that takes a connection at a time. */
  readonly at: { readonly connect: StreamAddress | TtyAddress } | { readonly listen: StreamAddress };
}

/** Milliseconds until a lost line is tried again, at first and at most. */
const RETRY = { first: 200, most: 10_000 };

/** A serial line: bytes both ways while there is carrier. */
export class SerialLine {
  onData: (data: Uint8Array) => void = () => undefined;
  /** Carrier comes and goes. */
  onCarrier: (up: boolean) => void = () => undefined;
  onDrain: () => void = () => undefined;
  readonly #options: LineOptions;
  #server: StreamServer | undefined;
  #stream: Stream | undefined;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get carrier(): boolean {
    return this.#stream !== undefined;
  }

  /** Where it is; the port of a socket is the real one once it is open. */
  get address(): StreamAddress | TtyAddress {
    const { at } = this.#options;
    return this.#server?.address ?? ('listen' in at ? at.listen : at.connect);
  }

  /** Rejects where a socket cannot be had, or a device is not there at the start. */
  async open(): Promise<void> {
    const { at, stream } = this.#options;
    this.#closed = false;
    if ('listen' in at) this.#server = await stream.listen(at.listen, (caller) => this.#take(caller));
    else if ('tty' in at.connect) this.#take(await stream.connect(at.connect));
    else await this.#connect(at.connect, RETRY.first);
  }

  /** False: it did not go, for want of carrier or of room. */
  write(data: Uint8Array): boolean {
    return this.#stream?.write(data) ?? false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    // What was written last still goes out.
    this.#stream?.end();
    this.#stream = undefined;
    await this.#server?.close();
    this.#server = undefined;
  }

  async #connect(to: StreamAddress | TtyAddress, pause: number): Promise<void> {
    try {
      const stream = await this.#options.stream.connect(to);
      if (this.#closed) stream.destroy();
      else this.#take(stream);
    } catch {
      if (this.#closed) return;
      this.#retry = this.#options.clock.after(pause, () => void this.#connect(to, Math.min(pause * 2, RETRY.most)));
    }
  }

  #take(stream: Stream): void {
    // One cable fits into one connector.
    if (this.#stream || this.#closed) return stream.destroy();
    this.#stream = stream;
    stream.onData = (data) => this.onData(data);
    stream.onDrain = () => this.onDrain();
    stream.onClose = () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.onCarrier(false);
      const { at, clock } = this.#options;
      if ('connect' in at && !this.#closed) this.#retry = clock.after(RETRY.first, () => void this.#connect(at.connect, RETRY.first));
    };
    this.onCarrier(true);
  }
}
