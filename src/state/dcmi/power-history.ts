import type { Clock, Timer } from '../../world/world.ts';

/** Watts over a window. */
export interface PowerStatistics {
  readonly minimum: number;
  readonly maximum: number;
  readonly average: number;
  /** Milliseconds that they are of: less than was asked for while history is young. */
  readonly span: number;
}

const SECOND = 1000;
/** Samples of single seconds, and of longer steps for longer windows. */
const FINE = 60;
const STEP = 15;
const COARSE = 240;
/** Seconds after the last question when sampling ends. */
const PATIENCE = 7200;

/** What the machine took, second by second for a minute and in steps for an hour (DCMI 1.5 §6.6.1). Nothing runs and nothing is kept until somebody asks. */
export class PowerHistory {
  readonly #clock: Clock;
  readonly #at: (time: number) => number;
  readonly #began: number;
  #fine: number[] = [];
  #coarse: { minimum: number; maximum: number; sum: number; count: number }[] = [];
  #asked = 0;
  #timer: Timer | undefined;

  /** `at`: watts at a wall time; of the past, as far as it is known. */
  constructor(clock: Clock, at: (time: number) => number) {
    this.#clock = clock;
    this.#at = at;
    this.#began = clock.monotonic();
  }

  /** The last `period` milliseconds. */
  statistics(period: number): PowerStatistics {
    this.#asked = this.#clock.monotonic();
    if (!this.#timer) this.#start();
    const samples = Math.max(1, Math.ceil(period / SECOND));
    if (samples <= FINE) {
      const window = this.#fine.slice(-samples);
      const sum = window.reduce((all, watts) => all + watts, 0);
      return { minimum: Math.min(...window), maximum: Math.max(...window), average: sum / window.length, span: window.length * SECOND };
    }
    const steps = this.#coarse.slice(-Math.ceil(samples / STEP));
    const [sum, count] = steps.reduce(([watts, n], step) => [watts + step.sum, n + step.count], [0, 0]);
    return {
      minimum: Math.min(...steps.map((step) => step.minimum)),
      maximum: Math.max(...steps.map((step) => step.maximum)),
      average: sum / count,
      span: Math.min(period, this.#clock.monotonic() - this.#began + SECOND),
    };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The first question: sources that are functions of time tell of the time before it. */
  #start(): void {
    this.#fine = [];
    this.#coarse = [];
    const now = this.#clock.now();
    const known = Math.min(Math.floor((this.#clock.monotonic() - this.#began) / SECOND), COARSE * STEP);
    for (let ago = known; ago >= FINE; ago -= STEP) this.#take(this.#at(now - ago * SECOND), true);
    for (let ago = Math.min(known, FINE - 1); ago >= 0; ago--) this.#take(this.#at(now - ago * SECOND), false);
    this.#timer = this.#clock.after(SECOND, this.#tick);
  }

  readonly #tick = (): void => {
    this.#take(this.#at(this.#clock.now()), false);
    const wanted = this.#clock.monotonic() - this.#asked < PATIENCE * SECOND;
    this.#timer = wanted ? this.#clock.after(SECOND, this.#tick) : undefined;
    if (wanted) return;
    this.#fine = [];
    this.#coarse = [];
  };

  #take(watts: number, whole: boolean): void {
    this.#fine.push(watts);
    if (this.#fine.length > FINE) this.#fine.shift();
    const last = this.#coarse.at(-1);
    if (last && !whole && last.count < STEP) {
      last.minimum = Math.min(last.minimum, watts);
      last.maximum = Math.max(last.maximum, watts);
      last.sum += watts;
      last.count++;
      return;
    }
    // A step of which only one sample is known counts as if all had been like it.
    const count = whole ? STEP : 1;
    this.#coarse.push({ minimum: watts, maximum: watts, sum: watts * count, count });
    if (this.#coarse.length > COARSE) this.#coarse.shift();
  }
}
