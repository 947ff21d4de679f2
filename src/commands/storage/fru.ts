import { bit, byte, rest, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

export const GetFruInventoryAreaInfo = command({
  name: 'Get FRU Inventory Area Info',
  spec: 'IPMI 2.0 §34.1',
  netFn: NetFn.Storage,
  cmd: 0x10,
  privilege: Privilege.User,
  request: { fruId: u8 },
  response: { size: u16, ...byte({ byWords: bit(0) }) },
});

export const ReadFruData = command({
  name: 'Read FRU Data',
  spec: 'IPMI 2.0 §34.2',
  netFn: NetFn.Storage,
  cmd: 0x11,
  privilege: Privilege.User,
  codes: { busy: [0x81, 'FRU device busy'] },
  request: { fruId: u8, offset: u16, count: u8 },
  response: { count: u8, data: rest() },
});

export const WriteFruData = command({
  name: 'Write FRU Data',
  spec: 'IPMI 2.0 §34.3',
  netFn: NetFn.Storage,
  cmd: 0x12,
  privilege: Privilege.Operator,
  codes: { writeProtected: [0x80, 'write-protected offset'], busy: [0x81, 'FRU device busy'] },
  request: { fruId: u8, offset: u16, data: rest() },
  response: { count: u8 },
});
