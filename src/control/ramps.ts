import type { Bmc } from '../bmc.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import type { Timer } from '../world/world.ts';

/** Milliseconds between two values. */
const STEP = 500;

/** Sensors that are on their way to a value, by the time of their BMC. */
export class Ramps {
  readonly #timers = new WeakMap<Bmc, Map<number, Timer>>();

  has(bmc: Bmc, { place }: Sensor): boolean {
    return this.#timers.get(bmc)?.has(place) ?? false;
  }

  end(bmc: Bmc, { place }: Sensor): void {
    const timers = this.#timers.get(bmc);
    timers?.get(place)?.cancel();
    timers?.delete(place);
  }

  /** From what it reads now to a value, in so many milliseconds; one that cannot be read is there at once. */
  begin(bmc: Bmc, sensor: Sensor, to: number, time: number): void {
    const { clock } = bmc.setup;
    const from = sensor.value ?? to;
    const began = clock.monotonic();
    const timers = this.#timers.get(bmc) ?? new Map<number, Timer>();
    this.#timers.set(bmc, timers);
    const step = (): void => {
      const share = time <= 0 ? 1 : Math.min(1, (clock.monotonic() - began) / time);
      sensor.push(from + (to - from) * share);
      if (share < 1) timers.set(sensor.place, clock.after(Math.min(STEP, time), step));
      else timers.delete(sensor.place);
    };
    step();
  }
}
