import type { Identity } from './identity.ts';
import { CompactSensorRecord, FullSensorRecord, idBytes, sdrRecord, SdrType } from './sdr-records.ts';
import { toRaw } from './sensor-factors.ts';
import { THRESHOLDS, type Sensor } from './sensor.ts';

const NO_ANALOG_READING = 3;
const TWOS_COMPLEMENT = 2;
const SETTABLE = 2;
const INPUT = 1;

/** The SDR that describes a sensor: full for an analog one, compact for a discrete one (IPMI 2.0 §43.1, §43.2). */
export function sensorSdr(sensor: Sensor, { address: ownerId, channel }: Pick<Identity, 'address' | 'channel'>): Uint8Array {
  const { number, lun = 0, name, entityId, entityInstance, type, eventType, analog, possibleStates = 0 } = sensor.declaration;
  const events = sensor.possibleEvents;
  const common = {
    ownerId,
    channel,
    lun,
    sensorNumber: number,
    entityId,
    entityInstance,
    initScanning: true,
    initEvents: true,
    initThresholds: analog !== undefined,
    initHysteresis: analog !== undefined,
    initSensorType: true,
    powerUpEvents: true,
    powerUpScanning: true,
    ignore: false,
    autoRearm: true,
    eventControl: 0,
    sensorType: type,
    eventType,
    rateUnit: 0,
    modifier: 0,
    percentage: false,
    modifierUnit: 0,
    oem: 0,
    id: idBytes(name),
  };
  if (!analog) {
    return sdrRecord(SdrType.Compact, CompactSensorRecord, {
      ...common,
      hysteresis: 0,
      thresholds: 0,
      assertions: events,
      deassertions: events,
      readable: possibleStates,
      format: NO_ANALOG_READING,
      baseUnit: 0,
      idModifierType: 0,
      shareCount: 1,
      entityInstanceShared: false,
      idModifierOffset: 0,
      positiveHysteresis: 0,
      negativeHysteresis: 0,
    });
  }
  const { factors, unit, min, max, nominal } = analog;
  const mask = sensor.thresholdMask;
  const { positive, negative } = sensor.hysteresis;
  const [lnc, lc, lnr, unc, uc, unr] = THRESHOLDS.map((threshold) => sensor.threshold(threshold) ?? 0);
  return sdrRecord(SdrType.Full, FullSensorRecord, {
    ...common,
    hysteresis: SETTABLE,
    thresholds: mask === 0 ? 0 : SETTABLE,
    // Bits 14:12: which comparison results Get Sensor Reading returns, lower ones here, upper ones below.
    assertions: events | ((mask & 7) << 12),
    deassertions: events | ((mask >> 3) << 12),
    readable: mask | (mask << 8),
    format: factors.signed ? TWOS_COMPLEMENT : 0,
    baseUnit: unit,
    linearization: 0,
    mLow: factors.m & 0xff,
    mHigh: (factors.m >> 8) & 3,
    tolerance: 0,
    bLow: factors.b & 0xff,
    bHigh: (factors.b >> 8) & 3,
    accuracyLow: 0,
    accuracyHigh: 0,
    accuracyExponent: 0,
    direction: INPUT,
    rExponent: factors.k2,
    bExponent: factors.k1,
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
