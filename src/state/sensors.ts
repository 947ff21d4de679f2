import { CC, IpmiError } from '../codec/index.ts';
import type { Events } from './events.ts';
import { Sensor, type SensorDeclaration, type StoredSensor } from './sensor.ts';
import type { Setup } from './setup.ts';
import type { Store } from './store.ts';

/** The sensors of a BMC, by LUN and number. */
export class Sensors {
  readonly #sensors = new Map<number, Sensor>();

  /** `owner`: the slave address of this controller. */
  constructor(setup: Setup, events: Events, declarations: readonly SensorDeclaration[], owner: number) {
    const stored: Store<StoredSensor> = setup.store('sensors');
    for (const declaration of declarations) {
      const key = keyOf(declaration.number, declaration.lun ?? 0);
      this.#sensors.set(key, new Sensor(declaration, owner, setup.clock, stored, (event) => void events.raise(event)?.catch(() => undefined)));
    }
  }

  /** Throws CBh. */
  get(number: number, lun: number): Sensor {
    const sensor = this.#sensors.get(keyOf(number, lun));
    if (!sensor) throw new IpmiError(CC.NotPresent, `sensor ${number} on LUN ${lun}`);
    return sensor;
  }

  find(number: number, lun = 0): Sensor | undefined {
    return this.#sensors.get(keyOf(number, lun));
  }

  byName(name: string): Sensor | undefined {
    return this.all.find((sensor) => sensor.declaration.name === name);
  }

  get all(): Sensor[] {
    return [...this.#sensors.values()];
  }

  count(lun: number): number {
    return this.all.filter((sensor) => (sensor.declaration.lun ?? 0) === lun).length;
  }
}

const keyOf = (number: number, lun: number): number => (lun << 8) | number;
