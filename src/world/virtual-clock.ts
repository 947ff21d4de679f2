import type { Clock, Timer } from './world.ts';

interface Waiting {
  readonly at: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Turns in which promises settle between two timers; a chain of awaits is as long as its code. */
const TURNS = 64;
const TURNS_AT_THE_END = 1024;

/** Time that stands until it is advanced, beside a world that goes on: sockets and files are as ever. */
export class VirtualClock implements Clock {
  readonly #outer: Clock;
  readonly #start: number;
  /** By time, then by order of asking; what was cancelled stays until half of them are. */
  #waiting: Waiting[] = [];
  #cancelled = 0;
  #time = 0;
  /** Advances one after the other. */
  #advancing: Promise<unknown> = Promise.resolve();

  /** It begins at the wall time of `outer`, which also runs what is due at once. */
  constructor(outer: Clock) {
    this.#outer = outer;
    this.#start = outer.now();
  }

  now(): number {
    return this.#start + Math.floor(this.#time);
  }

  monotonic(): number {
    return this.#time;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#waiting.length - this.#cancelled;
  }

  after(ms: number, action: () => void): Timer {
    // What is not to wait does not wait for somebody to advance the time.
    if (!(ms > 0)) return this.#outer.after(0, action);
    const timer: Waiting = { at: this.#time + ms, action, cancelled: false };
    this.#insert(timer);
    return { cancel: () => this.#cancel(timer) };
  }

  /**
   * Runs what is due in the next `ms` milliseconds, in order. `rest`: asked between two timers whether others
   * are to have their turn; default: they wait until it is done.
   */
  advance(ms: number, rest?: () => Promise<void> | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const end = this.#time + ms;
      while (await this.#step(end)) {
        const resting = rest?.();
        if (resting !== undefined) await resting;
      }
      this.#time = end;
    });
  }

  /** Goes to the next timer and runs it. False: there is none. */
  advanceToNextTimer(): Promise<boolean> {
    return this.#inTurn(() => this.#step(Infinity));
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#advancing.then(run);
    // Who waits behind does not care how this one ended.
    this.#advancing = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  async #step(end: number): Promise<boolean> {
    for (let turns = TURNS; ; turns = TURNS_AT_THE_END) {
      for (let i = 0; i < turns; i++) await Promise.resolve();
      while (this.#waiting[0]?.cancelled) {
        this.#waiting.shift();
        this.#cancelled--;
      }
      if (this.#waiting.length > 0 && this.#waiting[0].at <= end) break;
      if (turns === TURNS_AT_THE_END) return false;
    }
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    this.#time = Math.max(this.#time, next.at);
    next.cancelled = true; // it has run: to cancel it is nothing
    next.action();
    return true;
  }

  #cancel(timer: Waiting): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.#cancelled++;
    // Nothing comes due while time stands, so nothing else would take them away.
    if (this.#cancelled * 2 > this.#waiting.length && this.#cancelled > 32) {
      this.#waiting = this.#waiting.filter(({ cancelled }) => !cancelled);
      this.#cancelled = 0;
    }
  }

  #insert(timer: Waiting): void {
    let low = 0;
    for (let high = this.#waiting.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#waiting[middle].at <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, timer);
  }
}

/** Time that runs so many times as fast as another clock's. */
export class FastClock implements Clock {
  readonly #outer: Clock;
  readonly #speed: number;
  readonly #start: { readonly wall: number; readonly monotonic: number };

  constructor(outer: Clock, speed: number) {
    this.#outer = outer;
    this.#speed = speed;
    this.#start = { wall: outer.now(), monotonic: outer.monotonic() };
  }

  now(): number {
    return this.#start.wall + Math.floor(this.monotonic());
  }

  monotonic(): number {
    return (this.#outer.monotonic() - this.#start.monotonic) * this.#speed;
  }

  after(ms: number, action: () => void): Timer {
    return this.#outer.after(ms / this.#speed, action);
  }
}
