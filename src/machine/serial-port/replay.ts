import type { Clock, OpenFile, Timer } from '../../world/world.ts';
import type { ConsolePort, ConsoleSource } from './console.ts';

export interface ReplayOptions {
  readonly clock: Clock;
  readonly file: OpenFile;
  /** Characters a second. */
  readonly speed: number;
  /** Begins again at its end. */
  readonly loop: boolean;
  readonly log: (message: string) => void;
}

const PIECE = 256;

/**
 * A console log, played from its beginning when somebody begins to listen, at the speed of a serial line;
 * what is typed is ignored.
 */
export class ReplaySource implements ConsoleSource {
  readonly #port: ConsolePort;
  readonly #options: ReplayOptions;
  /** Characters of one step, small enough to look like a line that comes in. */
  readonly #step: number;
  #position = 0;
  #timer: Timer | undefined;
  #watched = false;
  #paused = false;
  #ended = false;

  constructor(port: ConsolePort, options: ReplayOptions) {
    this.#port = port;
    this.#options = options;
    this.#step = Math.max(1, Math.min(PIECE, Math.floor(options.speed / 20)));
  }

  start(): void {
    this.#port.available(true);
  }

  watched(yes: boolean): void {
    this.#position = 0;
    this.#watched = yes;
    this.#next();
  }

  write(): boolean {
    return true;
  }

  pause(): void {
    this.#paused = true;
    this.#timer?.cancel();
  }

  resume(): void {
    this.#paused = false;
    this.#next();
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    await this.#options.file.close();
  }

  #next(): void {
    this.#timer?.cancel();
    if (this.#watched && !this.#paused && !this.#ended)
      this.#timer = this.#options.clock.after(
        (this.#step * 1000) / this.#options.speed,
        () => void this.#play(),
      );
  }

  async #play(): Promise<void> {
    try {
      const characters = await this.#options.file.readAt(this.#position, this.#step);
      if (this.#ended || !this.#watched) return;
      this.#position += characters.length;
      if (characters.length > 0) this.#port.received(characters);
      else if (this.#options.loop && this.#position > 0) this.#position = 0;
      else return;
      this.#next();
    } catch (error) {
      this.#options.log(`console: ${(error as Error).message}`);
      this.#port.available(false);
    }
  }
}
