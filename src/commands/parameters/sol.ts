import { bit, bits, byte, u16, u8 } from '../../codec/index.ts';
import { Privilege } from '../command.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const sol = parametersOf('SOL');

/** 0: as the serial port is set; 6..10: 9600, 19200, 38400, 57600, 115200. */
const bitRate = { layout: byte({ rate: bits(3, 0) }), initial: { rate: 10 }, reserved: 'dropped' } as const;

/** SOL configuration parameters, IPMI 2.0 §26.3 table 26-5. */
export const SolParameter = {
  SetInProgress: sol({ selector: 0, name: 'Set In Progress', layout: byte({ state: bits(1, 0) }) }),
  Enable: sol({
    selector: 1,
    name: 'SOL Enable',
    reserved: 'dropped',
    layout: byte({ enabled: bit(0) }),
    initial: { enabled: true },
  }),
  /** `privilege`: least level to activate SOL, User..Oem. */
  Authentication: sol({
    selector: 2,
    name: 'SOL Authentication',
    reserved: 'dropped',
    layout: byte({ forceEncryption: bit(7), forceAuthentication: bit(6), privilege: bits(3, 0) }),
    initial: { privilege: Privilege.User },
  }),
  /** `accumulate`: 5 ms each, from 1; `threshold`: characters that are sent without waiting for more. */
  Character: sol({
    selector: 3,
    name: 'Character Accumulate Interval and Send Threshold',
    layout: { accumulate: u8, threshold: u8 },
    initial: { accumulate: 2, threshold: 96 },
  }),
  /** `count`: times that a packet is sent again; `interval`: 10 ms each. */
  Retry: sol({
    selector: 4,
    name: 'SOL Retry',
    reserved: 'dropped',
    layout: { ...byte({ count: bits(2, 0) }), interval: u8 },
    initial: { count: 7, interval: 10 },
  }),
  NonVolatileBitRate: sol({ selector: 5, name: 'SOL Non-Volatile Bit Rate', ...bitRate }),
  VolatileBitRate: sol({ selector: 6, name: 'SOL Volatile Bit Rate', ...bitRate }),
  PayloadChannel: sol({
    selector: 7,
    name: 'SOL Payload Channel',
    access: 'read-only',
    layout: { channel: u8 },
  }),
  PayloadPort: sol({ selector: 8, name: 'SOL Payload Port Number', layout: { port: u16 } }),
} as const;

export const solParameters = parameterSet('IPMI 2.0 §26.3', SolParameter);
