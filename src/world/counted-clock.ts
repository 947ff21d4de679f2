import type { Clock, Timer } from './world.ts';

/** A moment as both clocks show it, in milliseconds. */
export interface Moment {
  readonly now: number;
  readonly monotonic: number;
}

/**
 * The time of one BMC that may sleep: it knows how many timers wait. One that is made late stands at an
 * earlier moment until it is told to go on: what is made then is as if it had been made in time.
 */
export class CountedClock implements Clock {
  /** Timers that wait. */
  pending = 0;
  readonly #outer: Clock;
  #stands: Moment | undefined;

  /** `stands`: the moment at which it stands. Default: it goes. */
  constructor(outer: Clock, stands?: Moment) {
    this.#outer = outer;
    this.#stands = stands;
  }

  goOn(): void {
    this.#stands = undefined;
  }

  now(): number {
    return this.#stands === undefined ? this.#outer.now() : this.#stands.now;
  }

  monotonic(): number {
    return this.#stands === undefined ? this.#outer.monotonic() : this.#stands.monotonic;
  }

  after(ms: number, action: () => void): Timer {
    const past = this.#stands === undefined ? 0 : this.#outer.monotonic() - this.#stands.monotonic;
    return new CountedTimer(this, this.#outer, ms - past, action);
  }
}

class CountedTimer implements Timer {
  readonly #clock: CountedClock;
  readonly #timer: Timer;
  #waits = true;

  constructor(clock: CountedClock, outer: Clock, ms: number, action: () => void) {
    this.#clock = clock;
    clock.pending++;
    this.#timer = outer.after(ms, () => {
      if (this.#ends()) action();
    });
  }

  cancel(): void {
    if (this.#ends()) this.#timer.cancel();
  }

  #ends(): boolean {
    if (!this.#waits) return false;
    this.#waits = false;
    this.#clock.pending--;
    return true;
  }
}
