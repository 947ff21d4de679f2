import type { Events, PlatformEvent } from '../../state/log/events.ts';
import type { Setup } from '../../state/setup.ts';
import { unwaited, type Store } from '../../state/store.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import { stores } from '../../state/stores.ts';
import type { GivenEventData, StoredSensor } from './sensor-declaration.ts';
import { FIELDS, UNCHANGED, type SensorKinds } from './sensor-kind.ts';
import type { SensorSource, SourceSurroundings } from './sensor-source.ts';

/** Looks at sensors from time to time. */
export interface SensorWatch {
  /** It may have become necessary, or needless, to look at the sensor of a place. */
  reconsider(place: number): void;
  /** The source of the sensor of a place says that it reads something else. */
  changed(place: number): void;
}

/** What of a sensor is an object, where anybody has set it. */
interface Held {
  /** What it reads instead of its source's value: raw, or states; null: it cannot be read. */
  override?: number | null;
  /** A fault: what it reads in place of that. */
  fault?: number | null;
  eventData?: GivenEventData;
}

/** The machine's power. */
export interface Power {
  readonly isOn: boolean;
}

/** Until somebody says whether it has. */
export const POWERED: Power = { isOn: true };

export interface SensorsMemento {
  readonly rows: Uint16Array | undefined;
  readonly held: Map<number, Held> | undefined;
}

/**
 * The sensors of one BMC, a row for each: numbers that begin as those of their kinds, which all BMCs with
 * the same settings share, and are a BMC's own from the first that differs.
 */
export class SensorTable implements Sleeper<SensorsMemento> {
  readonly kinds: SensorKinds;
  readonly store: Store<StoredSensor>;
  /** The slave address of the sensors' controller. */
  readonly owner: number;
  /** Whether the machine has power. */
  power: Power = POWERED;
  readonly #setup: Setup;
  readonly #events: Events;
  readonly #watch: SensorWatch;
  #rows: Uint16Array | undefined;
  #held: Map<number, Held> | undefined;
  /** Sources that are this BMC's own, by place. */
  readonly #sources: ReadonlyMap<number, SensorSource> | undefined;

  constructor(
    setup: Setup,
    events: Events,
    kinds: SensorKinds,
    owner: number,
    watch: SensorWatch,
    surroundings: SourceSurroundings,
  ) {
    this.#setup = setup;
    this.#events = events;
    this.kinds = kinds;
    this.owner = owner;
    this.#watch = watch;
    this.store = setup.store(stores.sensors);
    if (kinds.owners.length === 0) return;
    const sources = new Map<number, SensorSource>();
    for (const place of kinds.owners) {
      const source = kinds.all[place].own?.make(surroundings);
      if (!source) continue;
      source.onChange?.(() => watch.changed(place));
      sources.set(place, source);
    }
    this.#sources = sources;
  }

  get wakeful(): string | undefined {
    return this.#sources === undefined ? undefined : 'readings come from outside';
  }

  memento(): SensorsMemento | undefined {
    const held = this.#held?.size ? this.#held : undefined;
    return this.#rows || held ? { rows: this.#rows, held } : undefined;
  }

  recall({ rows, held }: SensorsMemento): void {
    this.#rows = rows;
    this.#held = held;
  }

  get(place: number, field: number): number {
    return (this.#rows ?? this.kinds.rows)[place * FIELDS + field];
  }

  put(place: number, field: number, value: number): void {
    const at = place * FIELDS + field;
    if ((this.#rows ?? this.kinds.rows)[at] === value) return;
    (this.#rows ??= this.kinds.rows.slice())[at] = value;
  }

  /** Places of those that somebody has made to read something. */
  get overridden(): Iterable<number> {
    return this.#held?.keys() ?? [];
  }

  override(place: number): number | null | undefined {
    return this.#held?.get(place)?.override;
  }

  setOverride(place: number, override: number | null | undefined): void {
    this.#keep(place, { ...this.#held?.get(place), override });
  }

  fault(place: number): number | null | undefined {
    return this.#held?.get(place)?.fault;
  }

  setFault(place: number, fault: number | null | undefined): void {
    this.#keep(place, { ...this.#held?.get(place), fault });
  }

  eventData(place: number): GivenEventData | undefined {
    return this.#held?.get(place)?.eventData;
  }

  setEventData(place: number, eventData: GivenEventData | undefined): void {
    this.#keep(place, { ...this.#held?.get(place), eventData });
  }

  #keep(place: number, held: Held): void {
    if (held.override !== undefined || held.fault !== undefined || held.eventData !== undefined)
      (this.#held ??= new Map()).set(place, held);
    else this.#held?.delete(place);
  }

  source(place: number): SensorSource {
    const source = this.kinds.all[place].source ?? this.#sources?.get(place);
    if (!source) throw new RangeError(`there is no sensor at place ${place}`);
    return source;
  }

  /** As the source has it now. */
  sourceValue(place: number): number | undefined {
    const source = this.source(place);
    return source.value(source.moves ? this.#setup.clock.now() : 0);
  }

  stored(key: string): StoredSensor {
    return (this.store.size > 0 && this.store.get(key)) || UNCHANGED;
  }

  raise(event: PlatformEvent): void {
    unwaited(this.#events.raise(event), this.#setup.log, 'the event of a sensor');
  }

  reconsider(place: number): void {
    this.#watch.reconsider(place);
  }
}
