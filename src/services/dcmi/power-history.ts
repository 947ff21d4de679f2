import type { Clock, Timer } from '../../world/world.ts';

/** Watts over a window. */
export interface PowerStatistics {
  readonly minimum: number;
  readonly maximum: number;
  readonly average: number;
  /** Milliseconds that they are of: less than was asked for while history is young. */
  readonly span: number;
}

const NOTHING = { minimum: 0, maximum: 0, average: 0 } as const;
const SECOND = 1000;
/** Samples of single seconds, and of longer steps for longer windows. */
const FINE = 60;
const STEP = 15;
const COARSE = 240;
/** Seconds after the last question when sampling ends. */
const PATIENCE = 7200;

/**
 * What the machine took, second by second for a minute and in steps for an hour (DCMI 1.5 §6.6.1). Nothing
 * runs and nothing is kept until somebody asks.
 */
export class PowerHistory {
  readonly #clock: Clock;
  readonly #at: (time: number) => number | undefined;
  readonly #began: number;
  #fine: (number | undefined)[] = [];
  /** `count`: seconds of which there are samples, of `seconds`. */
  #coarse: { minimum: number; maximum: number; sum: number; count: number; seconds: number }[] = [];
  #asked = 0;
  #timer: Timer | undefined;

  /**
   * `at`: watts at a wall time; of the past, as far as it is known; undefined: nothing could be read.
   * `began`: monotonic milliseconds of the beginning of that past.
   */
  constructor(clock: Clock, at: (time: number) => number | undefined, began = clock.monotonic()) {
    this.#clock = clock;
    this.#at = at;
    this.#began = began;
  }

  /** The last `period` milliseconds; zeros where nothing could be read in all of it. */
  statistics(period: number): PowerStatistics {
    this.#asked = this.#clock.monotonic();
    if (!this.#timer) this.#start();
    const samples = Math.max(1, Math.ceil(period / SECOND));
    if (samples <= FINE) {
      const window = this.#fine.slice(-samples);
      const known = window.filter((watts) => watts !== undefined);
      if (known.length === 0) return { ...NOTHING, span: window.length * SECOND };
      const sum = known.reduce((all, watts) => all + watts, 0);
      return {
        minimum: Math.min(...known),
        maximum: Math.max(...known),
        average: sum / known.length,
        span: window.length * SECOND,
      };
    }
    const steps = this.#coarse.slice(-Math.ceil(samples / STEP));
    const [sum, count] = steps.reduce(([watts, n], step) => [watts + step.sum, n + step.count], [0, 0]);
    const span = Math.min(period, this.#clock.monotonic() - this.#began + SECOND);
    if (count === 0) return { ...NOTHING, span };
    return {
      minimum: Math.min(...steps.map((step) => step.minimum)),
      maximum: Math.max(...steps.map((step) => step.maximum)),
      average: sum / count,
      span,
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
    for (let ago = Math.min(known, FINE - 1); ago >= 0; ago--)
      this.#take(this.#at(now - ago * SECOND), false);
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

  /** Undefined: nothing could be read, which is another thing than 0 watts. */
  #take(watts: number | undefined, whole: boolean): void {
    this.#fine.push(watts);
    if (this.#fine.length > FINE) this.#fine.shift();
    // A step of which only one sample is known counts as if all had been like it.
    const seconds = whole ? STEP : 1;
    let step = this.#coarse.at(-1);
    if (!step || whole || step.seconds >= STEP) {
      this.#coarse.push((step = { minimum: Infinity, maximum: -Infinity, sum: 0, count: 0, seconds: 0 }));
      if (this.#coarse.length > COARSE) this.#coarse.shift();
    }
    step.seconds += seconds;
    if (watts === undefined) return;
    step.minimum = Math.min(step.minimum, watts);
    step.maximum = Math.max(step.maximum, watts);
    step.sum += watts * seconds;
    step.count += seconds;
  }
}
