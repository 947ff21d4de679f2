import { CC, fromLatin1, IpmiError } from '../../codec/index.ts';
import { SetPowerLimit, ExceptionAction, ThermalAction } from '../../commands/dcmi/dcmi.ts';
import { Entity } from '../../commands/codes/entities.ts';
import { SensorType } from '../../commands/codes/sensor-types.ts';
import { Unit } from '../../commands/codes/units.ts';
import { dcmiParameters, DcmiParameter } from '../../commands/parameters/dcmi.ts';
import { ParameterTable } from '../../state/parameters/parameter-table.ts';
import type { Clock } from '../../world/world.ts';
import { LimitWatch } from './limit-watch.ts';
import { PowerHistory, type PowerStatistics } from './power-history.ts';
import { PowerTimes } from './power-times.ts';
import type { Sensor } from '../../machine/sensors/sensor.ts';
import type { Sensors } from '../../machine/sensors/sensors.ts';
import type { Setup } from '../../state/setup.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';
import { Listeners } from '../../state/listeners.ts';

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
const ALIASES: Readonly<Record<number, number>> = {
  [Entity.DcmiAirInlet]: Entity.AirInlet,
  [Entity.DcmiProcessor]: Entity.Processor,
  [Entity.DcmiBaseboard]: Entity.SystemBoard,
};

const NO_LIMIT: PowerLimit = { exceptionAction: 0, limit: 0, correctionTime: 1000, samplingPeriod: 1 };
const NO_THERMAL_LIMIT: ThermalLimit = { action: 0, limit: 60, exceptionTime: 60 };
const MOST_WATTS = 32_767;
/** Longest asset tag and controller id (the latter with its zero). */
const LONGEST = { 'asset-tag': 63, 'controller-id': 64 } as const;

/** What a limit that was exceeded for too long does. */
export interface LimitExceeded {
  readonly kind: 'power' | 'temperature';
  readonly powerOff: boolean;
}

type DcmiMemento = NonNullable<ReturnType<PowerTimes['memento']>>;

/** What DCMI adds to a BMC: power statistics and limits, asset tag, controller id, thermal limits. */
export class Dcmi implements Sleeper<DcmiMemento> {
  readonly #clock: Clock;
  readonly #sensors: Sensors;
  readonly #texts: Store<Uint8Array>;
  readonly #limits: Store<PowerLimit>;
  readonly #active: Store<boolean>;
  readonly #thermal: Store<ThermalLimit>;
  readonly #configuration: ParameterTable;
  readonly #controllerId: string;
  readonly #history: PowerHistory;
  readonly #powerTimes: PowerTimes;
  readonly #watch: LimitWatch;
  readonly #listeners = new Listeners<[exceeded: LimitExceeded]>();

  constructor(setup: Setup, sensors: Sensors, controllerId: string) {
    this.#clock = setup.clock;
    this.#sensors = sensors;
    this.#controllerId = controllerId;
    this.#texts = setup.store(stores.dcmiTexts);
    this.#limits = setup.store(stores.powerLimit);
    this.#active = setup.store(stores.powerLimitActive);
    this.#thermal = setup.store(stores.thermalLimits);
    this.#configuration = new ParameterTable(setup.clock, {
      parameters: dcmiParameters,
      values: inBytes(setup.store(stores.dcmiConfiguration)),
      unsupported: CC.InvalidDataField,
    });
    this.#powerTimes = new PowerTimes(setup.clock, () => sensors.powered);
    this.#history = new PowerHistory(setup.clock, (time) => this.#wattsAt(time), setup.began);
    this.#watch = new LimitWatch(setup.clock);
    this.#watchPower();
    for (const key of this.#thermal.keys()) this.#watchTemperature(key);
  }

  /** Called when a limit was exceeded for longer than it may be, and something is to be done. */
  onExceeded(listener: (exceeded: LimitExceeded) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** While limits are watched or power is sampled, a timer of its BMC waits. */
  get wakeful(): string | undefined {
    return this.#configuration.wakeful;
  }

  memento(): DcmiMemento | undefined {
    return this.#powerTimes.memento();
  }

  recall(changes: DcmiMemento): void {
    this.#powerTimes.recall(changes);
  }

  stop(): void {
    this.#history.stop();
    this.#watch.stop();
  }

  /** False: nothing measures the machine's power. */
  get measuresPower(): boolean {
    return this.#wattSensors.length > 0;
  }

  /** Its power can be read now. */
  get readsPower(): boolean {
    return this.#wattsAt(this.#clock.now()) !== undefined;
  }

  /** The machine went on or off. */
  powerWent(on: boolean): void {
    this.#powerTimes.went(on);
  }

  /** Watts now, and their statistics over the last `period` milliseconds, as far as they reach back. */
  power(period: number): { readonly current: number } & PowerStatistics {
    const { minimum, maximum, average, span } = this.#history.statistics(period);
    const now = this.#wattsAt(this.#clock.now());
    return {
      current: Math.round(now ?? 0),
      minimum: Math.round(Math.min(now ?? minimum, minimum)),
      maximum: Math.round(Math.max(now ?? maximum, maximum)),
      average: Math.round(average),
      span,
    };
  }

  get powerLimit(): PowerLimit {
    return this.#limits.get('limit') ?? NO_LIMIT;
  }

  get powerLimitActive(): boolean {
    return this.#active.get('limit') ?? false;
  }

  /** Throws 84h for a limit that cannot be. */
  setPowerLimit(limit: PowerLimit): Durable {
    if (limit.limit > MOST_WATTS) throw SetPowerLimit.refuse('limitOutOfRange', `${limit.limit} W`);
    const done = this.#limits.set('limit', limit);
    this.#watchPower();
    return done;
  }

  activatePowerLimit(active: boolean): Durable {
    const done = this.#active.set('limit', active);
    this.#watchPower();
    return done;
  }

  text(which: keyof typeof LONGEST): Uint8Array {
    return (
      this.#texts.get(which) ??
      (which === 'asset-tag' ? new Uint8Array(0) : fromLatin1(`${this.#controllerId}\0`))
    );
  }

  /** Writes a piece; what lies behind it is cut. Throws C9h for more than the text can hold. */
  setText(which: keyof typeof LONGEST, offset: number, data: Uint8Array): Durable {
    const before = this.text(which);
    if (offset > before.length && offset > 0)
      throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset} of ${before.length}`);
    if (offset + data.length > LONGEST[which])
      throw new IpmiError(CC.ParameterOutOfRange, `${offset + data.length} characters`);
    const changed = new Uint8Array(offset + data.length);
    changed.set(before.subarray(0, offset));
    changed.set(data, offset);
    return this.#texts.set(which, changed);
  }

  thermalLimit(entityId: number, instance: number): ThermalLimit {
    return this.#thermal.get(`${ALIASES[entityId] ?? entityId}.${instance}`) ?? NO_THERMAL_LIMIT;
  }

  setThermalLimit(entityId: number, instance: number, limit: ThermalLimit): Durable {
    const key = `${ALIASES[entityId] ?? entityId}.${instance}`;
    const done = this.#thermal.set(key, limit);
    this.#watchTemperature(key);
    return done;
  }

  /** Throws CCh for a parameter that there is not. */
  configuration(parameter: number): Uint8Array {
    return this.#configuration.get(parameter);
  }

  /** Throws CCh for a parameter that there is not and a value that cannot be, C7h for a wrong size. */
  configure(parameter: number, data: Uint8Array): Durable {
    // It starts DHCP and is never more than that: it always reads as 0.
    if (parameter === DcmiParameter.ActivateDhcp.selector)
      return void this.#configuration.checked(parameter, data);
    return this.#configuration.set(parameter, data, undefined);
  }

  /** Temperature sensors of an entity, by instance; instance 0: all of them. */
  temperatures(entityId: number, instance: number): Sensor[] {
    const entity = ALIASES[entityId] ?? entityId;
    return this.#sensors.all
      .filter(
        ({ declaration }) =>
          declaration.type === SensorType.Temperature &&
          declaration.entityId === entity &&
          (instance === 0 || declaration.entityInstance === instance),
      )
      .sort((a, b) => a.declaration.entityInstance - b.declaration.entityInstance);
  }

  get #wattSensors(): Sensor[] {
    return this.#sensors.all.filter(({ declaration }) => declaration.analog?.unit === Unit.Watts);
  }

  /**
   * What the machine takes at a wall time, in watts; undefined: no sensor says. What hangs on its power
   * takes nothing while it is off.
   */
  #wattsAt(time: number): number | undefined {
    const isOn = this.#powerTimes.wasOn(time);
    let sum: number | undefined;
    for (const sensor of this.#wattSensors) {
      const watts = !isOn && sensor.declaration.needsPower ? 0 : sensor.valueAt(time);
      if (watts !== undefined) sum = (sum ?? 0) + watts;
    }
    return sum;
  }

  #watchPower(): void {
    const { exceptionAction, limit, correctionTime } = this.powerLimit;
    const acts = exceptionAction === ExceptionAction.PowerOff || exceptionAction === ExceptionAction.LogOnly;
    const watched = {
      exceeded: () => (this.#wattsAt(this.#clock.now()) ?? 0) > limit,
      patience: correctionTime,
      act: () => this.#tell({ kind: 'power', powerOff: exceptionAction === ExceptionAction.PowerOff }),
    };
    this.#watch.set('power', this.powerLimitActive && acts ? watched : undefined);
  }

  #watchTemperature(key: string): void {
    const { action, limit, exceptionTime } = this.#thermal.get(key) ?? NO_THERMAL_LIMIT;
    const [entityId, instance] = key.split('.').map(Number);
    const watched = {
      exceeded: () => this.temperatures(entityId, instance).some((sensor) => (sensor.value ?? 0) > limit),
      patience: exceptionTime * 1000,
      act: () => this.#tell({ kind: 'temperature', powerOff: (action & ThermalAction.PowerOff) !== 0 }),
    };
    this.#watch.set(
      key,
      (action & (ThermalAction.PowerOff | ThermalAction.LogOnly)) === 0 ? undefined : watched,
    );
  }

  #tell(exceeded: LimitExceeded): void {
    this.#listeners.tell(exceeded);
  }
}

/** Its values are kept as lists of numbers. */
const inBytes = (
  store: Store<readonly number[]>,
): ConstructorParameters<typeof ParameterTable>[1]['values'] => ({
  get size() {
    return store.size;
  },
  get(key) {
    const value = store.get(key);
    return value && Uint8Array.from(value);
  },
  set: (key, value) => store.set(key, Array.from(value)),
});
