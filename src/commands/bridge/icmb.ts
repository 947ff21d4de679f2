// ICMB Bridge Specification 1.0 (rev. 1.3); numbers and privileges of IPMI 2.0 appendix G. Layouts where no
// public table says more are as other BMCs have them (decision 0019).
import { bits, byte, layout, many, optional, rest, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const SPEC = 'ICMB 1.0';

/** Get Bridge State. */
export const BridgeState = { Disabled: 0, Enabled: 1 } as const;

export const GetBridgeState = command({
  name: 'Get Bridge State',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x00,
  privilege: Privilege.User,
  request: {},
  response: { state: u8 },
});

export const SetBridgeState = command({
  name: 'Set Bridge State',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x01,
  privilege: Privilege.Operator,
  request: { state: u8 },
  response: {},
});

export const GetIcmbAddress = command({
  name: 'Get ICMB Address',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x02,
  privilege: Privilege.User,
  request: {},
  response: { address: u16 },
});

export const SetIcmbAddress = command({
  name: 'Set ICMB Address',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x03,
  privilege: Privilege.Operator,
  request: { address: u16 },
  response: {},
});

/** A controller of the local IPMB that has an ICMB address of its own. */
const proxy = { icmbAddress: u16, ipmbAddress: u8, ...byte({ lun: bits(1, 0) }) };

export const SetBridgeProxyAddress = command({
  name: 'Set Bridge ProxyAddress',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x04,
  privilege: Privilege.Operator,
  request: { ...proxy },
  response: {},
});

/** Selector 0: commands. */
export const CommandStatistics = layout('ICMB command statistics', {
  runtCommands: u16,
  badCommands: u16,
  spuriousResponses: u16,
});
/** Selector 1: packets. */
export const PacketStatistics = layout('ICMB packet statistics', {
  sent: u16,
  received: u16,
  otherAddresses: u16,
  runts: u16,
  badChecksums: u16,
  unknownTypes: u16,
  notStarts: u16,
  restarts: u16,
  arbitrationWins: u16,
  arbitrationLosses: u16,
});

export const GetBridgeStatistics = command({
  name: 'Get Bridge Statistics',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x05,
  privilege: Privilege.User,
  request: { selector: u8 },
  response: { selector: u8, statistics: rest() },
});

export const GetIcmbCapabilities = command({
  name: 'Get ICMB Capabilities',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x06,
  privilege: Privilege.User,
  request: {},
  response: { version: u8, revision: u8, features: u8 },
});

export const ClearBridgeStatistics = command({
  name: 'Clear Bridge Statistics',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x08,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

export const GetBridgeProxyAddress = command({
  name: 'Get Bridge Proxy Address',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x09,
  privilege: Privilege.User,
  request: {},
  response: { ...proxy },
});

/** Type/length byte and characters, as in SDRs (IPMI 2.0 §43.15). */
const idString = { id: rest(1, 17) };

export const GetIcmbConnectorInfo = command({
  name: 'Get ICMB Connector Info',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x0a,
  privilege: Privilege.User,
  request: { connector: u8 },
  response: { flags: u8, connectors: u8, connectorType: u8, ...idString },
});

export const GetIcmbConnectionId = command({
  name: 'Get ICMB Connection ID',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x0b,
  privilege: Privilege.User,
  request: {},
  response: { connector: u8, ...idString },
});

export const SendIcmbConnectionId = command({
  name: 'Send ICMB Connection ID',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x0c,
  privilege: Privilege.User,
  /** The bridge to ask; absent: any one that answers. */
  request: { address: optional(u16) },
  /** The other bridge's completion code, and what it says to Get ICMB Connection ID. */
  response: { remoteCompletionCode: u8, answer: rest() },
});

export const PrepareForDiscovery = command({
  name: 'PrepareForDiscovery',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x10,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

export const GetAddresses = command({
  name: 'GetAddresses',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x11,
  privilege: Privilege.User,
  request: {},
  /** At most eight: those that are not yet discovered. */
  response: { addresses: many(u16, 8) },
});

export const SetDiscovered = command({
  name: 'SetDiscovered',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x12,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

/** The slave address of the chassis device. */
const chassisDevice = { ...byte({ address: bits(7, 1) }) };

export const GetChassisDeviceId = command({
  name: 'GetChassisDeviceId',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x13,
  privilege: Privilege.User,
  request: {},
  response: { ...chassisDevice },
});

export const SetChassisDeviceId = command({
  name: 'SetChassisDeviceId',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x14,
  privilege: Privilege.Operator,
  request: { ...chassisDevice },
  response: {},
});

/**
 * BridgeRequest and BridgeMessage as the chassis' own software sends them: a command for a bridge elsewhere.
 */
export const OutboundRequest = layout('request for a remote bridge', {
  remoteAddress: u16,
  remoteCommand: u8,
  data: rest(),
});
/** The same as they come by ICMB: a request for a controller on this chassis' IPMB. */
export const InboundRequest = layout('request for a remote IPMB', {
  slaveAddress: u8,
  ...byte({ netFn: bits(7, 2), lun: bits(1, 0) }),
  cmd: u8,
  data: rest(),
});

export const BridgeRequest = command({
  name: 'BridgeRequest',
  changes: false,
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x20,
  privilege: Privilege.Operator,
  carried: ['message', 'answer'],
  request: { message: rest(3) },
  /**
   * To the chassis' own software: the remote bridge's completion code and data. By ICMB: the controller's.
   */
  response: { answer: rest() },
});

export const BridgeMessage = command({
  name: 'BridgeMessage',
  changes: false,
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x21,
  privilege: Privilege.Operator,
  carried: ['message'],
  request: { message: rest(3) },
  response: {},
});

export const GetEventCount = command({
  name: 'GetEventCount',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x30,
  privilege: Privilege.User,
  request: {},
  response: { count: u8 },
});

export const SetEventDestination = command({
  name: 'SetEventDestination',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x31,
  privilege: Privilege.Operator,
  /** 0: every bridge. */
  request: { address: u16 },
  response: {},
});

const reception = { ...byte({ enabled: bits(0, 0) }), slaveAddress: u8, ...byte({ lun: bits(1, 0) }) };

export const SetEventReceptionState = command({
  name: 'SetEventReceptionState',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x32,
  privilege: Privilege.Operator,
  request: { ...reception },
  response: {},
});

export const SendIcmbEventMessage = command({
  name: 'SendICMBEventMessage',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x33,
  privilege: Privilege.Operator,
  request: { eventCode: u8 },
  response: {},
});

export const GetEventDestination = command({
  name: 'GetEventDestination',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x34,
  privilege: Privilege.User,
  request: {},
  response: { address: u16 },
});

export const GetEventReceptionState = command({
  name: 'GetEventReceptionState',
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0x35,
  privilege: Privilege.User,
  request: {},
  response: { ...reception },
});

export const ErrorReport = command({
  name: 'Error Report',
  changes: false,
  spec: SPEC,
  netFn: NetFn.Bridge,
  cmd: 0xff,
  privilege: Privilege.User,
  request: { report: rest() },
  response: {},
});
