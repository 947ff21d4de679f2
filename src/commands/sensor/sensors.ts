import {
  bit,
  bits,
  byte,
  bytes,
  layout,
  nested,
  optional,
  pad,
  repeat,
  rest,
  u16,
  u8,
} from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const sensorNumber = u8;
/** A bit for each threshold. */
const thresholdMask = byte({ unr: bit(5), uc: bit(4), unc: bit(3), lnr: bit(2), lc: bit(1), lnc: bit(0) });
/** What a mask says about Get Sensor Threshold and its values. */
const thresholds = { ...thresholdMask, values: repeat(u8, 6) };

export const GetSensorReadingFactors = command({
  name: 'Get Sensor Reading Factors',
  spec: 'IPMI 2.0 §35.5',
  netFn: NetFn.SensorEvent,
  cmd: 0x23,
  privilege: Privilege.User,
  request: { sensorNumber, reading: u8 },
  response: {
    nextReading: u8,
    mLow: u8,
    ...byte({ mHigh: bits(7, 6), tolerance: bits(5, 0) }),
    bLow: u8,
    ...byte({ bHigh: bits(7, 6), accuracyLow: bits(5, 0) }),
    ...byte({ accuracyHigh: bits(7, 4), accuracyExponent: bits(3, 2) }),
    ...byte({ rExponent: bits(7, 4), bExponent: bits(3, 0) }),
  },
});

export const SetSensorHysteresis = command({
  name: 'Set Sensor Hysteresis',
  spec: 'IPMI 2.0 §35.6',
  netFn: NetFn.SensorEvent,
  cmd: 0x24,
  privilege: Privilege.Operator,
  request: { sensorNumber, mask: pad(1, 0xff), positive: u8, negative: u8 },
  response: {},
});

export const GetSensorHysteresis = command({
  name: 'Get Sensor Hysteresis',
  spec: 'IPMI 2.0 §35.7',
  netFn: NetFn.SensorEvent,
  cmd: 0x25,
  privilege: Privilege.User,
  request: { sensorNumber, mask: pad(1, 0xff) },
  response: { positive: u8, negative: u8 },
});

export const SetSensorThreshold = command({
  name: 'Set Sensor Threshold',
  spec: 'IPMI 2.0 §35.8',
  netFn: NetFn.SensorEvent,
  cmd: 0x26,
  privilege: Privilege.Operator,
  /** Six values always, in the order LNC, LC, LNR, UNC, UC, UNR; the mask chooses. */
  request: { sensorNumber, ...thresholds },
  response: {},
});

export const GetSensorThreshold = command({
  name: 'Get Sensor Threshold',
  spec: 'IPMI 2.0 §35.9',
  netFn: NetFn.SensorEvent,
  cmd: 0x27,
  privilege: Privilege.User,
  request: { sensorNumber },
  response: { ...thresholds },
});

/** `update`: 0 leave the masks, 1 enable the selected events, 2 disable them. */
const enables = byte({ events: bit(7), scanning: bit(6), update: bits(5, 4) });

export const SetSensorEventEnable = command({
  name: 'Set Sensor Event Enable',
  spec: 'IPMI 2.0 §35.10',
  netFn: NetFn.SensorEvent,
  cmd: 0x28,
  privilege: Privilege.Operator,
  /** Up to four mask bytes, assertions before deassertions; each may be left out. */
  request: { sensorNumber, ...enables, masks: rest(0, 4) },
  response: {},
});

export const GetSensorEventEnable = command({
  name: 'Get Sensor Event Enable',
  spec: 'IPMI 2.0 §35.11',
  netFn: NetFn.SensorEvent,
  cmd: 0x29,
  privilege: Privilege.User,
  request: { sensorNumber },
  response: { ...byte({ events: bit(7), scanning: bit(6) }), assertions: u16, deassertions: u16 },
});

export const RearmSensorEvents = command({
  name: 'Re-arm Sensor Events',
  spec: 'IPMI 2.0 §35.12',
  netFn: NetFn.SensorEvent,
  cmd: 0x2a,
  privilege: Privilege.Operator,
  /** `selected` false: all events. */
  request: { sensorNumber, ...byte({ selected: bit(7) }), masks: rest(0, 4) },
  response: {},
});

export const GetSensorEventStatus = command({
  name: 'Get Sensor Event Status',
  spec: 'IPMI 2.0 §35.13',
  netFn: NetFn.SensorEvent,
  cmd: 0x2b,
  privilege: Privilege.User,
  request: { sensorNumber },
  response: {
    ...byte({ events: bit(7), scanning: bit(6), unavailable: bit(5) }),
    assertions: u16,
    deassertions: u16,
  },
});

export const GetSensorReading = command({
  name: 'Get Sensor Reading',
  spec: 'IPMI 2.0 §35.14',
  netFn: NetFn.SensorEvent,
  cmd: 0x2d,
  privilege: Privilege.User,
  request: { sensorNumber },
  response: {
    reading: u8,
    ...byte({ events: bit(7), scanning: bit(6), unavailable: bit(5) }),
    /** Threshold: comparison in bits 5:0, bits 7:6 read 1. Discrete: states 7:0. */
    states: u8,
    /** Discrete: states 14:8, bit 7 reads 1. */
    statesHigh: optional(u8),
  },
});

export const SetSensorType = command({
  name: 'Set Sensor Type',
  spec: 'IPMI 2.0 §35.15',
  netFn: NetFn.SensorEvent,
  cmd: 0x2e,
  privilege: Privilege.Operator,
  request: { sensorNumber, type: u8, ...byte({ eventType: bits(6, 0) }) },
  response: {},
});

export const GetSensorType = command({
  name: 'Get Sensor Type',
  spec: 'IPMI 2.0 §35.16',
  netFn: NetFn.SensorEvent,
  cmd: 0x2f,
  privilege: Privilege.User,
  request: { sensorNumber },
  response: { type: u8, ...byte({ eventType: bits(6, 0) }) },
});

/** What to do with a group of bits (§35.17). */
export const BitsOperation = { Keep: 0, Write: 1, Set: 2, Clear: 3 } as const;

/**
 * What the event data of the request are for: nothing, all of the sensor's next events, or those but for the
 * offset.
 */
export const EventDataOperation = { Own: 0, WithOffset: 1, WithoutOffset: 2 } as const;

const EventBits = layout('event bits', { assertions: u16, deassertions: u16 });

export const SetSensorReadingAndEventStatus = command({
  name: 'Set Sensor Reading And Event Status',
  spec: 'IPMI 2.0 §35.17',
  netFn: NetFn.SensorEvent,
  cmd: 0x30,
  privilege: Privilege.Operator,
  codes: {
    notSettable: [0x80, 'attempt to change reading or status that is not settable'],
    noEventData: [0x81, 'attempt to set event data bytes that is not supported'],
  },
  request: {
    sensorNumber,
    ...byte({ eventData: bits(7, 6), assertion: bits(5, 4), deassertion: bits(3, 2), reading: bits(1, 0) }),
    value: optional(u8),
    status: optional(nested(EventBits)),
    data: optional(bytes(3)),
  },
  response: {},
});
