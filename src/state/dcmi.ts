import { CC, fromLatin1, IpmiError } from '../codec/index.ts';
import type { Clock } from '../world/world.ts';
import { toRaw, toReal } from './sensor-factors.ts';
import type { Sensor } from './sensor.ts';
import type { Sensors } from './sensors.ts';
import type { Setup } from './setup.ts';
import type { Durable, Store } from './store.ts';

export interface PowerLimit {
  readonly exceptionAction: number;
  readonly limit: number;
  readonly correctionTime: number;
  readonly samplingPeriod: number;
}

export interface ThermalLimit {
  readonly action: number;
  readonly limit: number;
  readonly exceptionTime: number;
}

/** Entities that DCMI names by ids of its own (DCMI 1.5 table 5-4): inlet, processor, baseboard. */
const ALIASES: Readonly<Record<number, number>> = { 0x40: 0x37, 0x41: 0x03, 0x42: 0x07 };
const TEMPERATURE = 0x01;
const WATTS = 6;
const SAMPLES = 60;

/** Configuration parameters and their first values (DCMI 1.5 §6.1.2): DHCP, discovery, timings in seconds. */
const CONFIGURATION: Readonly<Record<number, readonly number[] | undefined>> = { 1: [0], 2: [0x01], 3: [4], 4: [120, 0], 5: [64, 0] };

const NO_LIMIT: PowerLimit = { exceptionAction: 0, limit: 0, correctionTime: 1000, samplingPeriod: 1 };
const NO_THERMAL_LIMIT: ThermalLimit = { action: 0x20, limit: 60, exceptionTime: 60 };
/** Longest asset tag and controller id (the latter with its zero). */
const LONGEST = { 'asset-tag': 63, 'controller-id': 64 } as const;

/** What DCMI adds to a BMC: power statistics and limits, asset tag, controller id, thermal limits. */
export class Dcmi {
  readonly #clock: Clock;
  readonly #sensors: Sensors;
  readonly #texts: Store<Uint8Array>;
  readonly #limits: Store<PowerLimit>;
  readonly #active: Store<boolean>;
  readonly #thermal: Store<ThermalLimit>;
  readonly #configuration: Store<readonly number[]>;
  readonly #controllerId: string;

  constructor(setup: Setup, sensors: Sensors, controllerId: string) {
    this.#clock = setup.clock;
    this.#sensors = sensors;
    this.#controllerId = controllerId;
    this.#texts = setup.store<Uint8Array>('dcmi-texts');
    this.#limits = setup.store<PowerLimit>('power-limit');
    this.#active = setup.store<boolean>('power-limit-active');
    this.#thermal = setup.store<ThermalLimit>('thermal-limits');
    this.#configuration = setup.store<readonly number[]>('dcmi-configuration');
  }

  /** Watts now, and their statistics over the last `period` milliseconds. */
  power(period: number): { readonly current: number; readonly minimum: number; readonly maximum: number; readonly average: number } {
    const now = this.#clock.now();
    const sensors = this.#sensors.all.filter(({ declaration }) => declaration.analog?.unit === WATTS);
    const at = (time: number): number =>
      sensors.reduce((sum, sensor) => sum + toReal(sensor.analog.factors, toRaw(sensor.analog.factors, sensor.valueAt(time))), 0);
    const samples = Array.from({ length: SAMPLES }, (_, i) => at(now - (i * period) / SAMPLES));
    return {
      current: Math.round(at(now)),
      minimum: Math.round(Math.min(...samples)),
      maximum: Math.round(Math.max(...samples)),
      average: Math.round(samples.reduce((sum, watts) => sum + watts, 0) / SAMPLES),
    };
  }

  get powerLimit(): PowerLimit {
    return this.#limits.get('limit') ?? NO_LIMIT;
  }

  get powerLimitActive(): boolean {
    return this.#active.get('limit') ?? false;
  }

  setPowerLimit(limit: PowerLimit): Durable {
    return this.#limits.set('limit', limit);
  }

  activatePowerLimit(active: boolean): Durable {
    return this.#active.set('limit', active);
  }

  text(which: keyof typeof LONGEST): Uint8Array {
    return this.#texts.get(which) ?? (which === 'asset-tag' ? new Uint8Array(0) : fromLatin1(`${this.#controllerId}\0`));
  }

  /** Writes a piece; what lies behind it is cut. Throws C9h for more than the text can hold. */
  setText(which: keyof typeof LONGEST, offset: number, data: Uint8Array): Durable {
    const before = this.text(which);
    if (offset > before.length && offset > 0) throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset} of ${before.length}`);
    if (offset + data.length > LONGEST[which]) throw new IpmiError(CC.ParameterOutOfRange, `${offset + data.length} characters`);
    const changed = new Uint8Array(offset + data.length);
    changed.set(before.subarray(0, offset));
    changed.set(data, offset);
    return this.#texts.set(which, changed);
  }

  thermalLimit(entityId: number, instance: number): ThermalLimit {
    return this.#thermal.get(`${ALIASES[entityId] ?? entityId}.${instance}`) ?? NO_THERMAL_LIMIT;
  }

  setThermalLimit(entityId: number, instance: number, limit: ThermalLimit): Durable {
    return this.#thermal.set(`${ALIASES[entityId] ?? entityId}.${instance}`, limit);
  }

  /** Throws CCh for a parameter that there is not. */
  configuration(parameter: number): readonly number[] {
    const first = CONFIGURATION[parameter];
    if (!first) throw new IpmiError(CC.InvalidDataField, `DCMI configuration parameter ${parameter}`);
    return this.#configuration.get(parameter) ?? first;
  }

  configure(parameter: number, data: readonly number[]): Durable {
    const { length } = this.configuration(parameter);
    if (data.length !== length) throw new IpmiError(CC.RequestLengthInvalid, `parameter ${parameter} has ${length} byte(s)`);
    return this.#configuration.set(parameter, data);
  }

  /** Temperature sensors of an entity, by instance; instance 0: all of them. */
  temperatures(entityId: number, instance: number): Sensor[] {
    const entity = ALIASES[entityId] ?? entityId;
    return this.#sensors.all
      .filter(
        ({ declaration }) =>
          declaration.type === TEMPERATURE && declaration.entityId === entity && (instance === 0 || declaration.entityInstance === instance),
      )
      .sort((a, b) => a.declaration.entityInstance - b.declaration.entityInstance);
  }
}
