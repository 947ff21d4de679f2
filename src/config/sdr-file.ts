import { DecodeError } from '../codec/index.ts';
import {
  CompactSensorRecord,
  EventOnlyRecord,
  FullSensorRecord,
  idLetters,
  idName,
  SDR_HEADER,
  SdrHeader,
  SdrType,
} from '../records/sdr.ts';
import { toReal, type Factors } from '../machine/sensors/sensor-factors.ts';
import { sensorsNamed, unclearName } from '../machine/sensors/sensor-name.ts';
import {
  sensorDeclaration,
  THRESHOLDS,
  type AnalogDeclaration,
  type SensorDeclaration,
  type ThresholdName,
} from '../machine/sensors/sensor.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { SettingsError } from '../settings/errors.ts';
import type { BmcOptions } from './options.ts';
import { secondsOf } from '../settings/texts.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import { sourceOf, type SensorValue } from '../kinds/sources/index.ts';
import type { SdrOptions } from './sensor-schema.ts';

const THRESHOLD = 0x01;
const NO_ANALOG_READING = 3;
const SETTABLE = 2;
const TEN_BITS = 1024;
/** FFh is reserved (IPMI 2.0 §43.1). */
const MOST_NUMBER = 254;

/** The records of a dump, one behind the other. Throws SettingsError. */
export function recordsInFile({ file, image }: SdrOptions): Uint8Array[] {
  if (file !== undefined && !image)
    throw new SettingsError(`sdr: '${file}' was not read; give its bytes as image`);
  if (!image) return [];
  const records: Uint8Array[] = [];
  for (let at = 0; at < image.length;) {
    const end = at + SDR_HEADER + (image[at + 4] ?? 0);
    if (at + SDR_HEADER > image.length || end > image.length)
      throw new SettingsError(
        `sdr ${file ?? 'image'}: record ${records.length + 1} at byte ${at} goes on behind the end`,
      );
    records.push(image.slice(at, end));
    at = end;
  }
  return records;
}

/** When the records were written, in seconds, if anybody says. */
export const sdrTimeOf = ({ sdr }: BmcOptions): number | undefined =>
  sdr?.time === undefined ? undefined : secondsOf(sdr.time);

/** The sensors of this controller that a dump describes. Throws SettingsError. */
export function sensorsInFile(sdr: SdrOptions, kinds: Kinds = OUR_KINDS): SensorDeclaration[] {
  const sensors = recordsInFile(sdr).flatMap((record, i) => {
    try {
      return sensorsIn(record);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new SettingsError(`sdr ${sdr.file ?? 'image'}: record ${i + 1}: ${error.message}`);
    }
  });
  const values = new Map<SensorDeclaration, SensorValue>();
  for (const [name, value] of Object.entries(sdr.values ?? {})) {
    const found = sensorsNamed(sensors, name, (sensor) => sensor);
    if (found.length !== 1)
      throw new SettingsError(`${unclearName(name, found)}, in ${sdr.file ?? 'the image'}`, ['values', name]);
    if (values.has(found[0]))
      throw new SettingsError(`'${name}' has a value by another name already`, ['values', name]);
    values.set(found[0], value);
  }
  return sensors.map((sensor) => {
    const value = values.get(sensor);
    const seed = ((sensor.lun ?? 0) << 8) | sensor.number;
    return sensorDeclaration(
      value === undefined || sensor.eventOnly
        ? sensor
        : { ...sensor, source: sourceOf(value, seed, kinds.sources) },
    );
  });
}

function sensorsIn(record: Uint8Array): SensorDeclaration[] {
  switch (SdrHeader.decode(record, 0, SDR_HEADER).type) {
    case SdrType.Full:
      return full(record);
    case SdrType.Compact:
      return shared(record, CompactSensorRecord.decode(record, SDR_HEADER));
    case SdrType.EventOnly:
      return shared(record, { ...EventOnlyRecord.decode(record, SDR_HEADER), eventOnly: true });
    default:
      return [];
  }
}

function full(record: Uint8Array): SensorDeclaration[] {
  const values = FullSensorRecord.decode(record, SDR_HEADER);
  const {
    ownerId,
    lun,
    sensorNumber,
    entityId,
    entityInstance,
    sensorType,
    eventType,
    format,
    assertions,
    deassertions,
  } = values;
  if (ownerId !== BMC_ADDRESS) return [];
  const common = {
    number: sensorNumber,
    lun,
    name: idName(values.id),
    entityId,
    entityInstance,
    type: sensorType,
    eventType,
    manualRearm: !values.autoRearm,
    record,
  };
  if (eventType !== THRESHOLD || format === NO_ANALOG_READING)
    return [
      {
        ...common,
        possibleStates: values.readable,
        states: 0,
        assertionEvents: assertions & 0x7fff,
        deassertionEvents: deassertions & 0x7fff,
      },
    ];
  return [
    {
      ...common,
      analog: analogOf(values),
      assertionEvents: assertions & 0xfff,
      deassertionEvents: deassertions & 0xfff,
    },
  ];
}

function analogOf(values: ReturnType<typeof FullSensorRecord.decode>): AnalogDeclaration {
  const factors: Factors = {
    m: tenBits(values.mLow, values.mHigh),
    b: tenBits(values.bLow, values.bHigh),
    k1: values.bExponent,
    k2: values.rExponent,
    signed: values.format === 1 || values.format === 2,
    onesComplement: values.format === 1,
    linearization: values.linearization,
  };
  const real = (raw: number): number => toReal(factors, raw);
  const there = values.thresholds === 0 ? 0 : (values.readable | (values.readable >> 8)) & 0x3f;
  const thresholds: Partial<Record<ThresholdName, number>> = {};
  for (const [i, name] of THRESHOLDS.entries()) if (there & (1 << i)) thresholds[name] = real(values[name]);
  const [min, max] = [real(values.sensorMin), real(values.sensorMax)];
  // What it reads until somebody gives it a value: something that is well.
  const normal =
    values.normalMinSpecified && values.normalMaxSpecified
      ? [real(values.normalMin), real(values.normalMax)]
      : undefined;
  const [low, high] = normal ?? [
    thresholds.lnc ?? thresholds.lc ?? min,
    thresholds.unc ?? thresholds.uc ?? max,
  ];
  return {
    factors,
    unit: values.baseUnit,
    percentage: values.percentage,
    min,
    max,
    nominal: values.nominalSpecified ? real(values.nominal) : (low + high) / 2,
    thresholds,
    settable: values.thresholds === SETTABLE ? (values.readable >> 8) & 0x3f : 0,
    hysteresisSteps: { positive: values.positiveHysteresis, negative: values.negativeHysteresis },
  };
}

const tenBits = (low: number, high: number): number => {
  const value = (high << 8) | low;
  return value >= TEN_BITS / 2 ? value - TEN_BITS : value;
};

interface SharedRecord {
  readonly ownerId: number;
  readonly lun: number;
  readonly sensorNumber: number;
  readonly entityId: number;
  readonly entityInstance: number;
  readonly sensorType: number;
  readonly eventType: number;
  readonly id: Uint8Array;
  readonly shareCount: number;
  readonly entityInstanceShared: boolean;
  readonly idModifierType: number;
  readonly idModifierOffset: number;
  readonly autoRearm?: boolean;
  readonly assertions?: number;
  readonly deassertions?: number;
  readonly readable?: number;
  readonly eventOnly?: boolean;
}

/** A compact or event-only record stands for as many sensors as share it (§43.2 bytes 24-25). */
function shared(record: Uint8Array, values: SharedRecord): SensorDeclaration[] {
  if (values.ownerId !== BMC_ADDRESS) return [];
  const {
    sensorNumber,
    lun,
    entityId,
    entityInstance,
    sensorType,
    eventType,
    eventOnly,
    autoRearm = true,
    shareCount,
  } = values;
  if (sensorNumber + shareCount - 1 > MOST_NUMBER)
    throw new SettingsError(
      `${shareCount} sensors from number ${sensorNumber} on share a record, and the last number is ${MOST_NUMBER}`,
    );
  return Array.from({ length: Math.max(shareCount, 1) }, (_, i) => ({
    number: sensorNumber + i,
    lun,
    name: shareCount > 1 ? idLetters(values.id) + modifier(values, i) : idName(values.id),
    entityId,
    entityInstance: entityInstance + (values.entityInstanceShared ? i : 0),
    type: sensorType,
    eventType,
    eventOnly,
    manualRearm: !autoRearm,
    possibleStates: values.readable ?? 0x7fff,
    states: 0,
    assertionEvents: values.assertions && values.assertions & 0x7fff,
    deassertionEvents: values.deassertions && values.deassertions & 0x7fff,
    record,
  }));
}

/** Numbers, or letters A..Z, AA.. (§43.2 byte 24). */
function modifier({ idModifierType, idModifierOffset }: SharedRecord, index: number): string {
  const value = idModifierOffset + index;
  if (idModifierType === 0) return String(value);
  const letter = (n: number): string => String.fromCharCode(0x41 + (n % 26));
  return value < 26 ? letter(value) : letter(Math.floor(value / 26) - 1) + letter(value);
}
