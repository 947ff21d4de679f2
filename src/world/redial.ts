import type { Clock, Stream, Timer } from './world.ts';

export interface RedialOptions {
  readonly clock: Clock;
  /** Connects once; rejects with the system's error. */
  readonly connect: () => Promise<Stream>;
  readonly connected: (stream: Stream) => void;
  /** Told of each attempt that failed. */
  readonly failed?: (error: Error) => void;
  /**
   * Milliseconds until the next attempt, doubled each time up to the longest; a connection sets them back.
   */
  readonly pause: { readonly first: number; readonly most: number };
}

/**
 * Reaches what may come later, and come again: attempt after attempt until there is a connection, and from
 * the start once `lost` says that it went.
 */
export class Redial {
  readonly #options: RedialOptions;
  #pause: number;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RedialOptions) {
    this.#options = options;
    this.#pause = options.pause.first;
  }

  /** Resolves when the first attempt is over, however it went. */
  async start(): Promise<void> {
    const { connect, connected, failed, pause } = this.#options;
    let stream: Stream;
    try {
      stream = await connect();
    } catch (error) {
      if (this.#stopped) return;
      failed?.(error as Error);
      return this.lost();
    }
    if (this.#stopped) return stream.destroy();
    this.#pause = pause.first;
    connected(stream);
  }

  /** The connection is gone: another one is tried for after the pause. */
  lost(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.#pause, () => void this.start());
    this.#pause = Math.min(this.#pause * 2, this.#options.pause.most);
  }

  /** No more attempts; what one that is under way brings is closed. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
