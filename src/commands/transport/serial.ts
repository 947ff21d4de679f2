import { bit, bits, byte, bytes, ipv4, rest, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { getOfChannel, parameterAnswer, parameterCodes, setOfChannel } from '../parameters/requests.ts';
import { serialParameters } from '../parameters/serial.ts';

const channel = byte({ channel: bits(3, 0) });

export const SetSerialModemConfiguration = command({
  name: 'Set Serial/Modem Configuration',
  spec: 'IPMI 2.0 §25.1',
  netFn: NetFn.Transport,
  cmd: 0x10,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  parameters: serialParameters,
  request: setOfChannel,
  response: {},
});

export const GetSerialModemConfiguration = command({
  name: 'Get Serial/Modem Configuration',
  spec: 'IPMI 2.0 §25.2',
  netFn: NetFn.Transport,
  cmd: 0x11,
  privilege: Privilege.Operator,
  codes: parameterCodes,
  parameters: serialParameters,
  request: getOfChannel,
  response: parameterAnswer,
});

/** Mux settings of Set Serial/Modem Mux, table 25-5. */
export const MuxSetting = {
  Get: 0,
  RequestSystem: 1,
  RequestBmc: 2,
  ForceSystem: 3,
  ForceBmc: 4,
  BlockSystem: 5,
  AllowSystem: 6,
  BlockBmc: 7,
  AllowBmc: 8,
} as const;

export const SetSerialModemMux = command({
  name: 'Set Serial/Modem Mux',
  changes: ({ setting }) => setting !== 0,
  spec: 'IPMI 2.0 §25.3',
  netFn: NetFn.Transport,
  cmd: 0x12,
  privilege: Privilege.Operator,
  request: { ...channel, ...byte({ setting: bits(3, 0) }) },
  response: {
    ...byte({
      systemBlocked: bit(7),
      bmcBlocked: bit(6),
      alertInProgress: bit(3),
      messagingActive: bit(2),
      accepted: bit(1),
      /** The BMC has the line; the system neither sends nor receives. */
      muxAtBmc: bit(0),
    }),
  },
});

export const GetTapResponseCodes = command({
  name: 'Get TAP Response Codes',
  spec: 'IPMI 2.0 §25.4',
  netFn: NetFn.Transport,
  cmd: 0x13,
  privilege: Privilege.User,
  request: { ...channel },
  response: {
    /** Five codes of three ASCII digits each, the latest first. */
    codes: bytes(15),
  },
});

export const SetPppUdpProxyTransmitData = command({
  name: 'Set PPP UDP Proxy Transmit Data',
  spec: 'IPMI 2.0 §25.5',
  netFn: NetFn.Transport,
  cmd: 0x14,
  privilege: Privilege.Administrator,
  systemInterfaceOnly: true,
  request: { ...channel, block: u8, data: rest(1, 16) },
  response: {},
});

export const GetPppUdpProxyTransmitData = command({
  name: 'Get PPP UDP Proxy Transmit Data',
  spec: 'IPMI 2.0 §25.6',
  netFn: NetFn.Transport,
  cmd: 0x15,
  privilege: Privilege.Administrator,
  systemInterfaceOnly: true,
  request: { ...channel, block: u8 },
  response: { data: bytes(16) },
});

export const SendPppUdpProxyPacket = command({
  name: 'Send PPP UDP Proxy Packet',
  spec: 'IPMI 2.0 §25.7',
  netFn: NetFn.Transport,
  cmd: 0x16,
  privilege: Privilege.Administrator,
  systemInterfaceOnly: true,
  codes: { noLink: [0x80, 'PPP link is not up'], noIp: [0x81, 'IP protocol is not up'] },
  request: {
    ...channel,
    sourcePort: u16,
    destinationPort: u16,
    sourceAddress: ipv4,
    destinationAddress: ipv4,
    length: u16,
  },
  response: {},
});

export const GetPppUdpProxyReceiveData = command({
  name: 'Get PPP UDP Proxy Receive Data',
  spec: 'IPMI 2.0 §25.8',
  netFn: NetFn.Transport,
  cmd: 0x17,
  privilege: Privilege.Administrator,
  systemInterfaceOnly: true,
  codes: { noData: [0x80, 'no packet data available'] },
  request: { ...channel, ...byte({ clear: bit(7), block: bits(6, 0) }) },
  response: {
    /** Block 0: two bytes of length; another: its 16 bytes. */
    data: rest(2, 16),
  },
});

/** Session states of Serial/Modem Connection Active, table 25-11. */
export const ConnectionState = { NoSession: 0, SessionActive: 1, SwitchingToSystem: 2 } as const;

/**
 * Sent by the BMC ("ping"); a console answers it, and acknowledges a coming mux switch by sending one itself.
 */
export const SerialModemConnectionActive = command({
  name: 'Serial/Modem Connection Active',
  changes: false,
  spec: 'IPMI 2.0 §25.9',
  netFn: NetFn.Transport,
  cmd: 0x18,
  privilege: Privilege.None,
  request: { ...byte({ state: bits(3, 0) }), ...byte({ ipmiMinor: bits(7, 4), ipmiMajor: bits(3, 0) }) },
  response: {},
});

export const Callback = command({
  name: 'Callback',
  spec: 'IPMI 2.0 §25.10',
  netFn: NetFn.Transport,
  cmd: 0x19,
  privilege: Privilege.Callback,
  codes: {
    alertInProgress: [0x81, 'callback rejected due to alert in progress on this channel'],
    sessionActive: [0x82, 'callback rejected due to IPMI messaging session active on the callback channel'],
  },
  request: { ...channel, ...byte({ destination: bits(3, 0) }) },
  response: {},
});

const callbackOptions = {
  ...byte({ cbcpCallback: bit(1), ipmiCallback: bit(0) }),
  ...byte({ fromList: bit(3), userSpecifiable: bit(2), preSpecified: bit(1), noCallback: bit(0) }),
  /** Destination selectors; FFh: unspecified. */
  destination1: u8,
  destination2: u8,
  destination3: u8,
};

export const SetUserCallbackOptions = command({
  name: 'Set User Callback Options',
  spec: 'IPMI 2.0 §25.11',
  netFn: NetFn.Transport,
  cmd: 0x1a,
  privilege: Privilege.Administrator,
  request: { ...byte({ userId: bits(5, 0) }), ...channel, ...callbackOptions },
  response: {},
});

export const GetUserCallbackOptions = command({
  name: 'Get User Callback Options',
  spec: 'IPMI 2.0 §25.12',
  netFn: NetFn.Transport,
  cmd: 0x1b,
  privilege: Privilege.User,
  request: { ...byte({ userId: bits(5, 0) }), ...channel },
  response: callbackOptions,
});

export const SetSerialRoutingMux = command({
  name: 'Set Serial Routing Mux',
  spec: 'IPMI 2.0 §25.13',
  netFn: NetFn.Transport,
  cmd: 0x1c,
  privilege: Privilege.Administrator,
  request: {
    ...channel,
    /** Which serial port association of parameter 51 is in force, from 1. */
    association: u8,
  },
  response: {},
});
