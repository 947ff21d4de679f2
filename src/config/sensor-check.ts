import { nearlyReal, ordered, toRaw, type Factors } from '../machine/sensors/sensor-factors.ts';
import { SettingsError } from '../settings/errors.ts';
import type { SensorValue } from '../kinds/sources/index.ts';
import type { SensorOptions, ThresholdOption } from './sensor-schema.ts';

/** From the lowest to the highest. */
const RISING: readonly ThresholdOption[] = ['lnr', 'lc', 'lnc', 'unc', 'uc', 'unr'];
/** Keys that mean something for a sensor with a unit alone, and for one without. */
const ANALOG = [
  'range',
  'nominal',
  'thresholds',
  'settable',
  'hysteresis',
  'linearization',
  'curve',
] as const;
const DISCRETE = ['states', 'eventType'] as const;
const THRESHOLD_OFFSETS = 12;
const MOST_STEPS = 255;
/** Readings of the range that are tried, besides those that the settings name. */
const TRIED = 16;

/** Settings that say something about another kind of sensor. Throws SettingsError. */
export function checkKind(sensor: SensorOptions): void {
  const { unit, eventOnly, eventType, states = [], value, events = {} } = sensor;
  if (unit !== undefined && eventOnly)
    throw new SettingsError('a sensor that only tells of events has no unit', ['unit']);
  if (eventOnly && value !== undefined)
    throw new SettingsError('a sensor that only tells of events has no value', ['value']);
  if (eventOnly && states.length > 0)
    throw new SettingsError('a sensor that only tells of events has no states', ['states']);
  for (const key of unit === undefined ? ANALOG : DISCRETE) {
    if (sensor[key] === undefined) continue;
    throw new SettingsError(
      unit === undefined ? `${key} is for a sensor with a unit` : `${key} is for a sensor without a unit`,
      [key],
    );
  }
  if (sensor.curve !== undefined && sensor.linearization !== undefined)
    throw new SettingsError('a sensor with a curve has no linearization', ['linearization']);
  if (unit === undefined) {
    if (eventType === 1)
      throw new SettingsError('type 1 is that of sensors with thresholds: give it a unit', ['eventType']);
    if (eventType !== undefined && eventType > 0x0c && eventType < 0x6f)
      throw new SettingsError(`event/reading type ${eventType.toString(16).toUpperCase()}h is reserved`, [
        'eventType',
      ]);
    checkStates(value);
    return;
  }
  for (const which of ['assert', 'deassert'] as const) {
    const i = events[which]?.findIndex((offset) => offset >= THRESHOLD_OFFSETS) ?? -1;
    if (i >= 0)
      throw new SettingsError(`thresholds have event offsets 0 to ${THRESHOLD_OFFSETS - 1}`, [
        'events',
        which,
        i,
      ]);
  }
}

/** A discrete sensor's value is its states, a bit each. */
function checkStates(value: SensorValue | undefined): void {
  const { first, path } = firstOf(value);
  if (first !== undefined && !(Number.isInteger(first) && first >= 0 && first <= 0x7fff))
    throw new SettingsError(`expected states, a bit each (0 to 32767), received ${first}`, path);
}

/** The reading that a value begins with, if the settings say it, and where. */
function firstOf(value: SensorValue | undefined): {
  readonly first?: number;
  readonly path: readonly string[];
} {
  if (typeof value === 'number') return { first: value, path: ['value'] };
  if (value !== undefined && 'push' in value) return { first: value.first, path: ['value', 'first'] };
  if (value !== undefined && 'base' in value) return { first: value.base, path: ['value', 'base'] };
  return { path: [] };
}

/** What can be said before there are factors. Throws SettingsError. */
export function checkRange(
  { curve, thresholds = {}, settable, nominal, value, hysteresis }: SensorOptions,
  min: number,
  max: number,
): void {
  if (!(min < max))
    throw new SettingsError(`expected the lower end first, received ${min} and ${max}`, ['range']);
  if (curve) {
    const values = curve.map(([, reading]) => reading);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (min < low || max > high)
      throw new SettingsError(`the curve goes from ${low} to ${high} only`, ['range']);
  }
  const inside = (reading: number | undefined, path: readonly string[]): void => {
    if (reading !== undefined && (reading < min || reading > max))
      throw new SettingsError(`${reading} is beyond the range ${min} to ${max}`, path);
  };
  for (const [name, threshold] of Object.entries(thresholds)) inside(threshold, ['thresholds', name]);
  inside(nominal, ['nominal']);
  const { first, path } = firstOf(value);
  inside(first, path);
  const rising = RISING.filter((name) => thresholds[name] !== undefined);
  for (const [i, name] of rising.entries()) {
    const before = rising[i - 1];
    if (i > 0 && thresholds[name]! < thresholds[before]!)
      throw new SettingsError(`${name} (${thresholds[name]}) is below ${before} (${thresholds[before]})`, [
        'thresholds',
        name,
      ]);
  }
  const absent = settable?.findIndex((name) => thresholds[name] === undefined) ?? -1;
  if (absent >= 0)
    throw new SettingsError(`there is no threshold ${settable?.[absent]}`, ['settable', absent]);
  if (hysteresis !== undefined && hysteresis >= max - min)
    throw new SettingsError(`${hysteresis} is as wide as the range ${min} to ${max}`, ['hysteresis']);
}

/** What the settings say must come back out of the record, to the nearest reading. Throws SettingsError. */
export function checkReadings(sensor: SensorOptions, factors: Factors, min: number, max: number): void {
  const { thresholds = {}, nominal, value, hysteresis = 0 } = sensor;
  const { first, path } = firstOf(value);
  const named: (readonly [number | undefined, readonly string[]])[] = [
    ...Object.entries(thresholds).map(([name, threshold]) => [threshold, ['thresholds', name]] as const),
    [nominal, ['nominal']],
    [first, path],
  ];
  for (const [reading, at] of named)
    if (reading !== undefined && !comesBack(factors, reading))
      throw new SettingsError(`no reading of the sensor stands for ${reading}`, at);
  for (let i = 0; i <= TRIED; i++) {
    const reading = min + ((max - min) * i) / TRIED;
    if (!comesBack(factors, reading))
      throw new SettingsError(`no reading of the sensor stands for ${reading}`, ['range']);
  }
  if (hysteresis === 0) return;
  const at = nominal ?? (min + max) / 2;
  const steps = Math.abs(
    numberAt(factors, Math.min(at + hysteresis, max)) - numberAt(factors, Math.min(at, max - hysteresis)),
  );
  if (steps < 1)
    throw new SettingsError(`${hysteresis} is less than half a step of the sensor's readings`, [
      'hysteresis',
    ]);
  if (steps > MOST_STEPS)
    throw new SettingsError(`${hysteresis} is more than ${MOST_STEPS} steps of the sensor's readings`, [
      'hysteresis',
    ]);
}

const numberAt = (factors: Factors, reading: number): number => ordered(factors, toRaw(factors, reading));

/** Some reading is nearer than its neighbours. A start of many sensors asks it thousands of times. */
function comesBack(factors: Factors, reading: number): boolean {
  const raw = toRaw(factors, reading);
  const real = nearlyReal(factors, raw);
  /** Below it readings are the same number. */
  const least = Math.abs(real) * 1e-12;
  let widest = 0;
  for (let neighbour = raw - 1; neighbour <= raw + 1; neighbour += 2) {
    const step = Math.abs(nearlyReal(factors, neighbour & 0xff) - real);
    if (Number.isFinite(step) && step > least && step > widest) widest = step;
  }
  const far = Math.abs(real - reading);
  return widest > 0 && far <= widest * 0.75;
}
