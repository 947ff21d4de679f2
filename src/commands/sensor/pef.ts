import { bit, bits, byte, bytes, layout, nested, optional, rest, timestamp, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { parameterAnswer, parameterCodes } from '../parameters.ts';
import { eventFields } from './events.ts';

/** Actions of PEF, by their bits in masks (IPMI 2.0 §17.6, §30.1). */
const actions = { diagnosticInterrupt: bit(5), oem: bit(4), powerCycle: bit(3), reset: bit(2), powerDown: bit(1), alert: bit(0) };

export const GetPefCapabilities = command({
  name: 'Get PEF Capabilities',
  spec: 'IPMI 2.0 §30.1',
  netFn: NetFn.SensorEvent,
  cmd: 0x10,
  privilege: Privilege.User,
  request: {},
  /** `version` 51h: 1.5, as digits, least significant first. */
  response: { version: u8, ...byte({ oemRecords: bit(7), ...actions }), filters: u8 },
});

export const ArmPefPostponeTimer = command({
  name: 'Arm PEF Postpone Timer',
  spec: 'IPMI 2.0 §30.2',
  netFn: NetFn.SensorEvent,
  cmd: 0x11,
  privilege: Privilege.Administrator,
  /** Seconds; 0: off, FEh: PEF is off until the next power-off or reset, FFh: only ask. */
  request: { timeout: u8 },
  response: { present: u8 },
});

export const SetPefConfigurationParameters = command({
  name: 'Set PEF Configuration Parameters',
  spec: 'IPMI 2.0 §30.3',
  netFn: NetFn.SensorEvent,
  cmd: 0x12,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  request: { ...byte({ parameter: bits(6, 0) }), data: rest() },
  response: {},
});

export const GetPefConfigurationParameters = command({
  name: 'Get PEF Configuration Parameters',
  spec: 'IPMI 2.0 §30.4',
  netFn: NetFn.SensorEvent,
  cmd: 0x13,
  privilege: Privilege.Operator,
  codes: parameterCodes,
  request: { ...byte({ revisionOnly: bit(7), parameter: bits(6, 0) }), setSelector: u8, blockSelector: u8 },
  response: parameterAnswer,
});

export const SetLastProcessedEventId = command({
  name: 'Set Last Processed Event ID',
  spec: 'IPMI 2.0 §30.5',
  netFn: NetFn.SensorEvent,
  cmd: 0x14,
  privilege: Privilege.Administrator,
  codes: { 0x81: 'SEL erase in progress' },
  /** `byBmc` false: by system software. */
  request: { ...byte({ byBmc: bit(0) }), recordId: u16 },
  response: {},
});

export const GetLastProcessedEventId = command({
  name: 'Get Last Processed Event ID',
  spec: 'IPMI 2.0 §30.6',
  netFn: NetFn.SensorEvent,
  cmd: 0x15,
  privilege: Privilege.Administrator,
  codes: { 0x81: 'SEL erase in progress' },
  request: {},
  /** `lastRecordId`: FFFFh, the SEL is empty. `bmcRecordId`: 0, the event was processed and could not be logged. */
  response: { lastAdded: timestamp, lastRecordId: u16, softwareRecordId: u16, bmcRecordId: u16 },
});

/** §30.7: what Alert Immediate is to do, and how the last one went. */
export const AlertOperation = { Start: 0, Status: 1, Clear: 2 } as const;
export const AlertStatus = { None: 0x00, NormalEnd: 0x01, CallRetriesFailed: 0x02, NotAcknowledged: 0x03, InProgress: 0xff } as const;

/** The event that an immediate alert tells of; without it, sensor and event are unspecified. */
export const AlertEvent = layout('alert event', { generator: u8, ...eventFields, data: bytes(3) });

export const AlertImmediate = command({
  name: 'Alert Immediate',
  spec: 'IPMI 2.0 §30.7',
  netFn: NetFn.SensorEvent,
  cmd: 0x16,
  privilege: Privilege.Administrator,
  codes: { 0x81: 'alert already in progress', 0x82: 'messaging session active on this channel' },
  request: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({ operation: bits(7, 6), destination: bits(3, 0) }),
    ...byte({ sendString: bit(7), stringSelector: bits(6, 0) }),
    event: optional(nested(AlertEvent)),
  },
  /** Only for AlertOperation.Status. */
  response: { status: optional(u8) },
});

export const PetAcknowledge = command({
  name: 'PET Acknowledge',
  spec: 'IPMI 2.0 §30.8',
  netFn: NetFn.SensorEvent,
  cmd: 0x17,
  privilege: Privilege.None,
  /** As in the trap, but least significant byte first; seconds since 1998-01-01. */
  request: { sequence: u16, localTimestamp: timestamp, eventSource: u8, sensorDevice: u8, sensorNumber: u8, data: bytes(3) },
  response: {},
});

/** Parameter selectors, §30.4 table 30-6. */
export const PefParameter = {
  SetInProgress: 0,
  Control: 1,
  ActionControl: 2,
  StartupDelay: 3,
  AlertStartupDelay: 4,
  FilterCount: 5,
  Filter: 6,
  FilterConfiguration: 7,
  PolicyCount: 8,
  Policy: 9,
  SystemGuid: 10,
  StringCount: 11,
  StringKeys: 12,
  String: 13,
  GroupControlCount: 14,
  GroupControl: 15,
} as const;

export const PefControl = layout('PEF control', {
  ...byte({ alertStartupDelay: bit(3), startupDelay: bit(2), eventMessages: bit(1), enabled: bit(0) }),
});

export const PefActions = layout('PEF actions', { ...byte(actions) });
export type PefActionSet = ReturnType<typeof PefActions.decode>;

/** One byte of event data is compared so: `value & and`, then each bit exactly (1 in compare 1) or as one of many (0) with compare 2. */
const comparison = layout('comparison', { and: u8, compare1: u8, compare2: u8 });
export type Comparison = ReturnType<typeof comparison.decode>;

/** §17.7 table 17-2, without the filter's number. FFh matches any generator, sensor type, sensor or event type. */
export const EventFilter = layout('event filter', {
  /** `kind` 2: pre-configured by the manufacturer; 0: for software to configure. */
  ...byte({ enabled: bit(7), kind: bits(6, 5) }),
  ...byte({ groupControl: bit(6), ...actions }),
  ...byte({ groupSelector: bits(6, 4), policy: bits(3, 0) }),
  /** As in the trap: 0 unspecified, 1 monitor, 2 information, 4 ok, 8 non-critical, 10h critical, 20h non-recoverable. */
  severity: u8,
  generator: u8,
  /** Channel and LUN. */
  generator2: u8,
  sensorType: u8,
  sensorNumber: u8,
  /** Event/reading type, without the direction. */
  eventType: u8,
  /** A bit for each offset. */
  offsets: u16,
  data1: nested(comparison),
  data2: nested(comparison),
  data3: nested(comparison),
});
export type EventFilter = ReturnType<typeof EventFilter.decode>;

/** What a policy entry does when the alert before it was successful (§17.11). */
export const PolicyRule = { Always: 0, NextEntry: 1, Stop: 2, NextChannel: 3, NextType: 4 } as const;

/** §17.11 table 17-4, without the entry's number. */
export const AlertPolicy = layout('alert policy entry', {
  ...byte({ set: bits(7, 4), enabled: bit(3), rule: bits(2, 0) }),
  ...byte({ channel: bits(7, 4), destination: bits(3, 0) }),
  /** `stringEventSpecific`: `string` is a set number, looked up together with the filter's number; else a string selector, 0 none. */
  ...byte({ stringEventSpecific: bit(7), string: bits(6, 0) }),
});
export type AlertPolicy = ReturnType<typeof AlertPolicy.decode>;

export const StringKeys = layout('alert string keys', { ...byte({ filter: bits(6, 0) }), ...byte({ set: bits(6, 0) }) });
/** Bytes of a block of an alert string. */
export const STRING_BLOCK = 16;
export const PefGuid = layout('PEF system GUID', { ...byte({ used: bit(0) }), guid: bytes(16) });

/** A LAN alert destination's type (LAN parameter 18), without its selector. */
export const DestinationType = layout('alert destination type', {
  /** `kind`: 0 PET trap, 6 and 7 OEM. */
  ...byte({ acknowledged: bit(7), kind: bits(2, 0) }),
  /** Seconds less one: to wait for an acknowledgement, or between two repetitions. */
  timeout: u8,
  ...byte({ retries: bits(2, 0) }),
});
export type DestinationType = ReturnType<typeof DestinationType.decode>;
