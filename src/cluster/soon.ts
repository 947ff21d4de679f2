import type { Clock, Timer } from '../world/world.ts';

/** Milliseconds: what comes together is looked at together. */
const SETTLE = 50;
/** It is not put off for longer than this, however much comes. */
const LONGEST = 300;

/** Does something once, soon after it was asked for the last time, or in a while, whichever is sooner. */
export class Soon {
  readonly #clock: Clock;
  readonly #act: () => void;
  #timer: Timer | undefined;
  /** Monotonic: when the timer is due, and how long it may be put off. */
  #due = Infinity;
  #latest = Infinity;

  constructor(clock: Clock, act: () => void) {
    this.#clock = clock;
    this.#act = act;
  }

  /** In so many milliseconds at the latest. Default: as soon as no more comes. */
  soon(ms = SETTLE): void {
    const now = this.#clock.monotonic();
    if (ms > SETTLE && this.#due <= now + ms) return;
    if (ms <= SETTLE) this.#latest = Math.min(this.#latest, now + LONGEST);
    this.#due = Math.min(now + ms, Math.max(now, this.#latest));
    this.#timer?.cancel();
    this.#timer = this.#clock.after(this.#due - now, () => {
      this.#due = this.#latest = Infinity;
      this.#act();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#due = this.#latest = Infinity;
  }
}
