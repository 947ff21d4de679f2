import {
  bit,
  bits,
  byte,
  bytes,
  i16,
  layout,
  rest,
  timestamp,
  u16,
  u24,
  u32,
  u8,
} from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const ERASING = { erasing: [0x81, 'cannot execute command, SEL erase in progress'] } as const;

export const GetSelInfo = command({
  name: 'Get SEL Info',
  spec: 'IPMI 2.0 §31.2',
  netFn: NetFn.Storage,
  cmd: 0x40,
  privilege: Privilege.User,
  codes: ERASING,
  request: {},
  response: {
    /** 51h: the SEL's own version number. */
    version: u8,
    entries: u16,
    /** Bytes; FFFFh: 65535 or more. */
    free: u16,
    lastAdded: timestamp,
    lastErased: timestamp,
    ...byte({
      overflow: bit(7),
      deleteSupported: bit(3),
      partialAddSupported: bit(2),
      reserveSupported: bit(1),
      allocationInfoSupported: bit(0),
    }),
  },
});

export const GetSelAllocationInfo = command({
  name: 'Get SEL Allocation Info',
  spec: 'IPMI 2.0 §31.3',
  netFn: NetFn.Storage,
  cmd: 0x41,
  privilege: Privilege.User,
  request: {},
  response: { units: u16, unitSize: u16, freeUnits: u16, largestFreeBlock: u16, maxRecordUnits: u8 },
});

export const ReserveSel = command({
  name: 'Reserve SEL',
  spec: 'IPMI 2.0 §31.4',
  netFn: NetFn.Storage,
  cmd: 0x42,
  privilege: Privilege.User,
  codes: ERASING,
  request: {},
  response: { reservationId: u16 },
});

export const GetSelEntry = command({
  name: 'Get SEL Entry',
  spec: 'IPMI 2.0 §31.5',
  netFn: NetFn.Storage,
  cmd: 0x43,
  privilege: Privilege.User,
  codes: ERASING,
  request: {
    /** Needed only for a read that begins inside a record. */
    reservationId: u16,
    /** 0000h: the first, FFFFh: the last. */
    recordId: u16,
    offset: u8,
    /** FFh: the whole record. */
    count: u8,
  },
  response: { nextRecordId: u16, data: rest(0, 16) },
});

export const AddSelEntry = command({
  name: 'Add SEL Entry',
  spec: 'IPMI 2.0 §31.6',
  netFn: NetFn.Storage,
  cmd: 0x44,
  privilege: Privilege.Operator,
  codes: { notForRecordType: [0x80, 'operation not supported for this record type'], ...ERASING },
  request: { record: bytes(16) },
  response: { recordId: u16 },
});

export const PartialAddSelEntry = command({
  name: 'Partial Add SEL Entry',
  spec: 'IPMI 2.0 §31.7',
  netFn: NetFn.Storage,
  cmd: 0x45,
  privilege: Privilege.Operator,
  codes: {
    lengthMismatch: [0x80, 'record rejected: mismatch between record length and number of bytes written'],
    ...ERASING,
  },
  request: {
    reservationId: u16,
    recordId: u16,
    offset: u8,
    ...byte({ lastPart: bits(3, 0) }),
    data: rest(1, 16),
  },
  response: { recordId: u16 },
});

export const DeleteSelEntry = command({
  name: 'Delete SEL Entry',
  spec: 'IPMI 2.0 §31.8',
  netFn: NetFn.Storage,
  cmd: 0x46,
  privilege: Privilege.Operator,
  codes: { notForRecordType: [0x80, 'operation not supported for this record type'], ...ERASING },
  request: { reservationId: u16, recordId: u16 },
  response: { recordId: u16 },
});

/** `action` of the Clear commands: AAh starts, 00h asks how far it is. */
export const ClearAction = { Start: 0xaa, Status: 0x00 } as const;
/** "CLR" */
export const CLEAR_KEY = 'CLR';

export const ClearSel = command({
  name: 'Clear SEL',
  changes: ({ action }) => action !== 0,
  spec: 'IPMI 2.0 §31.9',
  netFn: NetFn.Storage,
  cmd: 0x47,
  privilege: Privilege.Operator,
  request: { reservationId: u16, key: bytes(3), action: u8 },
  response: {
    /** 0: in progress, 1: completed. */
    ...byte({ progress: bits(3, 0) }),
  },
});

export const GetSelTime = command({
  name: 'Get SEL Time',
  spec: 'IPMI 2.0 §31.10',
  netFn: NetFn.Storage,
  cmd: 0x48,
  privilege: Privilege.User,
  request: {},
  response: { time: timestamp },
});

export const SetSelTime = command({
  name: 'Set SEL Time',
  spec: 'IPMI 2.0 §31.11',
  netFn: NetFn.Storage,
  cmd: 0x49,
  privilege: Privilege.Operator,
  request: { time: timestamp },
  response: {},
});

export const GetSelTimeUtcOffset = command({
  name: 'Get SEL Time UTC Offset',
  spec: 'IPMI 2.0 §31.11a',
  netFn: NetFn.Storage,
  cmd: 0x5c,
  privilege: Privilege.User,
  request: {},
  /** Minutes, -1440..1440; 07FFh: unspecified. */
  response: { offset: i16 },
});

export const SetSelTimeUtcOffset = command({
  name: 'Set SEL Time UTC Offset',
  spec: 'IPMI 2.0 §31.11b',
  netFn: NetFn.Storage,
  cmd: 0x5d,
  privilege: Privilege.Operator,
  request: { offset: i16 },
  response: {},
});

/**
 * Logs besides the SEL whose state the BMC tells (§31.12): of the Machine Check Architecture, and two of the
 * maker's.
 */
export const AuxiliaryLog = { Mca: 0, Oem1: 1, Oem2: 2 } as const;
/** Time stamp of the last entry, and how many there are; FFFFFFFFh: unspecified. */
export const McaLogStatus = layout('MCA log status', { lastAdded: timestamp, entries: u32 });
export const OemLogStatus = layout('OEM log status', {
  lastAdded: timestamp,
  manufacturerId: u24,
  status: bytes(8),
});

export const GetAuxiliaryLogStatus = command({
  name: 'Get Auxiliary Log Status',
  spec: 'IPMI 2.0 §31.12',
  netFn: NetFn.Storage,
  cmd: 0x5a,
  privilege: Privilege.User,
  request: { ...byte({ logType: bits(3, 0) }) },
  /** `McaLogStatus` or `OemLogStatus`. */
  response: { status: rest() },
});

export const SetAuxiliaryLogStatus = command({
  name: 'Set Auxiliary Log Status',
  spec: 'IPMI 2.0 §31.13',
  netFn: NetFn.Storage,
  cmd: 0x5b,
  privilege: Privilege.Administrator,
  request: { ...byte({ logType: bits(3, 0) }), status: rest() },
  response: {},
});
