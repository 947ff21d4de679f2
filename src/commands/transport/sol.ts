import { bit, bits, byte, layout, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { getOfChannel, parameterAnswer, parameterCodes, setOfChannel } from '../parameters.ts';

/** Session states of SOL Activating. */
export const SolState = { Activating: 1 } as const;

/** Sent by the BMC to a serial channel whose connector SOL takes over; answered with nothing but success. */
export const SolActivating = command({
  name: 'SOL Activating',
  spec: 'IPMI 2.0 §26.1',
  netFn: NetFn.Transport,
  cmd: 0x20,
  privilege: Privilege.None,
  request: {
    ...byte({ sessionState: bits(3, 0) }),
    ...byte({ instance: bits(3, 0) }),
    majorVersion: u8,
    minorVersion: u8,
  },
  response: {},
});

export const SetSolConfigurationParameters = command({
  name: 'Set SOL Configuration Parameters',
  spec: 'IPMI 2.0 §26.2',
  netFn: NetFn.Transport,
  cmd: 0x21,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  request: setOfChannel,
  response: {},
});

export const GetSolConfigurationParameters = command({
  name: 'Get SOL Configuration Parameters',
  spec: 'IPMI 2.0 §26.3',
  netFn: NetFn.Transport,
  cmd: 0x22,
  privilege: Privilege.User,
  codes: parameterCodes,
  request: getOfChannel,
  response: parameterAnswer,
});

/** SOL configuration parameters, §26.3 table 26-5. */
export const SolParameter = {
  SetInProgress: 0,
  Enable: 1,
  Authentication: 2,
  Character: 3,
  Retry: 4,
  NonVolatileBitRate: 5,
  VolatileBitRate: 6,
  PayloadChannel: 7,
  PayloadPort: 8,
} as const;

/** Data of parameters 1 to 8. */
export const SolEnable = layout('SOL Enable', byte({ enabled: bit(0) }));
/** `privilege`: least level to activate SOL, User..Oem. */
export const SolAuthentication = layout('SOL Authentication', byte({ forceEncryption: bit(7), forceAuthentication: bit(6), privilege: bits(3, 0) }));
/** `accumulate`: 5 ms each, from 1; `threshold`: characters that are sent without waiting for more. */
export const SolCharacter = layout('SOL Character Accumulate Interval and Send Threshold', { accumulate: u8, threshold: u8 });
/** `count`: times that a packet is sent again; `interval`: 10 ms each. */
export const SolRetry = layout('SOL Retry', { ...byte({ count: bits(2, 0) }), interval: u8 });
/** 0: as the serial port is set; 6..10: 9600, 19200, 38400, 57600, 115200. */
export const SolBitRate = layout('SOL Bit Rate', byte({ rate: bits(3, 0) }));
export const SolPayloadChannel = layout('SOL Payload Channel', { channel: u8 });
export const SolPayloadPort = layout('SOL Payload Port Number', { port: u16 });
