import { bit, bits, byte, u16 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { lanParameters } from '../parameters/lan.ts';
import { getOfChannel, parameterAnswer, parameterCodes, setOfChannel } from '../parameters/requests.ts';

export const SetLanConfigurationParameters = command({
  name: 'Set LAN Configuration Parameters',
  spec: 'IPMI 2.0 §23.1',
  netFn: NetFn.Transport,
  cmd: 0x01,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  parameters: lanParameters,
  request: setOfChannel,
  response: {},
});

export const GetLanConfigurationParameters = command({
  name: 'Get LAN Configuration Parameters',
  spec: 'IPMI 2.0 §23.2',
  netFn: NetFn.Transport,
  cmd: 0x02,
  privilege: Privilege.Operator,
  codes: parameterCodes,
  parameters: lanParameters,
  request: getOfChannel,
  response: parameterAnswer,
});

export const SuspendBmcArps = command({
  name: 'Suspend BMC ARPs',
  spec: 'IPMI 2.0 §23.3',
  netFn: NetFn.Transport,
  cmd: 0x03,
  privilege: Privilege.Administrator,
  codes: { unsupported: [0x80, 'parameter not supported'] },
  request: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({ suspendResponses: bit(1), suspendGratuitous: bit(0) }),
  },
  response: { ...byte({ responsesOccurring: bit(1), gratuitousOccurring: bit(0) }) },
});

export const GetIpUdpRmcpStatistics = command({
  name: 'Get IP/UDP/RMCP Statistics',
  spec: 'IPMI 2.0 §23.4',
  netFn: NetFn.Transport,
  cmd: 0x04,
  privilege: Privilege.User,
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ clear: bit(0) }) },
  response: {
    ipReceived: u16,
    ipHeaderErrors: u16,
    ipAddressErrors: u16,
    ipFragments: u16,
    ipSent: u16,
    udpReceived: u16,
    rmcpValid: u16,
    udpProxyReceived: u16,
    udpProxyDropped: u16,
  },
});
