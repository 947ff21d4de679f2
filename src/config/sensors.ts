import { LINEARIZATIONS, NON_LINEAR } from '../state/sensor/linearization.ts';
import { factorsFor, type Factors } from '../state/sensor/sensor-factors.ts';
import { THRESHOLDS, type SensorDeclaration } from '../state/sensor/sensor.ts';
import { SettingsError, settingAt } from './errors.ts';
import { genericStates, possibleStates, sensorTypes, units } from './names.ts';
import type { BmcOptions } from './options.ts';
import { sensorsInFile } from './sdr-file.ts';
import type { SensorOptions, SourceMaker } from './sensor-options.ts';

const THRESHOLD = 0x01;
const SENSOR_SPECIFIC = 0x6f;

/** The sensors of the settings, and those of the SDR file. Throws SettingsError. */
export function sensorsOf({ sensors = [], sdr = {} }: BmcOptions, source: SourceMaker): SensorDeclaration[] {
  const loaded = settingAt(['sdr'], () => sensorsInFile(sdr, source));
  const taken = new Set([...loaded, ...sensors].flatMap(({ number }) => (number === undefined ? [] : [number])));
  let next = 1;
  return [
    ...sensors.map((sensor, i) => {
      while (taken.has(next)) next++;
      const number = sensor.number ?? next++;
      taken.add(number);
      if (loaded.some((one) => one.number === number))
        throw new SettingsError(`sensor ${sensor.name}: number ${number} is one of the SDR file's`, ['sensors', i]);
      return settingAt(['sensors', i], () => sensorOf(sensor, number, source));
    }),
    ...loaded,
  ];
}

function sensorOf(sensor: SensorOptions, number: number, source: SourceMaker): SensorDeclaration {
  const type = typeof sensor.type === 'number' ? sensor.type : sensorTypes[sensor.type.toLowerCase()];
  if (type === undefined) throw new SettingsError(`sensor ${sensor.name}: there is no sensor type '${sensor.type}'`);
  const [entityId, entityInstance] = sensor.entity.split('.').map(Number);
  const { name, value, eventOnly, needsPower, rearm, events } = sensor;
  const common = {
    number,
    name,
    entityId,
    entityInstance,
    type,
    eventOnly,
    needsPower,
    manualRearm: rearm === 'manual',
    source: value === undefined ? undefined : source(value, number),
    assertionEvents: events?.assert && maskOf(events.assert),
    deassertionEvents: events?.deassert && maskOf(events.deassert),
  };
  if (sensor.unit === undefined || eventOnly) {
    const eventType = sensor.eventType ?? SENSOR_SPECIFIC;
    const states = maskOf(sensor.states ?? []);
    const possible = eventType === SENSOR_SPECIFIC ? (possibleStates[type] ?? 0xff) : (genericStates[eventType] ?? 0x7fff);
    return { ...common, eventType, states, possibleStates: possible | states };
  }
  const unit = units[sensor.unit];
  if (unit === undefined) throw new SettingsError(`sensor ${sensor.name}: there is no unit '${sensor.unit}'`);
  const { range: [min, max] = [0, 255], nominal, thresholds = {}, hysteresis } = sensor;
  const settable = sensor.settable?.reduce((mask, one) => mask | (1 << THRESHOLDS.indexOf(one)), 0);
  return {
    ...common,
    source: common.source ?? source(0, number),
    eventType: THRESHOLD,
    analog: {
      factors: factorsOf(sensor, min, max),
      unit,
      percentage: sensor.unit === 'percent',
      min,
      max,
      nominal,
      thresholds,
      settable,
      hysteresis,
    },
  };
}

function factorsOf({ name, linearization = 'linear', curve }: SensorOptions, min: number, max: number): Factors {
  if (curve) {
    const rises = curve.every(([raw], i) => i === 0 || raw > curve[i - 1][0]);
    const steady = curve.every(([, value], i) => i < 2 || value > curve[i - 1][1] === curve[1][1] > curve[0][1]);
    if (curve.length < 2 || !rises || !steady)
      throw new SettingsError(`sensor ${name}: a curve needs rising readings, and values that only rise or only fall`);
    return { m: 1, b: 0, k1: 0, k2: 0, signed: false, linearization: NON_LINEAR, curve };
  }
  const code = LINEARIZATIONS.findIndex((one) => one.name === linearization);
  const { inverse } = LINEARIZATIONS[code];
  if (![min, max].every((value) => Number.isFinite(inverse(value))))
    throw new SettingsError(`sensor ${name}: ${linearization} does not reach all of the range ${min} to ${max}`);
  return factorsFor(min, max, code);
}

const maskOf = (offsets: readonly number[]): number => offsets.reduce((mask, offset) => mask | (1 << offset), 0);
