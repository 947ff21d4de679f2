import { CC, IpmiError } from '../../codec/index.ts';
import type { PlatformEvent } from '../../state/log/events.ts';
import {
  THRESHOLDS,
  type AnalogDeclaration,
  type EventEnables,
  type Reading,
  type SensorDeclaration,
  type StoredSensor,
  type ThresholdName,
  rawOf,
} from './sensor-declaration.ts';
import { ordered, stepOf, toRaw, toReal } from './sensor-factors.ts';
import { constant, Pushed, type SensorSource } from './sensor-source.ts';
import type { Durable, Store } from '../../state/store.ts';
import { sensorKey } from '../../state/stores.ts';

export * from './sensor-declaration.ts';

/** What a sensor is made with. */
export interface SensorSurroundings {
  /** The slave address of the sensor's controller. */
  readonly owner: number;
  readonly store: Store<StoredSensor>;
  readonly raise: (event: PlatformEvent) => void;
  /** Whether the machine has power. */
  readonly powered: () => boolean;
  /** Called when it may have become necessary, or needless, to look at the sensor from time to time. */
  readonly changed: (sensor: Sensor) => void;
}

/** How a client sets the event data of a sensor's events (IPMI 2.0 §35.17). */
export interface GivenEventData {
  readonly data: Uint8Array;
  /** Whether its offset counts as well, or the event's own does. */
  readonly withOffset: boolean;
}

type HysteresisSteps = NonNullable<AnalogDeclaration['hysteresisSteps']>;

const THRESHOLD_EVENTS = 0x0fff;
const ALL_STATES = 0x7fff;
const LOWER = 3;
/**
 * Two event offsets for each threshold, going low and going high; the first of them here is the one that
 * tells of trouble.
 */
const eventOffset = (threshold: number): number => 2 * threshold + (threshold < LOWER ? 0 : 1);

/**
 * One sensor. It is evaluated when somebody looks, and by the shared watch of `Sensors` if its source moves.
 */
export class Sensor {
  readonly declaration: SensorDeclaration;
  readonly #around: SensorSurroundings;
  readonly #key: string;
  readonly #source: SensorSource;
  /** What it reads instead of its source's value: raw, or states; null: it cannot be read. */
  #override: number | null | undefined;
  #discrete: number;
  /** Comparison bits as hysteresis has left them. */
  #compared = 0;
  /** Event status since the last re-arm (§35.13). */
  #assertions: number;
  #deassertions = 0;
  #eventData: GivenEventData | undefined;
  /** The declared hysteresis. */
  #steps: HysteresisSteps | undefined;

  constructor(declaration: SensorDeclaration, around: SensorSurroundings) {
    this.declaration = declaration;
    this.#around = around;
    this.#key = sensorKey(declaration.lun ?? 0, declaration.number);
    this.#source = declaration.source ?? constant(declaration.analog?.nominal ?? declaration.states ?? 0);
    this.#source.onChange?.(() => this.#look());
    this.#discrete = declaration.states ?? 0;
    this.#assertions = this.#discrete;
  }

  get isThreshold(): boolean {
    return this.declaration.analog !== undefined;
  }

  /** Throws CDh for a sensor without an analog reading. */
  requireAnalog(): AnalogDeclaration {
    const { analog } = this.declaration;
    if (!analog) throw new IpmiError(CC.IllegalForSensor, `${this.declaration.name} has no analog reading`);
    return analog;
  }

  get type(): { readonly sensor: number; readonly event: number } {
    return this.#stored.type ?? { sensor: this.declaration.type, event: this.declaration.eventType };
  }

  setType(sensor: number, event: number): Durable {
    return this.#change({ type: { sensor, event } });
  }

  get enables(): EventEnables {
    return (
      this.#stored.enables ?? {
        events: true,
        scanning: true,
        assertions: this.possibleAssertions,
        deassertions: this.possibleDeassertions,
      }
    );
  }

  setEnables({ events, scanning, assertions, deassertions }: EventEnables): Durable {
    return this.#change({
      enables: {
        events,
        scanning,
        assertions: assertions & this.possibleAssertions,
        deassertions: deassertions & this.possibleDeassertions,
      },
    });
  }

  /** The assertion events that this sensor can generate, by offset. */
  get possibleAssertions(): number {
    return this.declaration.assertionEvents ?? this.#ownEvents;
  }

  get possibleDeassertions(): number {
    return this.declaration.deassertionEvents ?? this.#ownEvents;
  }

  /** Bits of the thresholds that the sensor has. */
  get thresholdMask(): number {
    return THRESHOLDS.reduce(
      (mask, name, i) => (this.threshold(name) === undefined ? mask : mask | (1 << i)),
      0,
    );
  }

  /** Raw; undefined where the sensor has no such threshold. */
  threshold(name: ThresholdName): number | undefined {
    const { analog } = this.declaration;
    const declared = analog?.thresholds[name];
    if (!analog || declared === undefined) return undefined;
    return this.#stored.thresholds?.[name] ?? toRaw(analog.factors, declared);
  }

  setThresholds(raw: Readonly<Partial<Record<ThresholdName, number>>>): Durable {
    const done = this.#change({ thresholds: { ...this.#stored.thresholds, ...raw } });
    this.#look();
    return done;
  }

  /** In steps of the raw reading. */
  get hysteresis(): HysteresisSteps {
    return this.#stored.hysteresis ?? (this.#steps ??= stepsOf(this.requireAnalog()));
  }

  setHysteresis(positive: number, negative: number): Durable {
    return this.#change({ hysteresis: { positive, negative } });
  }

  /** The value in the sensor's unit; of a discrete sensor, its states. Undefined: it cannot be read now. */
  get value(): number | undefined {
    const { analog } = this.declaration;
    const { raw, states, unavailable } = this.read();
    if (unavailable) return undefined;
    return analog ? toReal(analog.factors, raw) : states;
  }

  /**
   * Makes the sensor read a value in its unit (of a discrete sensor: show states, a bit each). Null: it
   * cannot be read. Undefined: it is its source's again.
   */
  set(value: number | null | undefined): void {
    const { analog, states } = this.declaration;
    if (analog) this.#override = typeof value === 'number' ? rawOf(this.declaration, analog, value) : value;
    else {
      this.#override = typeof value === 'number' ? value & ALL_STATES : value;
      if (value !== null) this.setStates(value ?? this.#source.value() ?? states ?? 0);
    }
    this.#look();
  }

  /**
   * For those who feed the sensor from outside: a value, null for "cannot be read", undefined for "no more
   * from here". Returns what is wrong, if it cannot have it.
   */
  push(value: number | null | undefined): string | undefined {
    const { analog, eventOnly, name, source } = this.declaration;
    if (eventOnly) return `'${name}' has no reading`;
    if (!analog && typeof value === 'number' && (value & ALL_STATES) !== value)
      return `the states of '${name}' are a whole number, 0 to 7FFFh`;
    if (source instanceof Pushed) source.set(value ?? undefined);
    else this.set(value);
    return undefined;
  }

  setRaw(raw: number): void {
    this.#override = raw;
    this.#look();
  }

  /** Discrete states by offset; events follow from the difference. */
  setStates(states: number): void {
    if (typeof this.#override === 'number') this.#override = states;
    const risen = states & ~this.#discrete;
    const fallen = this.#discrete & ~states;
    this.#discrete = states;
    for (let offset = 0; offset < 15; offset++) {
      if (risen & (1 << offset)) this.#event(offset, false);
      if (fallen & (1 << offset)) this.#event(offset, true);
    }
  }

  /**
   * Tells of an event that no reading shows, as event-only sensors do. `more`: event data 2 and 3, with what
   * they mean in bits 7:4 of `flags`.
   */
  raise(
    offset: number,
    {
      deassertion = false,
      flags = 0,
      more = [],
    }: { deassertion?: boolean; flags?: number; more?: readonly number[] } = {},
  ): void {
    this.#event(
      offset,
      deassertion,
      Uint8Array.of((flags & 0xf0) | offset, more[0] ?? 0xff, more[1] ?? 0xff),
    );
  }

  /**
   * The value that can be read at a wall time in milliseconds, as far as the source is a function of time,
   * while the machine has power. Undefined: none.
   */
  valueAt(time: number): number | undefined {
    const analog = this.requireAnalog();
    if (this.#override === null || !this.enables.scanning) return undefined;
    const value = this.#source.at?.(time) ?? this.#source.value();
    const raw = this.#override ?? (value === undefined ? undefined : rawOf(this.declaration, analog, value));
    return raw === undefined ? undefined : toReal(analog.factors, raw);
  }

  /** Takes a reading; what it crosses becomes events. Throws CDh for a sensor that has none. */
  read(): Reading {
    const { analog, eventOnly = false, name, source, needsPower = false } = this.declaration;
    if (eventOnly) throw new IpmiError(CC.IllegalForSensor, `${name} has no reading`);
    if (needsPower && !this.#around.powered()) return { raw: 0, states: 0, unavailable: true };
    const { scanning } = this.enables;
    if (!analog) {
      if (this.#override === null) return { raw: 0, states: 0, unavailable: true };
      const states = this.#override ?? source?.value();
      if (states !== undefined && scanning) this.setStates(states & ALL_STATES);
      return {
        raw: 0,
        states: this.#discrete,
        unavailable: !scanning || (source !== undefined && states === undefined),
      };
    }
    const raw = this.#override === undefined ? this.#sourceRaw(analog) : this.#override;
    if (raw === undefined || raw === null) return { raw: 0, states: 0, unavailable: true };
    if (scanning) this.#compare(raw, analog);
    return { raw, states: this.#compared, unavailable: !scanning };
  }

  /** Comparison bits or discrete states as the last look found them. */
  get lastStates(): number {
    return this.isThreshold ? this.#compared : this.#discrete;
  }

  /** Looks for a new reading outside, if the source has one, and at it. */
  poll(): void {
    this.#source.refresh?.();
    this.read();
  }

  /** Its source moves by itself. */
  get moves(): boolean {
    return this.#source.moves;
  }

  /** Whether events can come from this sensor that nobody sees who does not look. */
  get needsWatch(): boolean {
    const { analog, eventOnly = false } = this.declaration;
    if (eventOnly || !this.#source.moves || this.#override !== undefined || !this.enables.scanning)
      return false;
    const { bounds } = this.#source;
    if (!analog || !bounds) return true;
    // A source that can neither reach a threshold nor come back from one is left alone.
    const ends = bounds.map((value) => ordered(analog.factors, toRaw(analog.factors, value)));
    const [lowest, highest] = [Math.min(...ends), Math.max(...ends)];
    return (
      this.#compared !== 0 ||
      THRESHOLDS.some((name, i) => {
        const threshold = this.threshold(name);
        if (threshold === undefined) return false;
        const limit = ordered(analog.factors, threshold);
        return i < LOWER ? lowest <= limit : highest >= limit;
      })
    );
  }

  get eventStatus(): { readonly assertions: number; readonly deassertions: number } {
    return { assertions: this.#assertions, deassertions: this.#deassertions };
  }

  /** Puts event status bits as a client gives them (§35.17). */
  setEventStatus(assertions: number, deassertions: number): void {
    this.#assertions = assertions;
    this.#deassertions = deassertions;
  }

  /** Event data for the events from now on; undefined: the sensor's own. */
  setEventData(given: GivenEventData | undefined): void {
    this.#eventData = given;
  }

  /** Forgets events, so that a state that still holds is reported once more (§35.12). */
  rearm(assertions: number, deassertions: number): void {
    this.#assertions &= ~assertions;
    this.#deassertions &= ~deassertions;
    if (this.isThreshold) {
      this.#compared &= ~THRESHOLDS.reduce(
        (mask, _name, i) => (assertions & (3 << (2 * i)) ? mask | (1 << i) : mask),
        0,
      );
      this.#look();
    } else if (!this.declaration.eventOnly && this.enables.scanning) {
      const states = this.#discrete;
      this.#discrete &= ~assertions;
      this.setStates(states);
    }
  }

  get #ownEvents(): number {
    if (!this.isThreshold) return this.declaration.possibleStates ?? 0;
    return THRESHOLDS.reduce(
      (mask, name, i) => (this.threshold(name) === undefined ? mask : mask | (1 << eventOffset(i))),
      0,
    );
  }

  #sourceRaw(analog: AnalogDeclaration): number | undefined {
    const value = this.#source.value();
    return value === undefined ? undefined : rawOf(this.declaration, analog, value);
  }

  /** Reads because something is new, where there is a reading. */
  #look(): void {
    if (!this.declaration.eventOnly) this.read();
    this.#around.changed(this);
  }

  #compare(raw: number, { factors }: AnalogDeclaration): void {
    const { positive, negative } = this.hysteresis;
    const reading = ordered(factors, raw);
    for (let i = 0; i < THRESHOLDS.length; i++) {
      const threshold = this.threshold(THRESHOLDS[i]);
      if (threshold === undefined) continue;
      const limit = ordered(factors, threshold);
      const was = (this.#compared & (1 << i)) !== 0;
      // Once crossed, a threshold stays crossed until the reading is back by more than the hysteresis.
      const is =
        i < LOWER ? reading <= limit + (was ? negative : 0) : reading >= limit - (was ? positive : 0);
      if (is === was) continue;
      this.#compared ^= 1 << i;
      // Reading and threshold stand in event data 2 and 3 (§29.7). The other direction's event is the first
      // one's opposite.
      const offset = eventOffset(i);
      this.#event(offset, !is, Uint8Array.of(0x50 | offset, raw, threshold));
      this.#event(offset ^ 1, is, Uint8Array.of(0x50 | (offset ^ 1), raw, threshold));
    }
  }

  #event(offset: number, deassertion: boolean, data: Uint8Array = Uint8Array.of(offset, 0xff, 0xff)): void {
    const bit = 1 << offset;
    if (!((deassertion ? this.possibleDeassertions : this.possibleAssertions) & bit))
      return this.#follow(bit, deassertion);
    if (this.declaration.manualRearm) {
      // Latched: each is told once, until it is re-armed.
      if ((deassertion ? this.#deassertions : this.#assertions) & bit) return;
      if (deassertion) this.#deassertions |= bit;
      else this.#assertions |= bit;
    } else this.#follow(bit, deassertion);
    const { events, assertions, deassertions } = this.enables;
    if (!events || !((deassertion ? deassertions : assertions) & bit)) return;
    const { number, lun = 0 } = this.declaration;
    const { sensor, event } = this.type;
    this.#around.raise({
      generator: this.#around.owner,
      generatorLun: lun,
      sensorType: sensor,
      sensorNumber: number,
      eventType: event,
      deassertion,
      data: this.#withGiven(data),
    });
  }

  /** Event status of a sensor that re-arms itself: the state as it is (§35.13). */
  #follow(bit: number, deassertion: boolean): void {
    if (this.isThreshold && !((this.possibleAssertions | this.possibleDeassertions) & bit & THRESHOLD_EVENTS))
      return;
    if (deassertion) {
      this.#deassertions |= bit;
      this.#assertions &= ~bit;
    } else {
      this.#assertions |= bit;
      this.#deassertions &= ~bit;
    }
  }

  #withGiven(data: Uint8Array): Uint8Array {
    if (!this.#eventData) return data;
    const given = this.#eventData.data.slice();
    if (!this.#eventData.withOffset) given[0] = (given[0] & 0xf0) | (data[0] & 0x0f);
    return given;
  }

  get #stored(): StoredSensor {
    return this.#around.store.get(this.#key) ?? {};
  }

  #change(change: StoredSensor): Durable {
    const done = this.#around.store.set(this.#key, { ...this.#stored, ...change });
    this.#around.changed(this);
    return done;
  }
}

/**
 * A hysteresis in the sensor's unit as steps of its reading; where these are not all alike, around what it
 * reads when all is well.
 */
function stepsOf({
  factors,
  hysteresis = 0,
  hysteresisSteps,
  nominal,
  min,
  max,
}: AnalogDeclaration): HysteresisSteps {
  if (hysteresisSteps) return hysteresisSteps;
  const step = stepOf(factors);
  const at = nominal ?? (min + max) / 2;
  // Where there is no room above, below.
  const beside = at + hysteresis > max ? at - hysteresis : at + hysteresis;
  const steps =
    step === undefined
      ? Math.abs(ordered(factors, toRaw(factors, beside)) - ordered(factors, toRaw(factors, at)))
      : Math.round(hysteresis / step);
  return { positive: Math.min(steps, 0xff), negative: Math.min(steps, 0xff) };
}
