import { CC, IpmiError } from '../../codec/index.ts';
import {
  THRESHOLDS,
  type AnalogDeclaration,
  type EventEnables,
  type GivenEventData,
  type Reading,
  type ThresholdName,
  rawOf,
} from './sensor-declaration.ts';
import { toReal } from './sensor-factors.ts';
import { eventOffset, Field, LOWER, type HysteresisSteps } from './sensor-kind.ts';
import { SensorRow } from './sensor-row.ts';
import { Pushed } from './sensor-source.ts';
import type { Durable } from '../../state/store.ts';

export * from './sensor-declaration.ts';

const THRESHOLD_EVENTS = 0x0fff;
const ALL_STATES = 0x7fff;

/**
 * One sensor of a BMC: a view of its row, made when somebody asks for it. It is evaluated when somebody
 * looks, and by the shared watch of `Sensors` if its source moves.
 */
export class Sensor extends SensorRow {
  get type(): { readonly sensor: number; readonly event: number } {
    return this.stored.type ?? { sensor: this.declaration.type, event: this.declaration.eventType };
  }

  setType(sensor: number, event: number): Durable {
    return this.change({ type: { sensor, event } });
  }

  get enables(): EventEnables {
    return this.stored.enables ?? this.kind.enables;
  }

  setEnables({ events, scanning, assertions, deassertions }: EventEnables): Durable {
    return this.change({
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
    return this.kind.possibleAssertions;
  }

  get possibleDeassertions(): number {
    return this.kind.possibleDeassertions;
  }

  /** Bits of the thresholds that the sensor has. */
  get thresholdMask(): number {
    return this.kind.thresholdMask;
  }

  /** Raw; undefined where the sensor has no such threshold. */
  threshold(name: ThresholdName): number | undefined {
    return this.kind.thresholdNamed(name, this.stored);
  }

  setThresholds(raw: Readonly<Partial<Record<ThresholdName, number>>>): Durable {
    const done = this.change({ thresholds: { ...this.stored.thresholds, ...raw } });
    this.look();
    return done;
  }

  /** In steps of the raw reading. */
  get hysteresis(): HysteresisSteps {
    return this.stored.hysteresis ?? this.kind.steps(this.requireAnalog());
  }

  setHysteresis(positive: number, negative: number): Durable {
    return this.change({ hysteresis: { positive, negative } });
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
    this.setOverride(typeof value === 'number' ? this.toRaw(value) : value);
    // A fault shows its own states.
    if (!analog && value !== null && this.table.fault(this.place) === undefined)
      this.setStates(value ?? this.#sourceValue() ?? states ?? 0);
    this.look();
  }

  /** The raw reading of a value in its unit; of a discrete sensor, the states that it can show. */
  toRaw(value: number): number {
    const { analog } = this.declaration;
    return analog ? rawOf(this.declaration, analog, value) : value & ALL_STATES;
  }

  /**
   * For those who feed the sensor from outside: a value, null for "cannot be read", undefined for "no more
   * from here". Returns what is wrong, if it cannot have it.
   */
  push(value: number | null | undefined): string | undefined {
    const { analog, eventOnly, name } = this.declaration;
    if (eventOnly) return `'${name}' has no reading`;
    if (!analog && typeof value === 'number' && (value & ALL_STATES) !== value)
      return `the states of '${name}' are a whole number, 0 to 7FFFh`;
    const source = this.table.source(this.place);
    if (source instanceof Pushed) source.set(value ?? undefined);
    else this.set(value);
    return undefined;
  }

  setRaw(raw: number): void {
    this.setOverride(raw);
    this.look();
  }

  /**
   * A fault: what it reads whatever else it is told, raw or as states; null: it cannot be read. Returns what
   * makes it well again.
   */
  fail(reading: number | null): () => void {
    const states = this.getField(Field.Discrete);
    this.table.setFault(this.place, reading);
    this.look();
    return () => {
      this.table.setFault(this.place, undefined);
      this.#back(states);
    };
  }

  /** What puts it back to what it was made to read until now. */
  remembered(): () => void {
    const override = this.table.override(this.place);
    const states = this.getField(Field.Discrete);
    return () => {
      this.setOverride(override);
      this.#back(states);
    };
  }

  /** Of a discrete sensor that nobody else tells its states. */
  #back(states: number): void {
    if (!this.isThreshold && !this.declaration.eventOnly && this.override === undefined)
      this.setStates(this.#sourceValue() ?? states);
    this.look();
  }

  /** Discrete states by offset; events follow from the difference. */
  setStates(states: number): void {
    if (typeof this.table.override(this.place) === 'number' && this.table.fault(this.place) === undefined)
      this.setOverride(states);
    const before = this.getField(Field.Discrete);
    const risen = states & ~before;
    const fallen = before & ~states;
    this.putField(Field.Discrete, states);
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
    const override = this.override;
    if (override === null || !this.enables.scanning) return undefined;
    const value = this.table.source(this.place).value(time);
    const raw = override ?? (value === undefined ? undefined : rawOf(this.declaration, analog, value));
    return raw === undefined ? undefined : toReal(analog.factors, raw);
  }

  /** Takes a reading; what it crosses becomes events. Throws CDh for a sensor that has none. */
  read(): Reading {
    const { analog, eventOnly = false, name, source, needsPower = false } = this.declaration;
    if (eventOnly) throw new IpmiError(CC.IllegalForSensor, `${name} has no reading`);
    if (needsPower && !this.table.power.isOn) return { raw: 0, states: 0, unavailable: true };
    const { scanning } = this.enables;
    const override = this.override;
    if (!analog) {
      if (override === null) return { raw: 0, states: 0, unavailable: true };
      const states = override ?? (source && this.#sourceValue());
      if (states !== undefined && scanning) this.setStates(states & ALL_STATES);
      return {
        raw: 0,
        states: this.getField(Field.Discrete),
        unavailable: !scanning || (source !== undefined && states === undefined),
      };
    }
    const raw = override === undefined ? this.#sourceRaw(analog) : override;
    if (raw === undefined || raw === null) return { raw: 0, states: 0, unavailable: true };
    if (scanning) this.#compare(raw, analog);
    return { raw, states: this.getField(Field.Compared), unavailable: !scanning };
  }

  /** Comparison bits or discrete states as the last look found them. */
  get lastStates(): number {
    return this.getField(this.isThreshold ? Field.Compared : Field.Discrete);
  }

  /** Looks for a new reading outside, if the source has one, and at it. */
  poll(): void {
    this.table.source(this.place).refresh?.();
    this.read();
  }

  /** Its source moves by itself. */
  get moves(): boolean {
    return this.table.source(this.place).moves;
  }

  /** Whether events can come from this sensor that nobody sees who does not look. */
  get needsWatch(): boolean {
    const { analog, eventOnly = false } = this.declaration;
    if (eventOnly) return false;
    const source = this.table.source(this.place);
    if (!source.moves || this.override !== undefined || !this.enables.scanning) return false;
    return !analog || this.getField(Field.Compared) !== 0 || this.kind.canCross(source, this.stored);
  }

  get eventStatus(): { readonly assertions: number; readonly deassertions: number } {
    return { assertions: this.getField(Field.Assertions), deassertions: this.getField(Field.Deassertions) };
  }

  /** Puts event status bits as a client gives them (§35.17). */
  setEventStatus(assertions: number, deassertions: number): void {
    this.putField(Field.Assertions, assertions);
    this.putField(Field.Deassertions, deassertions);
  }

  /** Event data for the events from now on; undefined: the sensor's own. */
  setEventData(eventData: GivenEventData | undefined): void {
    this.table.setEventData(this.place, eventData);
  }

  /** Forgets events, so that a state that still holds is reported once more (§35.12). */
  rearm(assertions: number, deassertions: number): void {
    this.putField(Field.Assertions, this.getField(Field.Assertions) & ~assertions);
    this.putField(Field.Deassertions, this.getField(Field.Deassertions) & ~deassertions);
    if (this.isThreshold) {
      const forgotten = THRESHOLDS.reduce(
        (mask, _name, i) => (assertions & (3 << (2 * i)) ? mask | (1 << i) : mask),
        0,
      );
      this.putField(Field.Compared, this.getField(Field.Compared) & ~forgotten);
      this.look();
    } else if (!this.declaration.eventOnly && this.enables.scanning) {
      const states = this.getField(Field.Discrete);
      this.putField(Field.Discrete, states & ~assertions);
      this.setStates(states);
    }
  }

  /** Reads because something is new, where there is a reading. */
  look(): void {
    if (!this.declaration.eventOnly) this.read();
    this.table.reconsider(this.place);
  }

  #sourceValue(): number | undefined {
    return this.table.sourceValue(this.place);
  }

  #sourceRaw(analog: AnalogDeclaration): number | undefined {
    const value = this.#sourceValue();
    return value === undefined ? undefined : rawOf(this.declaration, analog, value);
  }

  #compare(raw: number, analog: AnalogDeclaration): void {
    const stored = this.stored;
    const { positive, negative } = stored.hysteresis ?? this.kind.steps(analog);
    const reading = this.kind.ordered(raw, analog);
    for (let i = 0; i < THRESHOLDS.length; i++) {
      const threshold = this.kind.threshold(i, stored);
      if (threshold === undefined) continue;
      const limit = this.kind.ordered(threshold, analog);
      const compared = this.getField(Field.Compared);
      const was = (compared & (1 << i)) !== 0;
      // Once crossed, a threshold stays crossed until the reading is back by more than the hysteresis.
      const is =
        i < LOWER ? reading <= limit + (was ? negative : 0) : reading >= limit - (was ? positive : 0);
      if (is === was) continue;
      this.putField(Field.Compared, compared ^ (1 << i));
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
      const field = deassertion ? Field.Deassertions : Field.Assertions;
      if (this.getField(field) & bit) return;
      this.putField(field, this.getField(field) | bit);
    } else this.#follow(bit, deassertion);
    const { events, assertions, deassertions } = this.enables;
    if (!events || !((deassertion ? deassertions : assertions) & bit)) return;
    const { number, lun = 0 } = this.declaration;
    const { sensor, event } = this.type;
    this.table.raise({
      generator: this.table.owner,
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
    const [came, went] = deassertion
      ? [Field.Deassertions, Field.Assertions]
      : [Field.Assertions, Field.Deassertions];
    this.putField(came, this.getField(came) | bit);
    this.putField(went, this.getField(went) & ~bit);
  }

  #withGiven(data: Uint8Array): Uint8Array {
    const set = this.table.eventData(this.place);
    if (!set) return data;
    const bytes = set.data.slice();
    if (!set.withOffset) bytes[0] = (bytes[0] & 0xf0) | (data[0] & 0x0f);
    return bytes;
  }
}
