import { LINEARIZATIONS, NON_LINEAR } from '../machine/sensors/linearization.ts';
import { factorsFor } from '../machine/sensors/factor-choice.ts';
import type { Factors } from '../machine/sensors/sensor-factors.ts';
import {
  sensorDeclaration,
  THRESHOLDS,
  type AnalogDeclaration,
  type SensorDeclaration,
} from '../machine/sensors/sensor.ts';
import { SettingsError, settingAt } from '../settings/errors.ts';
import { checkKind, checkRange, checkReadings } from './sensor-check.ts';
import { EventType, genericStates, possibleStates } from '../commands/codes/events.ts';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import { units } from '../commands/codes/units.ts';
import type { BmcOptions } from './options.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import { sensorsInFile } from './sdr-file.ts';
import { sourceOf } from '../kinds/sources/index.ts';
import type { SensorOptions } from './sensor-schema.ts';

/**
 * LUNs that sensors can be on, in the order in which they fill up; 2 is system software's (IPMI 2.0 §7.2).
 */
const LUNS = [0, 1, 3] as const;
const MOST_NUMBER = 254;

/** The sensors of the settings, and those of the SDR file. Throws SettingsError. */
export function sensorsOf(
  { sensors = [], sdr = {} }: BmcOptions,
  kinds: Kinds = OUR_KINDS,
): SensorDeclaration[] {
  const loaded = settingAt(['sdr'], () => sensorsInFile(sdr, kinds));
  const inFile = new Set(loaded.map(({ number, lun = 0 }) => keyOf(number, lun)));
  const taken = new Set(inFile);
  for (const [i, { name, number, lun = 0 }] of sensors.entries()) {
    if (number === undefined) continue;
    const key = keyOf(number, lun);
    if (inFile.has(key))
      throw new SettingsError(`sensor ${name}: number ${number} is one of the SDR file's`, ['sensors', i]);
    if (taken.has(key))
      throw new SettingsError(`sensor ${name}: number ${number} is another's on LUN ${lun}`, [
        'sensors',
        i,
        'number',
      ]);
    taken.add(key);
  }
  const next = new Map<number, number>(LUNS.map((lun) => [lun, 1]));
  /** The next free number on one of the LUNs. */
  const free = (luns: readonly number[]): { readonly number: number; readonly lun: number } | undefined => {
    for (const lun of luns) {
      let number = next.get(lun) ?? 1;
      while (taken.has(keyOf(number, lun))) number++;
      next.set(lun, number + 1);
      if (number <= MOST_NUMBER) return { number, lun };
    }
    return undefined;
  };
  const own = sensors.map((sensor, i) => {
    const { number, lun } = sensor;
    const place = number === undefined ? free(lun === undefined ? LUNS : [lun]) : { number, lun: lun ?? 0 };
    if (!place)
      throw new SettingsError(
        `sensor ${sensor.name}: all ${MOST_NUMBER} numbers of LUN ${lun ?? LUNS.join(', ')} are taken`,
        ['sensors', i],
      );
    return settingAt(['sensors', i], () => sensorOf(sensor, place, kinds));
  });
  return [...own, ...loaded];
}

const keyOf = (number: number, lun: number): number => (lun << 8) | number;

function sensorOf(
  sensor: SensorOptions,
  { number, lun }: { readonly number: number; readonly lun: number },
  kinds: Kinds,
): SensorDeclaration {
  const type = typeof sensor.type === 'number' ? sensor.type : sensorTypes[sensor.type.toLowerCase()];
  if (type === undefined)
    throw new SettingsError(`sensor ${sensor.name}: there is no sensor type '${sensor.type}'`);
  const [entityId, entityInstance] = sensor.entity.split('.').map(Number);
  const { name, value, eventOnly = false, needsPower = false, rearm, events } = sensor;
  const seed = (lun << 8) | number;
  checkKind(sensor);
  const isDiscrete = sensor.unit === undefined;
  const analog = isDiscrete ? undefined : analogOf(sensor);
  const source = value === undefined ? undefined : sourceOf(value, seed, kinds.sources);
  const eventType = isDiscrete ? (sensor.eventType ?? EventType.SensorSpecific) : EventType.Threshold;
  const states = isDiscrete ? maskOf(sensor.states ?? []) : undefined;
  const possible =
    eventType === EventType.SensorSpecific
      ? (possibleStates[type] ?? 0xff)
      : (genericStates[eventType] ?? 0x7fff);
  return sensorDeclaration({
    number,
    lun,
    name,
    entityId,
    entityInstance,
    type,
    eventType,
    analog,
    possibleStates: states === undefined ? undefined : possible | states,
    states,
    source: source ?? (analog ? sourceOf(Math.min(Math.max(0, analog.min), analog.max), seed) : undefined),
    eventOnly,
    needsPower,
    manualRearm: rearm === 'manual',
    assertionEvents: events?.assert && maskOf(events.assert),
    deassertionEvents: events?.deassert && maskOf(events.deassert),
  });
}

function analogOf(sensor: SensorOptions): AnalogDeclaration {
  const {
    name,
    curve,
    range: [min, max] = curve ? endsOf(curve) : [0, 255],
    nominal,
    thresholds = {},
    hysteresis,
  } = sensor;
  const unit = units[sensor.unit ?? ''];
  if (unit === undefined) throw new SettingsError(`sensor ${name}: there is no unit '${sensor.unit}'`);
  const settable = sensor.settable?.reduce(
    (mask, threshold) => mask | (1 << THRESHOLDS.indexOf(threshold)),
    0,
  );
  checkRange(sensor, min, max);
  const factors = factorsOf(sensor, min, max);
  checkReadings(sensor, factors, min, max);
  return {
    factors,
    unit,
    percentage: sensor.unit === 'percent',
    min,
    max,
    nominal,
    thresholds,
    settable,
    hysteresis,
  };
}

/** Of a curve whose values only rise or only fall. */
function endsOf(curve: NonNullable<SensorOptions['curve']>): [number, number] {
  const ends = [curve[0][1], curve[curve.length - 1][1]];
  return [Math.min(...ends), Math.max(...ends)];
}

function factorsOf(
  { name, linearization = 'linear', curve, ...sensor }: SensorOptions,
  min: number,
  max: number,
): Factors {
  if (curve) {
    const rises = curve.every(([raw], i) => i === 0 || raw > curve[i - 1][0]);
    const steady = curve.every(
      ([, value], i) => i < 2 || value > curve[i - 1][1] === curve[1][1] > curve[0][1],
    );
    if (curve.length < 2 || !rises || !steady)
      throw new SettingsError(
        `sensor ${name}: a curve needs rising readings, and values that only rise or only fall`,
        ['curve'],
      );
    return { m: 1, b: 0, k1: 0, k2: 0, signed: false, linearization: NON_LINEAR, curve };
  }
  const code = LINEARIZATIONS.findIndex((formula) => formula.name === linearization);
  const { inverse } = LINEARIZATIONS[code];
  if (![min, max].every((value) => Number.isFinite(inverse(value))))
    throw new SettingsError(
      `sensor ${name}: ${linearization} does not reach all of the range ${min} to ${max}`,
      ['range'],
    );
  const { thresholds = {}, hysteresis, nominal, value } = sensor;
  const first = typeof value === 'object' && 'push' in value ? value.first : value;
  const factors = factorsFor(min, max, code, {
    limits: Object.values(thresholds),
    distances: hysteresis === undefined ? [] : [hysteresis],
    readings: [nominal, first].filter((reading) => typeof reading === 'number'),
  });
  if (!factors)
    throw new SettingsError(`sensor ${name}: no factors of an SDR reach over the range ${min} to ${max}`, [
      'range',
    ]);
  return factors;
}

const maskOf = (offsets: readonly number[]): number =>
  offsets.reduce((mask, offset) => mask | (1 << offset), 0);
