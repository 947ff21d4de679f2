import { bit, bits, byte, bytes, layout, pad, u16, u24, u32, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

const which = { ...byte({ payloadType: bits(5, 0) }), ...byte({ instance: bits(3, 0) }) };
const version = byte({ majorVersion: bits(7, 4), minorVersion: bits(3, 0) });

/**
 * Bits of the payload types of Set and Get User Payload Access, by number: standard types 1..7, OEM types
 * 20h..27h.
 */
const access = { standard: u8, standardReserved: pad(1), oem: u8, oemReserved: pad(1) };

export const ActivatePayload = command({
  name: 'Activate Payload',
  spec: 'IPMI 2.0 §24.1',
  netFn: NetFn.App,
  cmd: 0x48,
  // The payload's own limit is checked besides (SOL parameter 2).
  privilege: Privilege.User,
  codes: {
    alreadyActive: [0x80, 'payload already active on another session'],
    disabled: [0x81, 'payload type is disabled'],
    limitReached: [0x82, 'payload activation limit reached'],
    cannotEncrypt: [0x83, 'cannot activate payload with encryption'],
    mustEncrypt: [0x84, 'cannot activate payload without encryption'],
  },
  request: {
    ...which,
    /** What the payload type defines; SOL: see SolActivation. */
    auxiliary: bytes(4),
  },
  response: {
    auxiliary: bytes(4),
    /** Most bytes of a payload to the BMC and from it, headers of the payload included. */
    inboundSize: u16,
    outboundSize: u16,
    /** UDP port that the payload is to be sent to. */
    port: u16,
    /** FFFFh: none. */
    vlan: u16,
  },
});

/** `auxiliary` of Activate Payload for SOL (table 24-2). */
export const SolActivation = layout('SOL activation', {
  /**
   * `serialAlerts`: 0 fail, 1 are deferred, 2 succeed. `handshake`: CTS and DCD/DSR stay deasserted until a
   * packet asserts them.
   */
  ...byte({
    encryption: bit(7),
    authentication: bit(6),
    testMode: bit(5),
    serialAlerts: bits(3, 2),
    handshake: bit(1),
  }),
  reserved: pad(3),
});

export const DeactivatePayload = command({
  name: 'Deactivate Payload',
  spec: 'IPMI 2.0 §24.2',
  netFn: NetFn.App,
  cmd: 0x49,
  privilege: Privilege.User,
  codes: { notActive: [0x80, 'payload already deactivated'], disabled: [0x81, 'payload type is disabled'] },
  request: { ...which, auxiliary: bytes(4) },
  response: {},
});

export const PayloadEncryption = { Suspend: 0, Resume: 1, Regenerate: 2 } as const;

export const SuspendResumePayloadEncryption = command({
  name: 'Suspend/Resume Payload Encryption',
  spec: 'IPMI 2.0 §24.3',
  netFn: NetFn.App,
  cmd: 0x55,
  privilege: Privilege.User,
  codes: {
    notSupported: [0x80, 'operation not supported for given payload type'],
    notAllowed: [0x81, 'operation not allowed under present configuration for given payload type'],
    cannotEncrypt: [0x82, 'encryption is not available for session that payload type is active under'],
    notActive: [0x83, 'the payload instance is not presently active'],
  },
  request: { ...which, ...byte({ operation: bits(4, 0) }) },
  response: {},
});

export const GetPayloadActivationStatus = command({
  name: 'Get Payload Activation Status',
  spec: 'IPMI 2.0 §24.4',
  netFn: NetFn.App,
  cmd: 0x4a,
  privilege: Privilege.User,
  request: { payloadType: u8 },
  response: {
    ...byte({ capacity: bits(3, 0) }),
    /** Bit n: instance n + 1 is active. */
    active: u16,
  },
});

export const GetPayloadInstanceInfo = command({
  name: 'Get Payload Instance Info',
  spec: 'IPMI 2.0 §24.5',
  netFn: NetFn.App,
  cmd: 0x4b,
  privilege: Privilege.User,
  request: { payloadType: u8, instance: u8 },
  response: {
    /** 0: the instance is not active. */
    sessionId: u32,
    /** SOL: the first byte is the number of the serial port, 0 unspecified. */
    information: bytes(8),
  },
});

export const SetUserPayloadAccess = command({
  name: 'Set User Payload Access',
  spec: 'IPMI 2.0 §24.6',
  netFn: NetFn.App,
  cmd: 0x4c,
  privilege: Privilege.Administrator,
  request: {
    ...byte({ channel: bits(3, 0) }),
    /** `operation`: 0 enables the types whose bits are set, 1 disables them; the others stay as they are. */
    ...byte({ operation: bits(7, 6), userId: bits(5, 0) }),
    ...access,
  },
  response: {},
});

export const GetUserPayloadAccess = command({
  name: 'Get User Payload Access',
  spec: 'IPMI 2.0 §24.7',
  netFn: NetFn.App,
  cmd: 0x4d,
  privilege: Privilege.Operator,
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ userId: bits(5, 0) }) },
  response: access,
});

export const GetChannelPayloadSupport = command({
  name: 'Get Channel Payload Support',
  spec: 'IPMI 2.0 §24.8',
  netFn: NetFn.App,
  cmd: 0x4e,
  privilege: Privilege.User,
  request: { ...byte({ channel: bits(3, 0) }) },
  response: {
    /** Bit n of each: type n, type 10h + n, type 20h + n. */
    standard: u16,
    sessionSetup: u16,
    oem: u16,
    reserved: pad(2),
  },
});

export const GetChannelPayloadVersion = command({
  name: 'Get Channel Payload Version',
  spec: 'IPMI 2.0 §24.9',
  netFn: NetFn.App,
  cmd: 0x4f,
  privilege: Privilege.User,
  codes: { notAvailable: [0x80, 'payload type not available on given channel'] },
  request: { ...byte({ channel: bits(3, 0) }), payloadType: u8 },
  response: version,
});

export const GetChannelOemPayloadInfo = command({
  name: 'Get Channel OEM Payload Info',
  spec: 'IPMI 2.0 §24.10',
  netFn: NetFn.App,
  cmd: 0x50,
  privilege: Privilege.User,
  codes: { notSupported: [0x80, 'OEM payload IANA and/or payload ID not supported'] },
  request: {
    ...byte({ channel: bits(3, 0) }),
    /** 20h..27h, or 02h: the one of the IANA and payload id that follow. */
    payloadType: u8,
    iana: u24,
    payloadId: u16,
  },
  response: { payloadType: u8, iana: u24, payloadId: u16, ...version },
});
