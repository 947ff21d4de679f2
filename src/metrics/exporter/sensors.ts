import { CC, IpmiError } from '../../codec/index.ts';
import { SensorType } from '../../commands/codes/sensor-types.ts';
import { Unit } from '../../commands/codes/units.ts';
import { NetFn } from '../../commands/command.ts';
import { GetSensorReading } from '../../commands/sensor/sensors.ts';
import { readSdrs, type Client } from '../../client/index.ts';
import { toReal } from '../../machine/sensors/sensor-factors.ts';
import { idName, type SdrRecord } from '../../records/index.ts';
import type { Family, Labels } from '../exposition.ts';
import { levelOfStates, levelOfThresholds } from './sensor-states.ts';
import { typeName } from './sensor-types.ts';

/** An SDR of a sensor that can be read. */
type SensorRecord = Extract<SdrRecord, { kind: 'full' | 'compact' }>;

type Shared = Extract<SdrRecord, { kind: 'compact' }>['body'];

/** The event type of sensors that are held against thresholds. */
const THRESHOLD = 0x01;
const NO_ANALOG = 3;

interface Metric {
  /** Without the suffix of the value: `ipmi_temperature`. */
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly scale?: number;
}

const GENERIC: Metric = { name: 'ipmi_sensor', unit: 'value', help: 'A value of a sensor of another kind.' };
const METRICS: Readonly<Record<number, Metric>> = {
  [Unit.DegreesC]: { name: 'ipmi_temperature', unit: 'celsius', help: 'Temperature in degrees Celsius.' },
  [Unit.Volts]: { name: 'ipmi_voltage', unit: 'volts', help: 'Voltage in volts.' },
  [Unit.Amps]: { name: 'ipmi_current', unit: 'amperes', help: 'Current in amperes.' },
  [Unit.Watts]: { name: 'ipmi_power', unit: 'watts', help: 'Power in watts.' },
  [Unit.Rpm]: { name: 'ipmi_fan_speed', unit: 'rpm', help: 'Fan speed in rotations per minute.' },
};
const FAN_RATIO: Metric = {
  name: 'ipmi_fan_speed',
  unit: 'ratio',
  help: 'Fan speed as a part of the highest.',
  scale: 0.01,
};
const ALL = [...Object.values(METRICS), FAN_RATIO, GENERIC];

interface Found {
  readonly metric: Metric;
  readonly labels: Labels;
  readonly value: number;
  readonly state: number;
}

/** Each sensor that the SDR repository knows: its value and how bad it is. Throws IpmiError, DecodeError. */
export async function sensorFamilies(client: Client): Promise<Family[]> {
  const found: Found[] = [];
  for (const record of await readSdrs(client))
    if (record.kind === 'full' || record.kind === 'compact')
      for (let i = 0; i < sharesOf(record); i++) {
        const sensor = await sensorFound(client, record, i);
        if (sensor) found.push(sensor);
      }
  const families = new Map<string, Family & { samples: Family['samples'][number][] }>();
  const add = (name: string, help: string, labels: Labels, value: number): void => {
    const family = families.get(name) ?? { name, help, type: 'gauge', samples: [] };
    families.set(name, family);
    family.samples.push({ labels, value });
  };
  for (const metric of ALL)
    for (const { labels, value, state } of found.filter((candidate) => candidate.metric === metric)) {
      add(`${metric.name}_${metric.unit}`, metric.help, labels, value);
      add(`${metric.name}_state`, '0: nominal, 1: warning, 2: critical, NaN: not known.', labels, state);
    }
  return [...families.values()];
}

/** A compact record may stand for some sensors with numbers in a row (§43.2). */
const sharesOf = (record: SensorRecord): number =>
  record.kind === 'compact' ? Math.max(1, record.body.shareCount) : 1;

/** What tells the names of those of one record apart: numbers, or letters as of columns of a sheet. */
function modifierOf({ shareCount, idModifierType, idModifierOffset }: Shared, at: number): string {
  if (shareCount <= 1) return '';
  const number = idModifierOffset + at;
  return idModifierType === 0 ? String(number) : String.fromCharCode(0x41 + (number % 26));
}

/** Answers of a sensor that has no reading now, or never: FreeIPMI leaves it out. */
const WITHOUT: readonly number[] = [
  CC.NotPresent,
  CC.IllegalForSensor,
  CC.ResponseUnavailable,
  CC.NotSupportedInState,
];

/** Undefined: it has no reading. */
async function sensorFound(client: Client, record: SensorRecord, at: number): Promise<Found | undefined> {
  const { body, recordId, kind } = record;
  const name = idName(body.id) + (kind === 'compact' ? modifierOf(body, at) : '');
  const metric = metricOf(record);
  const labels = {
    id: String(recordId),
    name,
    ...(metric === GENERIC && { type: typeName(body.sensorType) }),
  };
  const answer = await client.raw(
    NetFn.SensorEvent,
    GetSensorReading.cmd,
    Uint8Array.of(body.sensorNumber + at),
    body.lun,
  );
  const cc = answer[0] ?? CC.Unspecified;
  if (WITHOUT.includes(cc)) return undefined;
  if (cc !== CC.Ok) throw new IpmiError(cc, `${GetSensorReading.name} of '${name}'`);
  const {
    reading,
    states,
    statesHigh = 0,
    unavailable,
    scanning,
  } = GetSensorReading.response.decode(answer, 1);
  if (unavailable || !scanning) return undefined;
  const isThreshold = body.eventType === THRESHOLD;
  const state = isThreshold
    ? levelOfThresholds(states)
    : levelOfStates(body.sensorType, body.eventType, states | ((statesHigh & 0x7f) << 8));
  const value = record.kind === 'full' && body.format !== NO_ANALOG ? valueOf(record, reading) : NaN;
  return { metric, labels, value: value * (metric.scale ?? 1), state };
}

function metricOf({ body, kind }: SensorRecord): Metric {
  const { percentage, sensorType, rateUnit, modifier, baseUnit, format } = body;
  if (kind !== 'full' || format === NO_ANALOG) return GENERIC;
  if (percentage) return sensorType === SensorType.Fan ? FAN_RATIO : GENERIC;
  return rateUnit === 0 && modifier === 0 ? (METRICS[baseUnit] ?? GENERIC) : GENERIC;
}

function valueOf({ body }: Extract<SensorRecord, { kind: 'full' }>, reading: number): number {
  const tenBits = (low: number, high: number): number => ((low | (high << 8)) << 22) >> 22;
  const factors = {
    m: tenBits(body.mLow, body.mHigh),
    b: tenBits(body.bLow, body.bHigh),
    k1: body.bExponent,
    k2: body.rExponent,
    signed: body.format !== 0,
    onesComplement: body.format === 1,
    linearization: body.linearization,
  };
  return toReal(factors, reading);
}
