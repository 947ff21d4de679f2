import { bit, bits, byte, bytes, rest, u24, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** §22.22: what to do with the stored or present setting. */
export const AccessUpdate = { None: 0, Stored: 1, Present: 2 } as const;

export const SetChannelAccess = command({
  name: 'Set Channel Access',
  spec: 'IPMI 2.0 §22.22',
  netFn: NetFn.App,
  cmd: 0x40,
  privilege: Privilege.Administrator,
  codes: {
    notSupported: [0x82, 'set not supported on selected channel'],
    accessModeNotSupported: [0x83, 'access mode not supported'],
  },
  request: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({
      accessUpdate: bits(7, 6),
      alertingDisabled: bit(5),
      perMessageDisabled: bit(4),
      userLevelDisabled: bit(3),
      accessMode: bits(2, 0),
    }),
    ...byte({ limitUpdate: bits(7, 6), privilegeLimit: bits(3, 0) }),
  },
  response: {},
});

export const GetChannelAccess = command({
  name: 'Get Channel Access',
  spec: 'IPMI 2.0 §22.23',
  netFn: NetFn.App,
  cmd: 0x41,
  privilege: Privilege.User,
  codes: { notSupported: [0x82, 'command not supported for selected channel'] },
  request: {
    ...byte({ channel: bits(3, 0) }),
    /** 1: the stored setting, 2: the present one. */
    ...byte({ which: bits(7, 6) }),
  },
  response: {
    ...byte({
      alertingDisabled: bit(5),
      perMessageDisabled: bit(4),
      userLevelDisabled: bit(3),
      accessMode: bits(2, 0),
    }),
    ...byte({ privilegeLimit: bits(3, 0) }),
  },
});

export const GetChannelInfo = command({
  name: 'Get Channel Info',
  spec: 'IPMI 2.0 §22.24',
  netFn: NetFn.App,
  cmd: 0x42,
  privilege: Privilege.User,
  request: { ...byte({ channel: bits(3, 0) }) },
  response: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({ medium: bits(6, 0) }),
    ...byte({ protocol: bits(4, 0) }),
    ...byte({ sessionSupport: bits(7, 6), activeSessions: bits(5, 0) }),
    vendorId: u24,
    auxiliary: bytes(2),
  },
});

export const KeyOperation = { Read: 0, Set: 1, Lock: 2 } as const;

export const SetChannelSecurityKeys = command({
  name: 'Set Channel Security Keys',
  changes: ({ operation }) => operation !== 0,
  spec: 'IPMI 2.0 §22.25',
  netFn: NetFn.App,
  cmd: 0x56,
  privilege: Privilege.Administrator,
  codes: {
    locked: [0x80, 'key is locked'],
    tooFewBytes: [0x81, 'insufficient key bytes'],
    tooManyBytes: [0x82, 'too many key bytes'],
    unfitKey: [0x83, 'key value does not meet criteria'],
  },
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ operation: bits(1, 0) }), keyId: u8, key: rest() },
  response: {
    /** 0: not lockable, 1: locked, 2: unlocked. */
    ...byte({ lockStatus: bits(1, 0) }),
    key: rest(0, 20),
  },
});
