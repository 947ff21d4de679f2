import type { Clock, Timer } from '../../world/world.ts';

/** A limit that something must not exceed for longer than it may. */
export interface Limit {
  /** Whether it is exceeded now. */
  readonly exceeded: () => boolean;
  /** Milliseconds that it may be. */
  readonly patience: number;
  /** What happens then: once, until it has been kept again. */
  readonly act: () => void;
}

const SAMPLING = 1000;

/** Looks at limits once a second, as long as there are any (DCMI 1.5 §6.6.3, §6.7.2). */
export class LimitWatch {
  readonly #clock: Clock;
  readonly #limits = new Map<string, Limit>();
  /** Monotonic milliseconds since when a limit is exceeded; Infinity: it has acted. */
  readonly #since = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: no limit of that name any more. A changed limit has its whole patience again. */
  set(name: string, limit: Limit | undefined): void {
    this.#since.delete(name);
    if (limit) this.#limits.set(name, limit);
    else this.#limits.delete(name);
    if (this.#limits.size === 0) this.stop();
    else this.#timer ??= this.#clock.after(SAMPLING, this.#look);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const now = this.#clock.monotonic();
    this.#timer = this.#clock.after(SAMPLING, this.#look);
    for (const [name, { exceeded, patience, act }] of this.#limits) {
      if (!exceeded()) {
        this.#since.delete(name);
        continue;
      }
      const since = this.#since.get(name) ?? now;
      const due = now - since >= patience;
      this.#since.set(name, due ? Infinity : since);
      if (due) act();
    }
  };
}
