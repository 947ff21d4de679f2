import type { Stream, StreamServer } from '../../world/world.ts';
import type { ConsolePort, ConsoleSource } from './console.ts';
import { StreamLine } from './stream-source.ts';

/**
 * A console that the machine connects to. One at a time: a new connection takes the place of the old one,
 * which may be dead.
 */
export class ListeningSource implements ConsoleSource {
  readonly #line: StreamLine;
  #server: StreamServer | undefined;

  constructor(port: ConsolePort, log: (message: string) => void) {
    this.#line = new StreamLine(port, () => log('console: the machine has closed it'));
  }

  /** Rejects with the system's error. */
  async open(listen: (accept: (stream: Stream) => void) => Promise<StreamServer>): Promise<void> {
    this.#server = await listen((stream) => this.#line.use(stream));
  }

  write(characters: Uint8Array): boolean {
    return this.#line.write(characters);
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#line.close();
  }
}
