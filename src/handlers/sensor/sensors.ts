import { CC, IpmiError } from '../../codec/index.ts';
import {
  BitsOperation,
  EventDataOperation,
  GetSensorEventEnable,
  GetSensorEventStatus,
  GetSensorHysteresis,
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThreshold,
  GetSensorType,
  RearmSensorEvents,
  SetSensorEventEnable,
  SetSensorHysteresis,
  SetSensorReadingAndEventStatus,
  SetSensorThreshold,
  SetSensorType,
} from '../../commands/sensor/sensors.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { factorsAt } from '../../machine/sensors/sensor-factors.ts';
import { THRESHOLDS, type Sensor, type ThresholdName } from '../../machine/sensors/sensor.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

const LINEAR_FACTORS = { tolerance: 0, accuracyLow: 0, accuracyHigh: 0, accuracyExponent: 0 };

export const sensorHandlers: readonly Handler<BmcState>[] = [
  handle(GetSensorReadingFactors, ({ sensorNumber, reading }, context) => {
    const { factors, next } = factorsAt(sensorOf(context, sensorNumber).requireAnalog().factors, reading);
    const { m, b, k1, k2 } = factors;
    return {
      nextReading: next,
      mLow: m & 0xff,
      mHigh: (m >> 8) & 3,
      bLow: b & 0xff,
      bHigh: (b >> 8) & 3,
      rExponent: k2 & 0xf,
      bExponent: k1 & 0xf,
      ...LINEAR_FACTORS,
    };
  }),

  handle(SetSensorHysteresis, ({ sensorNumber, positive, negative }, context) => {
    const sensor = sensorOf(context, sensorNumber);
    sensor.requireAnalog();
    return after(sensor.setHysteresis(positive, negative), {});
  }),

  handle(GetSensorHysteresis, ({ sensorNumber }, context) => sensorOf(context, sensorNumber).hysteresis),

  handle(SetSensorThreshold, (request, context) => {
    const sensor = sensorOf(context, request.sensorNumber);
    const { settable = sensor.thresholdMask } = sensor.requireAnalog();
    const chosen = THRESHOLDS.flatMap((name, i): [ThresholdName, number][] =>
      request[name] ? [[name, request.values[i]]] : [],
    );
    for (const [name] of chosen)
      if (sensor.threshold(name) === undefined || !(settable & (1 << THRESHOLDS.indexOf(name))))
        throw new IpmiError(CC.InvalidDataField, `${sensor.declaration.name} has no ${name} to set`);
    return after(sensor.setThresholds(Object.fromEntries(chosen)), {});
  }),

  handle(GetSensorThreshold, ({ sensorNumber }, context) => {
    const sensor = sensorOf(context, sensorNumber);
    sensor.requireAnalog();
    const has = (name: ThresholdName): boolean => sensor.threshold(name) !== undefined;
    return {
      lnc: has('lnc'),
      lc: has('lc'),
      lnr: has('lnr'),
      unc: has('unc'),
      uc: has('uc'),
      unr: has('unr'),
      values: THRESHOLDS.map((name) => sensor.threshold(name) ?? 0),
    };
  }),

  handle(SetSensorEventEnable, ({ sensorNumber, events, scanning, update, masks }, context) => {
    const sensor = sensorOf(context, sensorNumber);
    if (update > 2) throw new IpmiError(CC.InvalidDataField, `event enable ${update}`);
    const { assertions, deassertions } = sensor.enables;
    const [up, down] = maskPair(masks);
    const changed = (before: number, mask: number): number =>
      update === 1 ? before | mask : update === 2 ? before & ~mask : before;
    return after(
      sensor.setEnables({
        events,
        scanning,
        assertions: changed(assertions, up),
        deassertions: changed(deassertions, down),
      }),
      {},
    );
  }),

  handle(GetSensorEventEnable, ({ sensorNumber }, context) => sensorOf(context, sensorNumber).enables),

  handle(RearmSensorEvents, ({ sensorNumber, selected, masks }, context) => {
    const [assertions, deassertions] = selected ? maskPair(masks) : [0x7fff, 0x7fff];
    sensorOf(context, sensorNumber).rearm(assertions, deassertions);
  }),

  handle(GetSensorEventStatus, ({ sensorNumber }, context) => {
    const sensor = sensorOf(context, sensorNumber);
    const unavailable = sensor.declaration.eventOnly ? false : sensor.read().unavailable;
    const { events, scanning } = sensor.enables;
    return { events, scanning, unavailable, ...sensor.eventStatus };
  }),

  handle(GetSensorReading, ({ sensorNumber }, context) => {
    const sensor = sensorOf(context, sensorNumber);
    const { raw, states, unavailable } = sensor.read();
    const { events, scanning } = sensor.enables;
    if (sensor.isThreshold) return { reading: raw, events, scanning, unavailable, states: 0xc0 | states };
    return {
      reading: raw,
      events,
      scanning,
      unavailable,
      states: states & 0xff,
      statesHigh: 0x80 | (states >> 8),
    };
  }),

  handle(SetSensorType, ({ sensorNumber, type, eventType }, context) =>
    after(sensorOf(context, sensorNumber).setType(type, eventType), {}),
  ),

  handle(GetSensorType, ({ sensorNumber }, context) => {
    const { sensor, event } = sensorOf(context, sensorNumber).type;
    return { type: sensor, eventType: event };
  }),

  handle(
    SetSensorReadingAndEventStatus,
    ({ sensorNumber, eventData, assertion, deassertion, reading, value, status, data }, context) => {
      const sensor = sensorOf(context, sensorNumber);
      if (reading > BitsOperation.Write)
        throw new IpmiError(CC.InvalidDataField, `reading operation ${reading}`);
      if (eventData > EventDataOperation.WithoutOffset)
        throw new IpmiError(CC.InvalidDataField, `event data operation ${eventData}`);
      if (eventData !== EventDataOperation.Own && data === undefined)
        throw new IpmiError(CC.RequestLengthInvalid, 'no event data');
      if (reading === BitsOperation.Write && value === undefined)
        throw new IpmiError(CC.RequestLengthInvalid, 'no reading');
      const keepsStatus = assertion === BitsOperation.Keep && deassertion === BitsOperation.Keep;
      if (!keepsStatus && status === undefined)
        throw new IpmiError(CC.RequestLengthInvalid, 'no event status');
      // Before the reading: its events carry the data.
      sensor.setEventData(
        data === undefined || eventData === EventDataOperation.Own
          ? undefined
          : { data, withOffset: eventData === EventDataOperation.WithOffset },
      );
      if (reading === BitsOperation.Write && value !== undefined && sensor.isThreshold) sensor.setRaw(value);
      if (keepsStatus || status === undefined) return;
      const before = sensor.eventStatus;
      const assertions = changedBits(assertion, before.assertions, status.assertions & 0x7fff);
      // What a discrete sensor asserts is its state.
      if (!sensor.isThreshold && assertion !== BitsOperation.Keep) sensor.setStates(assertions);
      else
        sensor.setEventStatus(
          assertions,
          changedBits(deassertion, before.deassertions, status.deassertions & 0x7fff),
        );
    },
  ),
];

const sensorOf = ({ bmc, lun }: Context<BmcState>, number: number): Sensor => bmc.sensors.get(number, lun);

/** Two masks of two bytes, of which any at the end may be missing. */
const maskPair = (masks: Uint8Array): [number, number] => [
  (masks[0] ?? 0) | ((masks[1] ?? 0) << 8),
  (masks[2] ?? 0) | ((masks[3] ?? 0) << 8),
];

function changedBits(operation: number, before: number, bits: number): number {
  if (operation === BitsOperation.Write) return bits;
  if (operation === BitsOperation.Set) return before | bits;
  return operation === BitsOperation.Clear ? before & ~bits : before;
}
