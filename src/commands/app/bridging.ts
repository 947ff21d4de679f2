import { bit, bits, byte, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** §22.7: what the BMC remembers of a message that it sends on. */
export const Tracking = { None: 0, Track: 1, Raw: 2 } as const;

const writeFailures = {
  lostArbitration: [0x81, 'lost arbitration'],
  busError: [0x82, 'bus error'],
  noAcknowledge: [0x83, 'NAK on write'],
} as const;

// Appendix G: User from the system interface, or to it; Operator from any other channel. The handler looks at
// the channels.
export const SendMessage = command({
  name: 'Send Message',
  changes: false,
  spec: 'IPMI 2.0 §22.7',
  netFn: NetFn.App,
  cmd: 0x34,
  privilege: Privilege.User,
  codes: { invalidSessionHandle: [0x80, 'invalid session handle'], ...writeFailures },
  carried: ['message'],
  request: {
    ...byte({ tracking: bits(7, 6), encrypted: bit(5), authenticated: bit(4), channel: bits(3, 0) }),
    /**
     * IPMB: the frame with the slave address in front; a channel with sessions: a session handle, then the
     * message.
     */
    message: rest(1),
  },
  response: {
    /** The whole response to the message, for requesters on IPMB: they have no other way to get it. */
    message: rest(),
  },
});

export const MasterWriteRead = command({
  name: 'Master Write-Read',
  spec: 'IPMI 2.0 §22.11',
  netFn: NetFn.App,
  cmd: 0x52,
  privilege: Privilege.Operator,
  codes: { ...writeFailures, truncatedRead: [0x84, 'truncated read'] },
  carried: ['data'],
  // Who reads a memory writes at most an offset before.
  changes: ({ readCount, data }) => readCount === 0 || data.length > 2,
  request: {
    /** `privateBus`: behind this controller, number `bus`; otherwise the bus of `channel` itself. */
    ...byte({ channel: bits(7, 4), bus: bits(3, 1), privateBus: bit(0) }),
    slaveAddress: u8,
    readCount: u8,
    data: rest(),
  },
  response: { data: rest() },
});
