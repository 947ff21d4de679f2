import { CC, IpmiError } from '../../codec/index.ts';
import type { Timer } from '../../world/world.ts';
import type { Events } from '../../state/log/events.ts';
import { Sensor, type SensorDeclaration } from './sensor.ts';
import { OutsideValues } from './outside-values.ts';
import type { SensorKinds } from './sensor-kind.ts';
import { sensorsNamed, shortName, unclearName } from './sensor-name.ts';
import type { SourceSurroundings } from './sensor-source.ts';
import { POWERED, SensorTable, type Power, type SensorsMemento, type SensorWatch } from './sensor-table.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import type { Setup } from '../../state/setup.ts';

/** Milliseconds between two looks at sensors that move, unless the settings say otherwise. */
const INTERVAL = 2000;

/**
 * The sensors of a BMC, by LUN and number. One timer looks at those whose sources move; without any there is
 * no timer. `Sensor` objects are views that hold nothing: two of the same sensor show the same.
 */
export class Sensors implements SensorWatch, Sleeper<SensorsMemento> {
  readonly #table: SensorTable;
  readonly #setup: Setup;
  #interval: number;
  /** Places. */
  #watched: Set<number> | undefined;
  #running = false;
  #timer: Timer | undefined;
  #look: (() => void) | undefined;
  #outside: OutsideValues | undefined;

  /** `owner`: the slave address of this controller; `interval`: milliseconds. */
  constructor(
    setup: Setup,
    events: Events,
    kinds: SensorKinds,
    owner: number,
    surroundings: SourceSurroundings,
    interval = INTERVAL,
  ) {
    this.#setup = setup;
    this.#interval = interval;
    this.#table = new SensorTable(setup, events, kinds, owner, this, surroundings);
  }

  /** Between two looks at sensors that move, from the next look on; in milliseconds. */
  set interval(milliseconds: number) {
    this.#interval = milliseconds;
  }

  /** What they are told from outside; there once somebody asks for it. */
  get outside(): OutsideValues {
    this.#outside ??= new OutsideValues(this.#setup.clock);
    return this.#outside;
  }

  /** Whether the machine has power: some sensors hang on it. True until somebody says. */
  get powered(): boolean {
    return this.#table.power.isOn;
  }

  /** Who says whether it has. There is one; returns its undoing. */
  followPower(power: Power): () => void {
    const table = this.#table;
    table.power = power;
    return () => {
      if (table.power === power) table.power = POWERED;
    };
  }

  /** What all BMCs with the same settings share. */
  get kinds(): SensorKinds {
    return this.#table.kinds;
  }

  /** No client has changed anything of them that lasts. */
  get areUnchanged(): boolean {
    return this.#table.store.size === 0;
  }

  /** Looks at sensors once, and from now on at those that move and may tell of something. */
  start(): void {
    this.#running = true;
    const { kinds } = this;
    const looked = this.areUnchanged ? kinds.lively : kinds.all.keys();
    for (const place of looked) {
      const sensor = this.#at(place);
      this.reconsider(place);
      if (!sensor.declaration.eventOnly && (!sensor.moves || sensor.needsWatch)) sensor.poll();
    }
  }

  /** As `start`, for one that slept: nobody looks but at what has to be watched. */
  resume(): void {
    this.#running = true;
    for (const place of this.areUnchanged ? this.kinds.lively : this.kinds.all.keys()) this.reconsider(place);
  }

  /** What hangs on the machine's power can be read again, and may stand beyond a threshold. */
  powerCame(): void {
    if (!this.#running) return;
    const { kinds } = this;
    const looked = this.areUnchanged ? kinds.lively : kinds.all.keys();
    for (const place of new Set([...looked, ...this.#table.overridden])) {
      const sensor = this.#at(place);
      if (sensor.declaration.needsPower) sensor.look();
    }
  }

  /** Looks at a sensor whose source says that it reads something else. */
  changed(place: number): void {
    this.#at(place).look();
  }

  get wakeful(): string | undefined {
    return this.#table.wakeful;
  }

  memento(): SensorsMemento | undefined {
    return this.#table.memento();
  }

  recall(memento: SensorsMemento): void {
    this.#table.recall(memento);
  }

  stop(): void {
    this.#running = false;
    this.#watched = undefined;
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
    const place = this.kinds.place(number, lun);
    return place === undefined ? undefined : this.#at(place);
  }

  /**
   * The one sensor that a text names (`Temp`, `Temp@3.1`, `#14`, `#1:14`); or what is wrong with it, where
   * it is none or several.
   */
  named(text: string): Sensor | string {
    const found = sensorsNamed(this.kinds.all, text, declarationOf).map(declarationOf);
    return found.length === 1 ? this.get(found[0].number, found[0].lun) : unclearName(text, found);
  }

  /**
   * The shortest text by which `named` finds a sensor alone: `Temp`, or `Temp@3.1` where others have its
   * name.
   */
  nameOf(sensor: Sensor): string {
    return shortName(this.kinds.all, sensor.kind, declarationOf);
  }

  get all(): Sensor[] {
    return this.kinds.all.map((_kind, place) => this.#at(place));
  }

  /** How many are on a LUN. */
  count(lun: number): number {
    return this.kinds.counts[lun] ?? 0;
  }

  #at(place: number): Sensor {
    return new Sensor(this.#table, place);
  }

  /** It may have become necessary, or needless, to look at a sensor from time to time. */
  reconsider(place: number): void {
    if (!this.#running) return;
    if (this.#at(place).needsWatch) (this.#watched ??= new Set()).add(place);
    else this.#watched?.delete(place);
    if (!this.#watched || this.#watched.size === 0) this.#rest();
    else this.#wait();
  }

  #lookAround(): void {
    this.#timer = undefined;
    this.#wait();
    for (const place of this.#watched ?? []) {
      const sensor = this.#at(place);
      sensor.poll();
      if (!sensor.needsWatch) this.#watched?.delete(place);
    }
    if (!this.#watched || this.#watched.size === 0) this.#rest();
  }

  #wait(): void {
    this.#look ??= () => this.#lookAround();
    this.#timer ??= this.#setup.clock.after(this.#interval, this.#look);
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

const declarationOf = ({ declaration }: { readonly declaration: SensorDeclaration }): SensorDeclaration =>
  declaration;
