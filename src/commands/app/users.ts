import { bit, bits, byte, optional, rest, u8, utf8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

export const SetUserAccess = command({
  name: 'Set User Access',
  spec: 'IPMI 2.0 §22.26',
  netFn: NetFn.App,
  cmd: 0x43,
  privilege: Privilege.Administrator,
  request: {
    /** `change`: the three bits that follow are to be set. */
    ...byte({
      change: bit(7),
      callback: bit(6),
      linkAuthentication: bit(5),
      messaging: bit(4),
      channel: bits(3, 0),
    }),
    ...byte({ userId: bits(5, 0) }),
    ...byte({ privilegeLimit: bits(3, 0) }),
    sessionLimit: optional(u8),
  },
  response: {},
});

export const GetUserAccess = command({
  name: 'Get User Access',
  spec: 'IPMI 2.0 §22.27',
  netFn: NetFn.App,
  cmd: 0x44,
  privilege: Privilege.Operator,
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ userId: bits(5, 0) }) },
  response: {
    ...byte({ maxUsers: bits(5, 0) }),
    /** `enableStatus`: 0 unspecified, 1 enabled, 2 disabled. */
    ...byte({ enableStatus: bits(7, 6), enabledUsers: bits(5, 0) }),
    ...byte({ fixedNames: bits(5, 0) }),
    ...byte({ callback: bit(6), linkAuthentication: bit(5), messaging: bit(4), privilegeLimit: bits(3, 0) }),
  },
});

export const SetUserName = command({
  name: 'Set User Name',
  spec: 'IPMI 2.0 §22.28',
  netFn: NetFn.App,
  cmd: 0x45,
  privilege: Privilege.Administrator,
  request: { ...byte({ userId: bits(5, 0) }), name: utf8(16) },
  response: {},
});

export const GetUserName = command({
  name: 'Get User Name',
  spec: 'IPMI 2.0 §22.29',
  netFn: NetFn.App,
  cmd: 0x46,
  privilege: Privilege.Operator,
  request: { ...byte({ userId: bits(5, 0) }) },
  response: { name: utf8(16) },
});

export const PasswordOperation = { Disable: 0, Enable: 1, Set: 2, Test: 3 } as const;

export const SetUserPassword = command({
  name: 'Set User Password',
  changes: ({ operation }) => operation !== 3,
  spec: 'IPMI 2.0 §22.30',
  netFn: NetFn.App,
  cmd: 0x47,
  privilege: Privilege.Administrator,
  codes: {
    wrongPassword: [0x80, 'password test failed: password does not match'],
    wrongSize: [0x81, 'password test failed: wrong password size'],
  },
  request: {
    ...byte({ twentyBytes: bit(7), userId: bits(5, 0) }),
    ...byte({ operation: bits(1, 0) }),
    /** 16 or 20 bytes for set and test; some clients send it with enable and disable too. */
    password: rest(0, 20),
  },
  response: {},
});
