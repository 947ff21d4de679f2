import { bit, bits, byte, rest, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const codes = {
  0x80: 'parameter not supported',
  0x81: 'attempt to set "set in progress" when not in "set complete" state',
  0x82: 'attempt to write read-only parameter',
  0x83: 'attempt to read write-only parameter',
};

export const SetLanConfigurationParameters = command({
  name: 'Set LAN Configuration Parameters',
  spec: 'IPMI 2.0 §23.1',
  netFn: NetFn.Transport,
  cmd: 0x01,
  privilege: Privilege.Administrator,
  codes,
  request: { ...byte({ channel: bits(3, 0) }), parameter: u8, data: rest() },
  response: {},
});

export const GetLanConfigurationParameters = command({
  name: 'Get LAN Configuration Parameters',
  spec: 'IPMI 2.0 §23.2',
  netFn: NetFn.Transport,
  cmd: 0x02,
  privilege: Privilege.Operator,
  codes,
  request: { ...byte({ revisionOnly: bit(7), channel: bits(3, 0) }), parameter: u8, setSelector: u8, blockSelector: u8 },
  response: {
    /** 11h: parameters as in IPMI 1.5 and 2.0. */
    revision: u8,
    data: rest(),
  },
});

export const SuspendBmcArps = command({
  name: 'Suspend BMC ARPs',
  spec: 'IPMI 2.0 §23.3',
  netFn: NetFn.Transport,
  cmd: 0x03,
  privilege: Privilege.Administrator,
  codes: { 0x80: 'parameter not supported' },
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ suspendResponses: bit(1), suspendGratuitous: bit(0) }) },
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
