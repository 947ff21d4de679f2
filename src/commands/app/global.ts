import { bit, bits, byte, bytes, layout, pad, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const enables = byte({
  oem2: bit(7),
  oem1: bit(6),
  oem0: bit(5),
  systemEventLogging: bit(3),
  eventMessageBuffer: bit(2),
  eventMessageBufferFullInterrupt: bit(1),
  receiveMessageQueueInterrupt: bit(0),
});
const flags = byte({
  oem2: bit(7),
  oem1: bit(6),
  oem0: bit(5),
  watchdogPreTimeout: bit(3),
  eventMessageBufferFull: bit(1),
  receiveMessage: bit(0),
});

export const SetBmcGlobalEnables = command({
  name: 'Set BMC Global Enables',
  spec: 'IPMI 2.0 §22.1',
  netFn: NetFn.App,
  cmd: 0x2e,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  request: { ...enables },
  response: {},
});

export const GetBmcGlobalEnables = command({
  name: 'Get BMC Global Enables',
  spec: 'IPMI 2.0 §22.2',
  netFn: NetFn.App,
  cmd: 0x2f,
  privilege: Privilege.User,
  request: {},
  response: { ...enables },
});

export const ClearMessageFlags = command({
  name: 'Clear Message Flags',
  changes: false,
  spec: 'IPMI 2.0 §22.3',
  netFn: NetFn.App,
  cmd: 0x30,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  request: { ...flags },
  response: {},
});

export const GetMessageFlags = command({
  name: 'Get Message Flags',
  spec: 'IPMI 2.0 §22.4',
  netFn: NetFn.App,
  cmd: 0x31,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  request: {},
  response: { ...flags },
});

/** §22.5: what to do with the reception of a channel's messages. */
export const ChannelReceive = { Disable: 0, Enable: 1, Get: 2 } as const;

export const EnableMessageChannelReceive = command({
  name: 'Enable Message Channel Receive',
  spec: 'IPMI 2.0 §22.5',
  netFn: NetFn.App,
  cmd: 0x32,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ operation: bits(1, 0) }) },
  response: { ...byte({ channel: bits(3, 0) }), ...byte({ enabled: bit(0) }) },
});

export const GetMessage = command({
  name: 'Get Message',
  spec: 'IPMI 2.0 §22.6',
  netFn: NetFn.App,
  cmd: 0x33,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  codes: { empty: [0x80, 'data not available (queue empty)'] },
  carried: ['data'],
  request: {},
  response: {
    /** The sender's privilege level, and the channel that the message came by. */
    ...byte({ inferredPrivilege: bits(7, 4), channel: bits(3, 0) }),
    /** The message as it came, without the slave address that it was sent to. */
    data: rest(),
  },
});

export const ReadEventMessageBuffer = command({
  name: 'Read Event Message Buffer',
  spec: 'IPMI 2.0 §22.8',
  netFn: NetFn.App,
  cmd: 0x35,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  codes: { empty: [0x80, 'data not available (buffer empty)'] },
  request: {},
  response: { record: bytes(16) },
});

export const GetBtInterfaceCapabilities = command({
  name: 'Get BT Interface Capabilities',
  spec: 'IPMI 2.0 §22.10',
  netFn: NetFn.App,
  cmd: 0x36,
  privilege: Privilege.User,
  request: {},
  response: {
    outstanding: u8,
    /** Bytes, the length byte included. */
    inputBufferSize: u8,
    outputBufferSize: u8,
    /** Seconds. */
    requestToResponse: u8,
    retries: u8,
  },
});

/** §22.9 table 22-10: what a request asks about. */
export const SystemInterfaceType = { Ssif: 0, Kcs: 1, Smic: 2 } as const;

export const GetSystemInterfaceCapabilities = command({
  name: 'Get System Interface Capabilities',
  spec: 'IPMI 2.0 §22.9',
  netFn: NetFn.App,
  cmd: 0x57,
  privilege: Privilege.User,
  request: { ...byte({ type: bits(3, 0) }) },
  response: {
    reserved: pad(1),
    /** SsifCapabilities or KcsCapabilities, by the type that was asked for. */
    capabilities: rest(2, 3),
  },
});

/** How many parts an SSIF message may have. */
export const SsifTransactions = { Single: 0, StartEnd: 1, StartMiddleEnd: 2 } as const;

export const SsifCapabilities = layout('SSIF capabilities', {
  ...byte({ transactions: bits(7, 6), pec: bit(3), version: bits(2, 0) }),
  /** Bytes of a message, NetFn and command included. */
  inputMessageSize: u8,
  outputMessageSize: u8,
});

export const KcsCapabilities = layout('KCS and SMIC capabilities', {
  ...byte({ version: bits(2, 0) }),
  /** Bytes of a request, NetFn and command included. */
  inputMessageSize: u8,
});
