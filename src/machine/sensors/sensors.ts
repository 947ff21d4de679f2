import { CC, IpmiError } from '../../codec/index.ts';
import type { Timer } from '../../world/world.ts';
import type { Events } from '../../state/log/events.ts';
import {
  Sensor,
  sensorDeclaration,
  type SensorDeclaration,
  type SensorSurroundings,
  type StoredSensor,
} from './sensor.ts';
import { sensorsNamed, shortName, unclearName } from './sensor-name.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import { unwaited, type Store } from '../../state/store.ts';

/** Milliseconds between two looks at sensors that move, unless the settings say otherwise. */
const INTERVAL = 2000;

/**
 * The sensors of a BMC, by LUN and number. One timer looks at those whose sources move; without any there is
 * no timer.
 */
export class Sensors {
  /** Whether the machine has power: some sensors hang on it. */
  powered: () => boolean = () => true;
  readonly #sensors = new Map<number, Sensor>();
  readonly #setup: Setup;
  readonly #interval: number;
  readonly #watched = new Set<Sensor>();
  #running = false;
  #timer: Timer | undefined;

  /** `owner`: the slave address of this controller; `interval`: milliseconds. */
  constructor(
    setup: Setup,
    events: Events,
    declarations: readonly SensorDeclaration[],
    owner: number,
    interval = INTERVAL,
  ) {
    this.#setup = setup;
    this.#interval = interval;
    const store: Store<StoredSensor> = setup.store(stores.sensors);
    const around: SensorSurroundings = {
      owner,
      store,
      raise: (event) => unwaited(events.raise(event), setup.log, 'the event of a sensor'),
      powered: () => this.powered(),
      changed: (sensor) => this.#reconsider(sensor),
    };
    for (const declaration of declarations)
      this.#sensors.set(
        keyOf(declaration.number, declaration.lun ?? 0),
        new Sensor(sensorDeclaration(declaration), around),
      );
  }

  /** Looks at sensors once, and from now on at those that move and may tell of something. */
  start(): void {
    this.#running = true;
    for (const sensor of this.#sensors.values()) {
      this.#reconsider(sensor);
      if (!sensor.declaration.eventOnly && (!sensor.moves || sensor.needsWatch)) sensor.poll();
    }
  }

  stop(): void {
    this.#running = false;
    this.#watched.clear();
    this.#rest();
  }

  /** By number and LUN, or by name (`named`). Throws CBh, also for a name that several sensors have. */
  get(number: number, lun?: number): Sensor;
  get(name: string): Sensor;
  get(which: number | string, lun = 0): Sensor {
    const sensor = typeof which === 'string' ? this.named(which) : this.find(which, lun);
    if (sensor instanceof Sensor) return sensor;
    throw new IpmiError(CC.NotPresent, sensor ?? `sensor ${which} on LUN ${lun}`);
  }

  find(number: number, lun = 0): Sensor | undefined {
    return this.#sensors.get(keyOf(number, lun));
  }

  /**
   * The one sensor that a text names (`Temp`, `Temp@3.1`, `#14`, `#1:14`); or what is wrong with it, where it
   * is none or several.
   */
  named(text: string): Sensor | string {
    const found = sensorsNamed(this.#sensors.values(), text, declarationOf);
    return found.length === 1 ? found[0] : unclearName(text, found.map(declarationOf));
  }

  /**
   * The shortest text by which `named` finds a sensor alone: `Temp`, or `Temp@3.1` where others have its
   * name.
   */
  nameOf(sensor: Sensor): string {
    return shortName(this.#sensors.values(), sensor, declarationOf);
  }

  get all(): Sensor[] {
    return [...this.#sensors.values()];
  }

  count(lun: number): number {
    let count = 0;
    for (const { declaration } of this.#sensors.values()) if ((declaration.lun ?? 0) === lun) count++;
    return count;
  }

  #reconsider(sensor: Sensor): void {
    if (!this.#running) return;
    if (sensor.needsWatch) this.#watched.add(sensor);
    else this.#watched.delete(sensor);
    if (this.#watched.size === 0) this.#rest();
    else this.#timer ??= this.#setup.clock.after(this.#interval, this.#look);
  }

  readonly #look = (): void => {
    this.#timer = this.#setup.clock.after(this.#interval, this.#look);
    for (const sensor of this.#watched) {
      sensor.poll();
      if (!sensor.needsWatch) this.#watched.delete(sensor);
    }
    if (this.#watched.size === 0) this.#rest();
  };

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

const declarationOf = ({ declaration }: Sensor): SensorDeclaration => declaration;
const keyOf = (number: number, lun: number): number => (lun << 8) | number;
