import type { Programs } from '../../world/world.ts';

/** At this speed a NUL holds the line for seven milliseconds: a break to every faster receiver. */
const BREAK_SPEED = 1200;
const NUL = new Uint8Array(1);

/** What a terminal device can besides carrying characters: its speed, and a break, both by `stty`. */
export class TtyControl {
  readonly #programs: Programs;
  readonly #tty: string;
  readonly #failed: (error: unknown) => void;
  #rate: number;
  /** One after the other: `stty` waits until what was written has left. */
  #last: Promise<void> = Promise.resolve();

  constructor(programs: Programs, tty: string, rate: number, failed: (error: unknown) => void) {
    this.#programs = programs;
    this.#tty = tty;
    this.#rate = rate;
    this.#failed = failed;
  }

  setBitRate(rate: number): void {
    this.#rate = rate;
    this.#then(() => this.#speed(rate));
  }

  sendBreak(write: (characters: Uint8Array) => void): void {
    this.#then(async () => {
      await this.#speed(BREAK_SPEED);
      write(NUL);
      await this.#speed(this.#rate);
    });
  }

  #then(step: () => Promise<void>): void {
    this.#last = this.#last.then(step).catch(this.#failed);
  }

  async #speed(rate: number): Promise<void> {
    const { code, stderr } = await this.#programs.run('stty', ['-F', this.#tty, String(rate)]);
    if (code !== 0) throw new Error(`stty ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  }
}
