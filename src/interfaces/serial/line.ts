import { Redial } from '../../world/redial.ts';
import type {
  Clock,
  Stream,
  StreamAddress,
  StreamNetwork,
  StreamServer,
  TtyAddress,
} from '../../world/world.ts';

export interface LineOptions {
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  /**
   * A device or a socket that is opened, again and again while it is not there, or one that takes a
   * connection at a time.
   */
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
  #redial: Redial | undefined;
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
    const { at, stream, clock } = this.#options;
    this.#closed = false;
    if ('listen' in at) {
      this.#server = await stream.listen(at.listen, (caller) => this.#take(caller));
      return;
    }
    const { connect } = at;
    this.#redial = new Redial({
      clock,
      connect: () => stream.connect(connect),
      connected: (stream) => this.#take(stream),
      pause: RETRY,
    });
    if ('tty' in connect) this.#take(await stream.connect(connect));
    else await this.#redial.start();
  }

  /** False: it did not go, for want of carrier or of room. */
  write(data: Uint8Array): boolean {
    return this.#stream?.write(data) ?? false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#redial?.stop();
    // What was written last still goes out.
    this.#stream?.end();
    this.#stream = undefined;
    await this.#server?.close();
    this.#server = undefined;
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
      this.#redial?.lost();
    };
    this.onCarrier(true);
  }
}
