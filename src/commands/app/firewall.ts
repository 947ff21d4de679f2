import { bits, byte, bytes, optional, rest, u32, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** Which commands a mask is about: 128 of one NetFn and LUN, 00h..7Fh or 80h..FFh (§21.3). */
export const commandRange = {
  ...byte({ channel: bits(3, 0) }),
  ...byte({ upperHalf: bits(7, 6), targetNetFn: bits(5, 0) }),
  ...byte({ targetLun: bits(1, 0) }),
};
/** The one command whose sub-functions are meant (§21.4). */
const oneCommand = {
  ...byte({ channel: bits(3, 0) }),
  ...byte({ targetNetFn: bits(5, 0) }),
  ...byte({ targetLun: bits(1, 0) }),
  targetCmd: u8,
};
/** Defining body (NetFn 2Ch) or IANA number (NetFn 2Eh) of the commands meant; nothing for the others. */
export const commandBody = rest(0, 3);
/** Bit n of byte n/8 is command n. */
export const commandMask = bytes(16);

export const GetNetFnSupport = command({
  name: 'Get NetFn Support',
  spec: 'IPMI 2.0 §21.2',
  netFn: NetFn.App,
  cmd: 0x09,
  privilege: Privilege.User,
  request: { ...byte({ channel: bits(3, 0) }) },
  response: {
    /** Each LUN: 0 no commands, 1 commands without restriction, 2 commands some of which are restricted. */
    ...byte({ lun3: bits(7, 6), lun2: bits(5, 4), lun1: bits(3, 2), lun0: bits(1, 0) }),
    /** For each LUN in turn 32 bits; bit n stands for NetFn pair 2n. */
    netFns: bytes(16),
  },
});

export const GetCommandSupport = command({
  name: 'Get Command Support',
  spec: 'IPMI 2.0 §21.3',
  netFn: NetFn.App,
  cmd: 0x0a,
  privilege: Privilege.User,
  request: { ...commandRange, body: commandBody },
  /** A bit of 0: the command is available. */
  response: { unavailable: commandMask },
});

export const GetCommandSubFunctionSupport = command({
  name: 'Get Command Sub-function Support',
  spec: 'IPMI 2.0 §21.4',
  netFn: NetFn.App,
  cmd: 0x0b,
  privilege: Privilege.User,
  request: { ...oneCommand, body: commandBody },
  response: {
    /** Of the document that numbers the sub-functions; type 0: IPMI. */
    ...byte({ specificationType: bits(7, 4), errata: bits(3, 0) }),
    /** BCD: 20h. */
    version: u8,
    revision: u8,
    /** A bit of 0: the sub-function is available. */
    unavailable: u32,
  },
});

export const GetConfigurableCommands = command({
  name: 'Get Configurable Commands',
  spec: 'IPMI 2.0 §21.5',
  netFn: NetFn.App,
  cmd: 0x0c,
  privilege: Privilege.User,
  request: { ...commandRange, body: commandBody },
  response: { configurable: commandMask },
});

export const GetConfigurableCommandSubFunctions = command({
  name: 'Get Configurable Command Sub-functions',
  spec: 'IPMI 2.0 §21.6',
  netFn: NetFn.App,
  cmd: 0x0d,
  privilege: Privilege.User,
  request: { ...oneCommand, body: commandBody },
  response: { configurable: u32 },
});

export const SetCommandEnables = command({
  name: 'Set Command Enables',
  spec: 'IPMI 2.0 §21.7',
  netFn: NetFn.App,
  cmd: 0x60,
  privilege: Privilege.Administrator,
  codes: { notConfigurable: [0x80, 'attempt to enable an unsupported or un-configurable command'] },
  request: { ...commandRange, enabled: commandMask, body: commandBody },
  response: {},
});

export const GetCommandEnables = command({
  name: 'Get Command Enables',
  spec: 'IPMI 2.0 §21.8',
  netFn: NetFn.App,
  cmd: 0x61,
  privilege: Privilege.User,
  request: { ...commandRange, body: commandBody },
  response: { enabled: commandMask },
});

export const SetCommandSubFunctionEnables = command({
  name: 'Set Command Sub-function Enables',
  spec: 'IPMI 2.0 §21.9',
  netFn: NetFn.App,
  cmd: 0x62,
  privilege: Privilege.Administrator,
  codes: { notConfigurable: [0x80, 'attempt to enable an unsupported or un-configurable sub-function'] },
  /** The body or IANA number if the NetFn has one, then 32 or 64 bits of enables. */
  request: { ...oneCommand, rest: rest(4, 11) },
  response: {},
});

export const GetCommandSubFunctionEnables = command({
  name: 'Get Command Sub-function Enables',
  spec: 'IPMI 2.0 §21.10',
  netFn: NetFn.App,
  cmd: 0x63,
  privilege: Privilege.User,
  request: { ...oneCommand, body: commandBody },
  response: { enabled: u32 },
});

export const GetOemNetFnIanaSupport = command({
  name: 'Get OEM NetFn IANA Support',
  spec: 'IPMI 2.0 §21.11',
  netFn: NetFn.App,
  cmd: 0x64,
  privilege: Privilege.User,
  request: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({ targetNetFn: bits(5, 0) }),
    /** 0 is the first body or IANA number of the NetFn. */
    ...byte({ listIndex: bits(5, 0) }),
  },
  response: {
    /** 1: the list ends here. */
    ...byte({ last: bits(6, 0) }),
    ...byte({ lun3: bits(7, 6), lun2: bits(5, 4), lun1: bits(3, 2), lun0: bits(1, 0) }),
    body: optional(rest(1, 3)),
  },
});
