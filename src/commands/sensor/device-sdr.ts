import { bit, byte, optional, rest, u16, u32, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

// Appendix G lets these in from local interfaces only; clients read satellite controllers with them over LAN,
// so they are served at User level, as OpenIPMI and OpenBMC do.

export const GetDeviceSdrInfo = command({
  name: 'Get Device SDR Info',
  spec: 'IPMI 2.0 §35.2',
  netFn: NetFn.SensorEvent,
  cmd: 0x20,
  privilege: Privilege.User,
  /** `operation` 1: count SDRs, 0 or absent: count sensors of this LUN. */
  request: { operation: optional(u8) },
  response: {
    count: u8,
    ...byte({ dynamic: bit(7), lun3: bit(3), lun2: bit(2), lun1: bit(1), lun0: bit(0) }),
    /** Only for a dynamic population. */
    changed: optional(u32),
  },
});

export const GetDeviceSdr = command({
  name: 'Get Device SDR',
  spec: 'IPMI 2.0 §35.3',
  netFn: NetFn.SensorEvent,
  cmd: 0x21,
  privilege: Privilege.User,
  codes: { recordChanged: [0x80, 'record changed'] },
  request: { reservationId: u16, recordId: u16, offset: u8, count: u8 },
  response: { nextRecordId: u16, data: rest() },
});

export const ReserveDeviceSdrRepository = command({
  name: 'Reserve Device SDR Repository',
  spec: 'IPMI 2.0 §35.4',
  netFn: NetFn.SensorEvent,
  cmd: 0x22,
  privilege: Privilege.User,
  request: {},
  response: { reservationId: u16 },
});
