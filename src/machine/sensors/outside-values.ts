import { Listeners } from '../../state/listeners.ts';
import type { Clock, Timer } from '../../world/world.ts';
import type { Sensor } from './sensor.ts';

/**
 * What a sensor is told to read from outside: in its unit, or states; null: it cannot be read; `source`: its
 * own again.
 */
export type OutsideValue = number | 'source' | null;

/** Of a value of JSON; undefined: it is none. */
export const outsideValue = (value: unknown): OutsideValue | undefined =>
  value === null || value === 'source' || (typeof value === 'number' && Number.isFinite(value))
    ? value
    : undefined;

/** Milliseconds between two values on the way. */
const STEP = 500;

/**
 * Values that sensors are told from outside, by the control API and by the feed: at once, or by and by in
 * the time of their BMC. The last one who tells a sensor anything is right.
 */
export class OutsideValues {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  #ramps: Map<number, Timer> | undefined;
  readonly #fed = new Listeners<[sensor: Sensor, value: OutsideValue, problem: string | undefined]>();

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock;
  }

  /** Returns what is wrong with it: the sensor has a source that nobody sets. */
  set(sensor: Sensor, value: OutsideValue): string | undefined {
    this.end(sensor);
    return sensor.push(value === 'source' ? undefined : value);
  }

  /** The same from the feed, whose clients have no name. */
  feed(sensor: Sensor, value: OutsideValue): string | undefined {
    const problem = this.set(sensor, value);
    this.#fed.tell(sensor, value, problem);
    return problem;
  }

  /** Told of what came by the feed, and what was wrong with it. */
  onFed(listener: (sensor: Sensor, value: OutsideValue, problem: string | undefined) => void): () => void {
    return this.#fed.add(listener);
  }

  /** It is on its way to a value. */
  isOnItsWay({ place }: Sensor): boolean {
    return this.#ramps?.has(place) ?? false;
  }

  /** It stays where it is. */
  end({ place }: Sensor): void {
    this.#ramps?.get(place)?.cancel();
    this.#ramps?.delete(place);
  }

  /** From what it reads now to a value, in so many milliseconds; one that cannot be read is there at once. */
  ramp(sensor: Sensor, to: number, time: number): void {
    this.end(sensor);
    const from = sensor.value ?? to;
    const began = this.#clock.monotonic();
    const ramps = (this.#ramps ??= new Map<number, Timer>());
    const step = (): void => {
      const share = time <= 0 ? 1 : Math.min(1, (this.#clock.monotonic() - began) / time);
      sensor.push(from + (to - from) * share);
      if (share < 1) ramps.set(sensor.place, this.#clock.after(Math.min(STEP, time), step));
      else ramps.delete(sensor.place);
    };
    step();
  }
}
