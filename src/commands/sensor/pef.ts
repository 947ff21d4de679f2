import {
  bit,
  bits,
  byte,
  bytes,
  layout,
  nested,
  optional,
  rest,
  timestamp,
  u16,
  u8,
} from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { pefActions, pefParameters } from '../parameters/pef.ts';
import { parameterAnswer, parameterCodes } from '../parameters/requests.ts';
import { eventFields } from './events.ts';

export const GetPefCapabilities = command({
  name: 'Get PEF Capabilities',
  spec: 'IPMI 2.0 §30.1',
  netFn: NetFn.SensorEvent,
  cmd: 0x10,
  privilege: Privilege.User,
  request: {},
  /** `version` 51h: 1.5, as digits, least significant first. */
  response: { version: u8, ...byte({ oemRecords: bit(7), ...pefActions }), filters: u8 },
});

export const ArmPefPostponeTimer = command({
  name: 'Arm PEF Postpone Timer',
  changes: false,
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
  parameters: pefParameters,
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
  parameters: pefParameters,
  request: { ...byte({ revisionOnly: bit(7), parameter: bits(6, 0) }), setSelector: u8, blockSelector: u8 },
  response: parameterAnswer,
});

export const SetLastProcessedEventId = command({
  name: 'Set Last Processed Event ID',
  spec: 'IPMI 2.0 §30.5',
  netFn: NetFn.SensorEvent,
  cmd: 0x14,
  privilege: Privilege.Administrator,
  codes: { erasing: [0x81, 'SEL erase in progress'] },
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
  codes: { erasing: [0x81, 'SEL erase in progress'] },
  request: {},
  /**
   * `lastRecordId`: FFFFh, the SEL is empty. `bmcRecordId`: 0, the event was processed and could not be
   * logged.
   */
  response: { lastAdded: timestamp, lastRecordId: u16, softwareRecordId: u16, bmcRecordId: u16 },
});

/** §30.7: what Alert Immediate is to do, and how the last one went. */
export const AlertOperation = { Start: 0, Status: 1, Clear: 2 } as const;
export const AlertStatus = {
  None: 0x00,
  NormalEnd: 0x01,
  CallRetriesFailed: 0x02,
  NotAcknowledged: 0x03,
  InProgress: 0xff,
} as const;

/** The event that an immediate alert tells of; without it, sensor and event are unspecified. */
export const AlertEvent = layout('alert event', { generator: u8, ...eventFields, data: bytes(3) });

export const AlertImmediate = command({
  name: 'Alert Immediate',
  spec: 'IPMI 2.0 §30.7',
  netFn: NetFn.SensorEvent,
  cmd: 0x16,
  privilege: Privilege.Administrator,
  codes: {
    alertInProgress: [0x81, 'alert already in progress'],
    sessionActive: [0x82, 'messaging session active on this channel'],
  },
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
  request: {
    sequence: u16,
    localTimestamp: timestamp,
    eventSource: u8,
    sensorDevice: u8,
    sensorNumber: u8,
    data: bytes(3),
  },
  response: {},
});
