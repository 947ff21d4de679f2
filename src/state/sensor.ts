import { CC, IpmiError } from '../codec/index.ts';
import type { Clock } from '../world/world.ts';
import type { PlatformEvent } from './events.ts';
import { ordered, toRaw, toReal, type Factors } from './sensor-factors.ts';
import type { Durable, Store } from './store.ts';

/** Where a reading comes from: a constant, or a slow movement that is a function of time alone. */
export type ValueSource = number | { readonly base: number; readonly swing?: number; readonly period?: number; readonly noise?: number };

/** Thresholds in the order of their bits in masks and comparison states (IPMI 2.0 §35.8, §35.14). */
export const THRESHOLDS = ['lnc', 'lc', 'lnr', 'unc', 'uc', 'unr'] as const;
export type ThresholdName = (typeof THRESHOLDS)[number];

export interface AnalogDeclaration {
  readonly factors: Factors;
  /** §43.17 unit type code. */
  readonly unit: number;
  readonly value: ValueSource;
  readonly min: number;
  readonly max: number;
  readonly nominal?: number;
  /** In the sensor's unit. */
  readonly thresholds: Readonly<Partial<Record<ThresholdName, number>>>;
  /** In the sensor's unit, both ways. */
  readonly hysteresis?: number;
}

export interface SensorDeclaration {
  readonly number: number;
  readonly lun?: number;
  /** At most 16 characters. */
  readonly name: string;
  readonly entityId: number;
  readonly entityInstance: number;
  /** §42.2 sensor type code. */
  readonly type: number;
  /** 1: threshold; 2..0Ch generic, 6Fh sensor-specific, 70h..7Fh OEM. */
  readonly eventType: number;
  /** For a threshold sensor. */
  readonly analog?: AnalogDeclaration;
  /** For a discrete sensor: states that it can show, and those that it shows at first. */
  readonly possibleStates?: number;
  readonly states?: number;
}

/** What a client changed; raw readings. */
export interface StoredSensor {
  readonly thresholds?: Readonly<Partial<Record<ThresholdName, number>>>;
  readonly hysteresis?: { readonly positive: number; readonly negative: number };
  readonly enables?: EventEnables;
  readonly type?: { readonly sensor: number; readonly event: number };
}

export interface EventEnables {
  readonly events: boolean;
  readonly scanning: boolean;
  /** A bit for each event offset. */
  readonly assertions: number;
  readonly deassertions: number;
}

export interface Reading {
  /** Raw; 0 for a discrete sensor. */
  readonly raw: number;
  /** Threshold comparison in bits 5:0, or discrete states in bits 14:0. */
  readonly states: number;
  readonly unavailable: boolean;
}

/** Event offsets: two for each threshold, going low and going high, in the order LNC, LC, LNR, UNC, UC, UNR. */
const eventOffset = (threshold: number): number => 2 * threshold + (threshold < 3 ? 0 : 1);

/** One sensor. It is evaluated when somebody looks: an idle BMC has no timer for it. */
export class Sensor {
  readonly declaration: SensorDeclaration;
  readonly #clock: Clock;
  readonly #store: Store<StoredSensor>;
  readonly #key: string;
  readonly #owner: number;
  readonly #raise: (event: PlatformEvent) => void;
  #override: number | undefined;
  #discrete: number;
  /** Comparison bits as hysteresis has left them. */
  #compared = 0;
  /** Event status since the last re-arm (§35.13). */
  #assertions = 0;
  #deassertions = 0;

  /** `owner`: the slave address of the sensor's controller. */
  constructor(declaration: SensorDeclaration, owner: number, clock: Clock, store: Store<StoredSensor>, raise: (event: PlatformEvent) => void) {
    this.declaration = declaration;
    this.#owner = owner;
    this.#clock = clock;
    this.#store = store;
    this.#key = `${declaration.lun ?? 0}/${declaration.number}`;
    this.#raise = raise;
    this.#discrete = declaration.states ?? 0;
    this.#assertions = this.#discrete;
  }

  get isThreshold(): boolean {
    return this.declaration.analog !== undefined;
  }

  /** Throws CDh for a sensor without an analog reading. */
  get analog(): AnalogDeclaration {
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
    return this.#stored.enables ?? { events: true, scanning: true, assertions: this.possibleEvents, deassertions: this.possibleEvents };
  }

  setEnables(enables: EventEnables): Durable {
    return this.#change({
      enables: { ...enables, assertions: enables.assertions & this.possibleEvents, deassertions: enables.deassertions & this.possibleEvents },
    });
  }

  /** The events that this sensor can generate, by offset. */
  get possibleEvents(): number {
    if (!this.isThreshold) return this.declaration.possibleStates ?? 0;
    return THRESHOLDS.reduce((mask, name, i) => (this.threshold(name) === undefined ? mask : mask | (1 << eventOffset(i))), 0);
  }

  /** Bits of the thresholds that the sensor has. */
  get thresholdMask(): number {
    return THRESHOLDS.reduce((mask, name, i) => (this.threshold(name) === undefined ? mask : mask | (1 << i)), 0);
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
    this.read();
    return done;
  }

  get hysteresis(): { readonly positive: number; readonly negative: number } {
    const { factors, hysteresis = 0 } = this.analog;
    const steps = Math.round(hysteresis / (Math.abs(factors.m) * 10 ** factors.k2));
    return this.#stored.hysteresis ?? { positive: steps, negative: steps };
  }

  setHysteresis(positive: number, negative: number): Durable {
    return this.#change({ hysteresis: { positive, negative } });
  }

  /** The value in the sensor's unit. */
  get value(): number {
    const { analog } = this;
    return toReal(analog.factors, this.read().raw);
  }

  /** Makes an analog sensor read a value until it is released with undefined. */
  setValue(value: number | undefined): void {
    this.#override = value === undefined ? undefined : toRaw(this.analog.factors, value);
    this.read();
  }

  setRaw(raw: number): void {
    this.#override = raw;
    this.read();
  }

  /** Discrete states by offset; events follow from the difference. */
  setStates(states: number): void {
    const risen = states & ~this.#discrete;
    const fallen = this.#discrete & ~states;
    this.#discrete = states;
    for (let offset = 0; offset < 15; offset++) {
      if (risen & (1 << offset)) this.#event(offset, false, Uint8Array.of(offset, 0xff, 0xff));
      if (fallen & (1 << offset)) this.#event(offset, true, Uint8Array.of(offset, 0xff, 0xff));
    }
  }

  /** The value at a wall time in milliseconds: sources that move are functions of it. */
  valueAt(time: number): number {
    const { factors, value } = this.analog;
    return this.#override === undefined ? sample(value, time, this.declaration.number) : toReal(factors, this.#override);
  }

  /** Takes a reading; crossed thresholds become events. */
  read(): Reading {
    const { analog } = this.declaration;
    if (!analog) return { raw: 0, states: this.#discrete, unavailable: false };
    const { scanning } = this.enables;
    const raw = this.#override ?? toRaw(analog.factors, sample(analog.value, this.#clock.now(), this.declaration.number));
    if (scanning) this.#compare(raw, analog);
    return { raw, states: this.#compared, unavailable: !scanning };
  }

  get eventStatus(): { readonly assertions: number; readonly deassertions: number } {
    return { assertions: this.#assertions, deassertions: this.#deassertions };
  }

  /** Puts event status bits as a client gives them (§35.17). */
  setEventStatus(assertions: number, deassertions: number): void {
    this.#assertions = assertions;
    this.#deassertions = deassertions;
  }

  /** Forgets events, so that a state that still holds is reported once more (§35.12). */
  rearm(assertions: number, deassertions: number): void {
    this.#assertions &= ~assertions;
    this.#deassertions &= ~deassertions;
    if (this.isThreshold) {
      this.#compared &= ~THRESHOLDS.reduce((mask, _name, i) => (assertions & (3 << (2 * i)) ? mask | (1 << i) : mask), 0);
      this.read();
    }
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
      const is = i < 3 ? reading <= limit + (was ? negative : 0) : reading >= limit - (was ? positive : 0);
      if (is === was) continue;
      this.#compared ^= 1 << i;
      const offset = eventOffset(i);
      // Reading and threshold stand in event data 2 and 3 (§29.7).
      this.#event(offset, !is, Uint8Array.of(0x50 | offset, raw, threshold));
    }
  }

  #event(offset: number, deassertion: boolean, data: Uint8Array): void {
    const { events, assertions, deassertions } = this.enables;
    const bit = 1 << offset;
    if (deassertion) {
      this.#deassertions |= bit;
      this.#assertions &= ~bit;
    } else {
      this.#assertions |= bit;
      this.#deassertions &= ~bit;
    }
    if (!events || !((deassertion ? deassertions : assertions) & bit)) return;
    const { number, lun = 0 } = this.declaration;
    const { sensor, event } = this.type;
    this.#raise({ generator: this.#owner, generatorLun: lun, sensorType: sensor, sensorNumber: number, eventType: event, deassertion, data });
  }

  get #stored(): StoredSensor {
    return this.#store.get(this.#key) ?? {};
  }

  #change(change: StoredSensor): Durable {
    return this.#store.set(this.#key, { ...this.#stored, ...change });
  }
}

/** A movement that looks alive and is a function of time: two waves of different length, and a little noise a second. */
function sample(source: ValueSource, now: number, seed: number): number {
  if (typeof source === 'number') return source;
  const { base, swing = 0, period = 300, noise = 0 } = source;
  const turn = (2 * Math.PI * now) / (period * 1000) + seed;
  const jitter = Math.sin(Math.floor(now / 1000) * 12.9898 + seed * 78.233) * 43758.5453;
  return base + swing * (0.7 * Math.sin(turn) + 0.3 * Math.sin(2.7 * turn)) + noise * 2 * (jitter - Math.floor(jitter) - 0.5);
}
