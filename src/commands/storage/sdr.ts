import { bit, bits, byte, bytes, rest, timestamp, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const PARTIAL = {
  lengthMismatch: [0x80, 'record rejected: mismatch between record length and number of bytes written'],
} as const;

export const GetSdrRepositoryInfo = command({
  name: 'Get SDR Repository Info',
  spec: 'IPMI 2.0 §33.9',
  netFn: NetFn.Storage,
  cmd: 0x20,
  privilege: Privilege.User,
  request: {},
  response: {
    version: u8,
    records: u16,
    /** Bytes; FFFEh: 64 KiB - 2 or more. */
    free: u16,
    lastAdded: timestamp,
    lastErased: timestamp,
    /** `modal`: 0 unspecified, 1 non-modal, 2 modal, 3 both. */
    ...byte({
      overflow: bit(7),
      modal: bits(6, 5),
      deleteSupported: bit(3),
      partialAddSupported: bit(2),
      reserveSupported: bit(1),
      allocationInfoSupported: bit(0),
    }),
  },
});

export const GetSdrRepositoryAllocationInfo = command({
  name: 'Get SDR Repository Allocation Info',
  spec: 'IPMI 2.0 §33.10',
  netFn: NetFn.Storage,
  cmd: 0x21,
  privilege: Privilege.User,
  request: {},
  response: { units: u16, unitSize: u16, freeUnits: u16, largestFreeBlock: u16, maxRecordUnits: u8 },
});

export const ReserveSdrRepository = command({
  name: 'Reserve SDR Repository',
  spec: 'IPMI 2.0 §33.11',
  netFn: NetFn.Storage,
  cmd: 0x22,
  privilege: Privilege.User,
  request: {},
  response: { reservationId: u16 },
});

export const GetSdr = command({
  name: 'Get SDR',
  spec: 'IPMI 2.0 §33.12',
  netFn: NetFn.Storage,
  cmd: 0x23,
  privilege: Privilege.User,
  request: { reservationId: u16, recordId: u16, offset: u8, count: u8 },
  response: { nextRecordId: u16, data: rest() },
});

export const AddSdr = command({
  name: 'Add SDR',
  spec: 'IPMI 2.0 §33.13',
  netFn: NetFn.Storage,
  cmd: 0x24,
  privilege: Privilege.Operator,
  request: { record: rest(5) },
  response: { recordId: u16 },
});

export const PartialAddSdr = command({
  name: 'Partial Add SDR',
  spec: 'IPMI 2.0 §33.14',
  netFn: NetFn.Storage,
  cmd: 0x25,
  privilege: Privilege.Operator,
  codes: PARTIAL,
  request: {
    reservationId: u16,
    recordId: u16,
    offset: u8,
    ...byte({ lastPart: bits(3, 0) }),
    data: rest(1),
  },
  response: { recordId: u16 },
});

export const DeleteSdr = command({
  name: 'Delete SDR',
  spec: 'IPMI 2.0 §33.15',
  netFn: NetFn.Storage,
  cmd: 0x26,
  privilege: Privilege.Operator,
  request: { reservationId: u16, recordId: u16 },
  response: { recordId: u16 },
});

export const ClearSdrRepository = command({
  name: 'Clear SDR Repository',
  changes: ({ action }) => action !== 0,
  spec: 'IPMI 2.0 §33.16',
  netFn: NetFn.Storage,
  cmd: 0x27,
  privilege: Privilege.Operator,
  request: { reservationId: u16, key: bytes(3), action: u8 },
  response: { ...byte({ progress: bits(3, 0) }) },
});

export const GetSdrRepositoryTime = command({
  name: 'Get SDR Repository Time',
  spec: 'IPMI 2.0 §33.17',
  netFn: NetFn.Storage,
  cmd: 0x28,
  privilege: Privilege.User,
  request: {},
  response: { time: timestamp },
});

export const SetSdrRepositoryTime = command({
  name: 'Set SDR Repository Time',
  spec: 'IPMI 2.0 §33.18',
  netFn: NetFn.Storage,
  cmd: 0x29,
  privilege: Privilege.Operator,
  request: { time: timestamp },
  response: {},
});

export const EnterSdrRepositoryUpdateMode = command({
  name: 'Enter SDR Repository Update Mode',
  spec: 'IPMI 2.0 §33.19',
  netFn: NetFn.Storage,
  cmd: 0x2a,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

export const ExitSdrRepositoryUpdateMode = command({
  name: 'Exit SDR Repository Update Mode',
  spec: 'IPMI 2.0 §33.20',
  netFn: NetFn.Storage,
  cmd: 0x2b,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

export const RunInitializationAgent = command({
  name: 'Run Initialization Agent',
  changes: ({ run }) => run,
  spec: 'IPMI 2.0 §33.21',
  netFn: NetFn.Storage,
  cmd: 0x2c,
  privilege: Privilege.Operator,
  /** False: only tell how far it is. */
  request: { ...byte({ run: bit(0) }) },
  response: { ...byte({ completed: bit(0) }) },
});
