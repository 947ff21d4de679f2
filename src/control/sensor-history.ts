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
  #bmc: Bmc;
  #sensors: readonly Sensor[];
  readonly #times = new Float64Array(POINTS);
  readonly #values: readonly Float32Array[];
  #count = 0;
  /** Monotonic milliseconds when somebody last asked. */
  asked = 0;

  constructor(bmc: Bmc) {
    this.#bmc = bmc;
    this.#sensors = measuringOf(bmc);
    this.#values = this.#sensors.map(() => new Float32Array(POINTS));
  }

  /** False: it has other sensors than those of the ring. */
  isOf(bmc: Bmc): boolean {
    if (bmc === this.#bmc) return true;
    // It slept, and another object woke in its place.
    const sensors = measuringOf(bmc);
    if (sensors.length !== this.#sensors.length) return false;
    this.#bmc = bmc;
    this.#sensors = sensors;
    return true;
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

const measuringOf = ({ sensors }: Bmc): Sensor[] =>
  sensors.all.filter((sensor) => sensor.isThreshold && !sensor.declaration.eventOnly);

/**
 * What sensors have read, of the BMCs that somebody looks at: from when it is first asked for until nobody
 * has asked for as long as it reaches back. Nothing is read for it before and after, and a BMC may sleep
 * again.
 */
export class SensorHistories {
  readonly #clock: Clock;
  readonly #use: (name: string) => Bmc | undefined;
  /** By name; that which nobody has looked at for longest first. */
  readonly #of = new Map<string, Ring>();
  #span = HOUR;
  #timer: Timer | undefined;

  /** `use`: a BMC for this moment. */
  constructor(clock: Clock, use: (name: string) => Bmc | undefined) {
    this.#clock = clock;
    this.#use = use;
  }

  /** How far it reaches back, milliseconds. Default an hour. */
  set span(milliseconds: number) {
    this.#span = milliseconds;
  }

  get #interval(): number {
    return Math.max(SHORTEST, this.#span / POINTS);
  }

  of(bmc: Bmc): SensorHistory {
    const before = this.#of.get(bmc.name);
    this.#of.delete(bmc.name);
    const ring = before?.isOf(bmc) ? before : new Ring(bmc);
    if (ring !== before) {
      ring.add(this.#clock.now());
      for (const [longest] of this.#of) {
        if (this.#of.size < MOST_BMCS) break;
        this.#of.delete(longest);
      }
    }
    ring.asked = this.#clock.monotonic();
    this.#of.set(bmc.name, ring);
    this.#watch();
    return ring.shown(this.#interval);
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.after(this.#interval, () => {
      this.#timer = undefined;
      const [now, then] = [this.#clock.now(), this.#clock.monotonic()];
      for (const [name, ring] of this.#of) {
        const bmc = then - ring.asked > this.#span ? undefined : this.#use(name);
        if (bmc === undefined || !ring.isOf(bmc)) this.#of.delete(name);
        else ring.add(now);
      }
      if (this.#of.size > 0) this.#watch();
    });
  }
}
