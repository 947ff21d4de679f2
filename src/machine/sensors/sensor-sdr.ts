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
import { THRESHOLDS, type Sensor } from './sensor.ts';

const NO_ANALOG_READING = 3;
const ONES_COMPLEMENT = 1;
const TWOS_COMPLEMENT = 2;
const READABLE = 1;
const SETTABLE = 2;
const INPUT = 1;

/**
 * The SDR that describes a sensor: the one it was loaded from, or full for an analog one, compact for a
 * discrete one, event-only (IPMI 2.0 §43.1-43.3).
 */
export function sensorSdr(
  sensor: Sensor,
  { address: ownerId, channel }: Pick<Identity, 'address' | 'channel'>,
): Uint8Array {
  const { declaration, possibleAssertions, possibleDeassertions } = sensor;
  const {
    number,
    lun = 0,
    name,
    entityId,
    entityInstance,
    type,
    eventType,
    analog,
    possibleStates = 0,
    manualRearm = false,
    record,
  } = declaration;
  if (record) return record.slice();
  const owner = { ownerId, channel, lun, sensorNumber: number, entityId, entityInstance };
  const alone = { idModifierType: 0, shareCount: 1, entityInstanceShared: false, idModifierOffset: 0 };
  if (declaration.eventOnly) {
    return sdrRecord(SdrType.EventOnly, EventOnlyRecord, {
      ...owner,
      ...alone,
      sensorType: type,
      eventType,
      oem: 0,
      id: idBytes(name),
    });
  }
  const common = {
    ...owner,
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
    sensorType: type,
    eventType,
    rateUnit: 0,
    modifier: 0,
    percentage: analog?.percentage ?? false,
    modifierUnit: 0,
    oem: 0,
    id: idBytes(name),
  };
  if (!analog) {
    return sdrRecord(SdrType.Compact, CompactSensorRecord, {
      ...common,
      hysteresis: 0,
      thresholds: 0,
      assertions: possibleAssertions,
      deassertions: possibleDeassertions,
      readable: possibleStates,
      format: NO_ANALOG_READING,
      baseUnit: 0,
      ...alone,
      positiveHysteresis: 0,
      negativeHysteresis: 0,
    });
  }
  const { factors, unit, min, max, nominal, settable } = analog;
  // Of a non-linear sensor, the factors around its nominal reading.
  const { m, b, k1, k2 } = factorsAt(factors, toRaw(factors, nominal ?? (min + max) / 2)).factors;
  const mask = sensor.thresholdMask;
  const { positive, negative } = sensor.hysteresis;
  const [lnc, lc, lnr, unc, uc, unr] = THRESHOLDS.map((threshold) => sensor.threshold(threshold) ?? 0);
  return sdrRecord(SdrType.Full, FullSensorRecord, {
    ...common,
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
