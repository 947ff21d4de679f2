import type { Bmc } from '../bmc.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import type { Clock, Timer } from '../world/world.ts';

/** Values that are kept of each sensor. */
const POINTS = 720;
/** Shortest time between two values, milliseconds. */
const SHORTEST = 1000;
/** BMCs of which histories are kept at a time; that which nobody has looked at for longest makes way. */
const MOST_BMCS = 64;
const HOUR = 3600_000;

/** What sensors have read, the oldest first. */
export interface SensorHistory {
  /** Milliseconds between two values. */
  readonly interval: number;
  /** When, milliseconds since 1970. */
  readonly times: readonly number[];
  /** A value for each time; null: it could not be read. */
  readonly sensors: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** Of one BMC: a ring for the times, and one for each sensor that measures. */
class Ring {
  readonly #bmc: Bmc;
  readonly #sensors: readonly Sensor[];
  readonly #times = new Float64Array(POINTS);
  readonly #values: readonly Float32Array[];
  #count = 0;
  /** Monotonic milliseconds when somebody last asked. */
  asked = 0;

  constructor(bmc: Bmc) {
    this.#bmc = bmc;
    this.#sensors = bmc.sensors.all.filter((one) => one.isThreshold && !one.declaration.eventOnly);
    this.#values = this.#sensors.map(() => new Float32Array(POINTS));
  }

  add(now: number): void {
    const at = this.#count++ % POINTS;
    this.#times[at] = now;
    for (const [i, sensor] of this.#sensors.entries()) this.#values[i][at] = sensor.value ?? NaN;
  }

  shown(interval: number): SensorHistory {
    const from = Math.max(0, this.#count - POINTS);
    const places = Array.from({ length: this.#count - from }, (_, i) => (from + i) % POINTS);
    const rounded = (value: number): number | null =>
      Number.isNaN(value) ? null : Math.round(value * 1000) / 1000;
    return {
      interval,
      times: places.map((at) => this.#times[at]),
      sensors: this.#sensors.map((sensor, i) => ({
        name: this.#bmc.sensors.nameOf(sensor),
        values: places.map((at) => rounded(this.#values[i][at])),
      })),
    };
  }
}

/**
 * What sensors have read, of the BMCs that somebody looks at: from when it is first asked for until nobody
 * has asked for as long as it reaches back. Nothing is read for it before and after.
 */
export class SensorHistories {
  readonly #clock: Clock;
  readonly #isThere: (bmc: Bmc) => boolean;
  /** That which nobody has looked at for longest first. */
  readonly #of = new Map<Bmc, Ring>();
  #span = HOUR;
  #timer: Timer | undefined;

  /** `isThere`: a BMC that is gone has none. */
  constructor(clock: Clock, isThere: (bmc: Bmc) => boolean) {
    this.#clock = clock;
    this.#isThere = isThere;
  }

  /** How far it reaches back, milliseconds. Default an hour. */
  set span(milliseconds: number) {
    this.#span = milliseconds;
  }

  get #interval(): number {
    return Math.max(SHORTEST, this.#span / POINTS);
  }

  of(bmc: Bmc): SensorHistory {
    let ring = this.#of.get(bmc);
    this.#of.delete(bmc);
    if (ring === undefined) {
      ring = new Ring(bmc);
      ring.add(this.#clock.now());
      for (const [longest] of this.#of) {
        if (this.#of.size < MOST_BMCS) break;
        this.#of.delete(longest);
      }
    }
    ring.asked = this.#clock.monotonic();
    this.#of.set(bmc, ring);
    this.#watch();
    return ring.shown(this.#interval);
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.after(this.#interval, () => {
      this.#timer = undefined;
      const [now, then] = [this.#clock.now(), this.#clock.monotonic()];
      for (const [bmc, ring] of this.#of) {
        if (then - ring.asked > this.#span || !this.#isThere(bmc)) this.#of.delete(bmc);
        else ring.add(now);
      }
      if (this.#of.size > 0) this.#watch();
    });
  }
}
