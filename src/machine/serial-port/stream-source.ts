import { Redial } from '../../world/redial.ts';
import type { Clock, Stream } from '../../world/world.ts';
import type { ConsolePort, ConsoleSource } from './console.ts';
import type { TtyControl } from './tty.ts';

export interface StreamSourceOptions {
  readonly clock: Clock;
  /** Connects once; rejects with the system's error. */
  readonly connect: () => Promise<Stream>;
  /** Told of each loss and each return. */
  readonly log: (message: string) => void;
  /** What the line behind the stream can; a socket has neither. */
  readonly control?: TtyControl;
}

/** Milliseconds between attempts to reach the machine again, at first and at most. */
const PAUSE = { first: 250, most: 10_000 };

/** What is common to consoles on streams: one stream at a time, characters both ways. */
export class StreamLine {
  readonly #port: ConsolePort;
  readonly #closed: (error?: Error) => void;
  #stream: Stream | undefined;
  #paused = false;

  /** `closed`: the stream ended, not by `close`. */
  constructor(port: ConsolePort, closed: (error?: Error) => void) {
    this.#port = port;
    this.#closed = closed;
  }

  /** Carries the console by `stream`; one that does so already is closed. */
  use(stream: Stream): void {
    this.close();
    this.#stream = stream;
    stream.onDrain = () => this.#stream === stream && this.#port.drained();
    stream.onClose = (error) => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#port.available(false);
      this.#closed(error);
    };
    if (this.#paused) stream.pause();
    this.#port.available(true);
    stream.onData = (characters) => this.#stream === stream && this.#port.received(characters);
  }

  write(characters: Uint8Array): boolean {
    return this.#stream?.write(characters) ?? true;
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  close(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream) this.#port.available(false);
    stream?.destroy();
  }
}

/**
 * A console that the BMC connects to: a VM's socket, a terminal server, a serial device. It is reached again
 * when it was lost.
 */
export class ConnectingSource implements ConsoleSource {
  readonly #options: StreamSourceOptions;
  readonly #line: StreamLine;
  readonly #redial: Redial;
  /** That it is away was said. */
  #told = false;

  constructor(port: ConsolePort, options: StreamSourceOptions) {
    this.#options = options;
    this.#line = new StreamLine(port, (error) => {
      this.#options.log(`console lost${error ? `: ${error.message}` : ''}`);
      this.#told = true;
      this.#redial.lost();
    });
    const { clock, connect, log } = options;
    this.#redial = new Redial({
      clock,
      connect,
      connected: (stream) => {
        if (this.#told) log('console is back');
        this.#told = false;
        this.#line.use(stream);
      },
      failed: ({ message }) => {
        if (!this.#told) log(`console: ${message}; trying again`);
        this.#told = true;
      },
      pause: PAUSE,
    });
  }

  /** Connects, and goes on trying. */
  start(): void {
    void this.#redial.start();
  }

  write(characters: Uint8Array): boolean {
    return this.#line.write(characters);
  }

  sendBreak(): void {
    this.#options.control?.sendBreak((characters) => this.#line.write(characters));
  }

  setBitRate(rate: number): void {
    this.#options.control?.setBitRate(rate);
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  async close(): Promise<void> {
    this.#redial.stop();
    this.#line.close();
  }
}
