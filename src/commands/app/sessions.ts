import {
  bit,
  bits,
  byte,
  bytes,
  ipv4,
  layout,
  mac,
  optional,
  rest,
  u16,
  u24,
  u32,
  u8,
} from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

export const GetChannelAuthenticationCapabilities = command({
  name: 'Get Channel Authentication Capabilities',
  spec: 'IPMI 2.0 §22.13',
  netFn: NetFn.App,
  cmd: 0x38,
  privilege: Privilege.None,
  request: {
    /** `extended`: also tell what IPMI 2.0 adds. */
    ...byte({ extended: bit(7), channel: bits(3, 0) }),
    ...byte({ privilege: bits(3, 0) }),
  },
  response: {
    channel: u8,
    ...byte({
      extendedCapabilities: bit(7),
      oem: bit(5),
      password: bit(4),
      md5: bit(2),
      md2: bit(1),
      none: bit(0),
    }),
    ...byte({
      kgSet: bit(5),
      perMessageDisabled: bit(4),
      userLevelDisabled: bit(3),
      nonNullUsers: bit(2),
      nullUsers: bit(1),
      anonymousLogin: bit(0),
    }),
    ...byte({ ipmi20: bit(1), ipmi15: bit(0) }),
    oemId: u24,
    oemData: u8,
  },
});

export const GetSessionChallenge = command({
  name: 'Get Session Challenge',
  spec: 'IPMI 2.0 §22.16',
  netFn: NetFn.App,
  cmd: 0x39,
  privilege: Privilege.None,
  codes: {
    invalidUserName: [0x81, 'invalid user name'],
    nullUserDisabled: [0x82, 'null user name not enabled'],
  },
  request: { ...byte({ authType: bits(3, 0) }), userName: bytes(16) },
  response: { temporarySessionId: u32, challenge: bytes(16) },
});

export const ActivateSession = command({
  name: 'Activate Session',
  changes: false,
  spec: 'IPMI 2.0 §22.17',
  netFn: NetFn.App,
  cmd: 0x3a,
  privilege: Privilege.None,
  codes: {
    noSlot: [0x81, 'no session slot available'],
    noSlotForUser: [0x82, 'no slot available for given user'],
    noSlotAtPrivilege: [0x83, 'no slot available to support user at requested privilege'],
    sequenceOutOfRange: [0x84, 'session sequence number out of range'],
    invalidSessionId: [0x85, 'invalid session ID'],
    privilegeExceedsLimit: [0x86, 'requested maximum privilege exceeds user or channel limit'],
  },
  request: {
    ...byte({ authType: bits(3, 0) }),
    ...byte({ maxPrivilege: bits(3, 0) }),
    challenge: bytes(16),
    /** The first sequence number that the remote console wants to see. */
    initialOutboundSequence: u32,
  },
  response: {
    ...byte({ authTypeForSession: bits(3, 0) }),
    sessionId: u32,
    initialInboundSequence: u32,
    ...byte({ maxPrivilegeAllowed: bits(3, 0) }),
  },
});

export const SetSessionPrivilegeLevel = command({
  name: 'Set Session Privilege Level',
  changes: false,
  spec: 'IPMI 2.0 §22.18',
  netFn: NetFn.App,
  cmd: 0x3b,
  privilege: Privilege.User,
  codes: {
    notAvailable: [0x80, 'requested level not available for this user'],
    exceedsLimit: [0x81, 'requested level exceeds channel or user privilege limit'],
    cannotDisableUserLevel: [0x82, 'cannot disable user level authentication'],
  },
  request: { ...byte({ privilege: bits(3, 0) }) },
  response: { ...byte({ newPrivilege: bits(3, 0) }) },
});

export const CloseSession = command({
  name: 'Close Session',
  changes: false,
  spec: 'IPMI 2.0 §22.19',
  netFn: NetFn.App,
  cmd: 0x3c,
  privilege: Privilege.Callback,
  codes: {
    invalidSessionId: [0x87, 'invalid session ID in request'],
    invalidSessionHandle: [0x88, 'invalid session handle in request'],
  },
  request: {
    sessionId: u32,
    /** Only with session id 0. */
    sessionHandle: optional(u8),
  },
  response: {},
});

export const GetSessionInfo = command({
  name: 'Get Session Info',
  spec: 'IPMI 2.0 §22.20',
  netFn: NetFn.App,
  cmd: 0x3d,
  privilege: Privilege.User,
  request: {
    /** 0: this session; 1..N: the Nth active one; FEh: by handle; FFh: by id. */
    index: u8,
    handleOrId: rest(0, 4),
  },
  response: {
    handle: u8,
    ...byte({ possible: bits(5, 0) }),
    ...byte({ active: bits(5, 0) }),
    /** The session and its console: absent when no active session was found. */
    session: rest(0, 18),
  },
});

export const GetAuthCode = command({
  name: 'Get AuthCode',
  spec: 'IPMI 2.0 §22.21',
  netFn: NetFn.App,
  cmd: 0x3f,
  privilege: Privilege.Operator,
  request: {
    ...byte({ integrity: bits(7, 6), authType: bits(3, 0) }),
    ...byte({ channel: bits(3, 0) }),
    ...byte({ userId: bits(5, 0) }),
    data: bytes(16),
  },
  response: { authCode: rest(16, 20) },
});

export const GetChannelCipherSuites = command({
  name: 'Get Channel Cipher Suites',
  spec: 'IPMI 2.0 §22.15',
  netFn: NetFn.App,
  cmd: 0x54,
  privilege: Privilege.None,
  request: {
    ...byte({ channel: bits(3, 0) }),
    ...byte({ payloadType: bits(5, 0) }),
    /** `bySuite`: records of suites, else the bare algorithms; `index` counts blocks of 16 bytes. */
    ...byte({ bySuite: bit(7), index: bits(5, 0) }),
  },
  response: { channel: u8, records: rest(0, 16) },
});

/** `session` of Get Session Info, on a LAN channel. */
export const SessionInfo = layout('Get Session Info session', {
  ...byte({ userId: bits(5, 0) }),
  ...byte({ privilege: bits(3, 0) }),
  /** Protocol 1: RMCP+, else IPMI 1.5. */
  ...byte({ protocol: bits(7, 4), channel: bits(3, 0) }),
  address: ipv4,
  mac,
  port: u16,
});

/**
 * By number: what begins, changes, shows and ends a session. Nobody is kept from these by requests of others.
 */
export const SESSION_COMMANDS: ReadonlySet<number> = new Set(
  [
    GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites,
    GetSessionChallenge,
    ActivateSession,
    SetSessionPrivilegeLevel,
    CloseSession,
    GetSessionInfo,
  ].map(({ cmd }) => cmd),
);
