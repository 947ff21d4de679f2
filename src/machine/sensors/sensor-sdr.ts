import type { Identity } from '../../state/app/identity.ts';
import { NON_LINEAR } from './linearization.ts';
import {
  CompactSensorRecord,
  EventOnlyRecord,
  FullSensorRecord,
  idBytes,
  sdrRecord,
  SdrType,
} from '../../records/sdr.ts';
import { factorsAt, toRaw } from './sensor-factors.ts';
import type { AnalogDeclaration } from './sensor-declaration.ts';
import { THRESHOLDS, type Sensor } from './sensor.ts';

const NO_ANALOG_READING = 3;
const ONES_COMPLEMENT = 1;
const TWOS_COMPLEMENT = 2;
const READABLE = 1;
const SETTABLE = 2;
const INPUT = 1;

/** A record of its own, not one of several sensors. */
const ALONE = { idModifierType: 0, shareCount: 1, entityInstanceShared: false, idModifierOffset: 0 };

/** Where this controller is. */
type Place = Pick<Identity, 'address' | 'channel'>;

/**
 * The SDR that describes a sensor: the one it was loaded from, or full for an analog one, compact for a
 * discrete one, event-only (IPMI 2.0 §43.1-43.3).
 */
export function sensorSdr(sensor: Sensor, place: Place): Uint8Array {
  const { record, eventOnly, analog } = sensor.declaration;
  if (record) return record.slice();
  if (eventOnly) return eventOnlyRecord(sensor, place);
  return analog ? fullRecord(sensor, analog, place) : compactRecord(sensor, place);
}

/** What begins every record of a sensor. */
const keyFields = ({ declaration }: Sensor, { address: ownerId, channel }: Place) => {
  const { number: sensorNumber, lun = 0, entityId, entityInstance } = declaration;
  return { ownerId, channel, lun, sensorNumber, entityId, entityInstance };
};

function eventOnlyRecord(sensor: Sensor, place: Place): Uint8Array {
  const { type: sensorType, eventType, name } = sensor.declaration;
  return sdrRecord(SdrType.EventOnly, EventOnlyRecord, {
    ...keyFields(sensor, place),
    ...ALONE,
    sensorType,
    eventType,
    oem: 0,
    id: idBytes(name),
  });
}

/** What full and compact records have in common. */
function readableFields(sensor: Sensor, place: Place) {
  const { type: sensorType, eventType, name, analog, manualRearm = false } = sensor.declaration;
  return {
    ...keyFields(sensor, place),
    initScanning: true,
    initEvents: true,
    initThresholds: analog !== undefined,
    initHysteresis: analog !== undefined,
    initSensorType: true,
    powerUpEvents: true,
    powerUpScanning: true,
    ignore: false,
    autoRearm: !manualRearm,
    eventControl: 0,
    sensorType,
    eventType,
    rateUnit: 0,
    modifier: 0,
    percentage: analog?.percentage ?? false,
    modifierUnit: 0,
    oem: 0,
    id: idBytes(name),
  };
}

function compactRecord(sensor: Sensor, place: Place): Uint8Array {
  const { possibleAssertions, possibleDeassertions, declaration } = sensor;
  return sdrRecord(SdrType.Compact, CompactSensorRecord, {
    ...readableFields(sensor, place),
    hysteresis: 0,
    thresholds: 0,
    assertions: possibleAssertions,
    deassertions: possibleDeassertions,
    readable: declaration.possibleStates ?? 0,
    format: NO_ANALOG_READING,
    baseUnit: 0,
    ...ALONE,
    positiveHysteresis: 0,
    negativeHysteresis: 0,
  });
}

function fullRecord(sensor: Sensor, analog: AnalogDeclaration, place: Place): Uint8Array {
  const { possibleAssertions, possibleDeassertions } = sensor;
  const { factors, unit, min, max, nominal, settable } = analog;
  // Of a non-linear sensor, the factors around its nominal reading.
  const { m, b, k1, k2 } = factorsAt(factors, toRaw(factors, nominal ?? (min + max) / 2)).factors;
  const mask = sensor.thresholdMask;
  const { positive, negative } = sensor.hysteresis;
  const [lnc, lc, lnr, unc, uc, unr] = THRESHOLDS.map((threshold) => sensor.threshold(threshold) ?? 0);
  return sdrRecord(SdrType.Full, FullSensorRecord, {
    ...readableFields(sensor, place),
    hysteresis: SETTABLE,
    thresholds: mask === 0 ? 0 : settable === 0 ? READABLE : SETTABLE,
    // Bits 14:12: which comparison results Get Sensor Reading returns, lower ones here, upper ones below.
    assertions: possibleAssertions | ((mask & 7) << 12),
    deassertions: possibleDeassertions | ((mask >> 3) << 12),
    readable: mask | ((settable ?? mask) << 8),
    format: factors.onesComplement ? ONES_COMPLEMENT : factors.signed ? TWOS_COMPLEMENT : 0,
    baseUnit: unit,
    linearization: factors.curve ? NON_LINEAR : (factors.linearization ?? 0),
    mLow: m & 0xff,
    mHigh: (m >> 8) & 3,
    tolerance: 0,
    bLow: b & 0xff,
    bHigh: (b >> 8) & 3,
    accuracyLow: 0,
    accuracyHigh: 0,
    accuracyExponent: 0,
    direction: INPUT,
    rExponent: k2,
    bExponent: k1,
    normalMinSpecified: false,
    normalMaxSpecified: false,
    nominalSpecified: nominal !== undefined,
    nominal: nominal === undefined ? 0 : toRaw(factors, nominal),
    normalMax: 0,
    normalMin: 0,
    sensorMax: toRaw(factors, max),
    sensorMin: toRaw(factors, min),
    unr,
    uc,
    unc,
    lnr,
    lc,
    lnc,
    positiveHysteresis: positive,
    negativeHysteresis: negative,
  });
}
