import type { World } from './world.ts';

/** Milliseconds of work after which others have their turn. */
const MOST = 4;

/**
 * For who has much to do in a process that serves others meanwhile: looks at the clock, and when it has had
 * the processor for 4 ms lets everything else go first.
 */
export class Pace {
  readonly #clock: World['clock'];
  #began: number;

  constructor({ clock }: Pick<World, 'clock'>) {
    this.#clock = clock;
    this.#began = clock.monotonic();
  }

  /** Undefined: there is time for more; who has many steps waits for nothing then. */
  rest(): Promise<void> | undefined {
    if (this.#clock.monotonic() - this.#began < MOST) return undefined;
    return this.breathe();
  }

  /** Resolves in the next turn of the event loop. */
  async breathe(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#clock.soon) this.#clock.soon(resolve);
      else void this.#clock.after(0, resolve);
    });
    this.#began = this.#clock.monotonic();
  }

  /** Work that yields wherever it may be interrupted. */
  async over<T>(steps: Generator<undefined, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      const rest = this.rest();
      if (rest !== undefined) await rest;
    }
  }
}

/** The same work without a rest: for who serves nobody yet. */
export function atOnce<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
