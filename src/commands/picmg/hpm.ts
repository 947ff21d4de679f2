import {
  bcd8,
  bit,
  bits,
  byte,
  bytes,
  layout,
  optional,
  rest,
  text,
  u16,
  u32,
  u8,
  type Shape,
} from '../../codec/index.ts';
import { Body, command, NetFn, Privilege, type CommandLiteral } from '../command.ts';

/**
 * What these commands have in common. What changes firmware is an administrator's; what only asks is a
 * user's.
 */
const picmg = <const Q extends Shape, const R extends Shape, const N extends string = never>(
  literal: Omit<CommandLiteral<Q, R, N>, 'netFn' | 'body' | 'privilege'> & { readonly privilege?: Privilege },
) => command({ privilege: Privilege.Administrator, ...literal, netFn: NetFn.Group, body: Body.Picmg });

const IN_PROGRESS = 'command in progress';
const NOT_HERE = 'firmware upgrade is not supported over this interface';

export const GetPicmgProperties = picmg({
  name: 'Get PICMG Properties',
  spec: 'PICMG 3.0',
  cmd: 0x00,
  privilege: Privilege.Callback,
  request: {},
  /** Version 0: none of PICMG 3.x, MTCA or AMC beyond what other commands answer. */
  response: {
    ...byte({ extensionMinor: bits(7, 4), extensionMajor: bits(3, 0) }),
    maxFruDeviceId: u8,
    controllerFruDeviceId: u8,
  },
});

export const GetTargetUpgradeCapabilities = picmg({
  name: 'Get Target Upgrade Capabilities',
  spec: 'HPM.1 §3.2',
  cmd: 0x2e,
  privilege: Privilege.User,
  codes: { notHere: [0x81, NOT_HERE] },
  request: {},
  response: {
    /** 0: HPM.1 revision 1.0. */
    hpmVersion: u8,
    ...byte({
      upgradeUndesirable: bit(7),
      rollbackOverride: bit(6),
      degradedDuringUpgrade: bit(5),
      deferredActivation: bit(4),
      servicesAffected: bit(3),
      manualRollback: bit(2),
      automaticRollback: bit(1),
      selfTest: bit(0),
    }),
    /** Each in units of 5 s. */
    upgradeTimeout: u8,
    selfTestTimeout: u8,
    rollbackTimeout: u8,
    inaccessibilityTimeout: u8,
    /** A bit a component. */
    components: u8,
  },
});

/** Selectors of Get Component Properties; C0h and up are OEM's, and ours. */
export const ComponentProperty = {
  General: 0,
  CurrentVersion: 1,
  Description: 2,
  RollbackVersion: 3,
  DeferredVersion: 4,
  UploadStatus: 0xc0,
  UploadProgress: 0xc1,
  Owner: 0xc2,
  ActiveDigest: 0xc3,
  RollbackDigest: 0xc4,
  DeferredDigest: 0xc5,
  LastProblem: 0xc6,
} as const;

export const GetComponentProperties = picmg({
  name: 'Get Component Properties',
  spec: 'HPM.1 §3.2',
  cmd: 0x2f,
  privilege: Privilege.User,
  codes: {
    notHere: [0x81, NOT_HERE],
    invalidComponent: [0x82, 'invalid component id'],
    invalidProperty: [0x83, 'invalid component properties selector'],
  },
  request: { component: u8, selector: u8 },
  response: { data: rest() },
});

export const GeneralComponentProperties = layout('general component properties', {
  ...byte({
    payloadColdReset: bit(5),
    deferredActivation: bit(4),
    comparison: bit(3),
    preparation: bit(2),
    /** 0 no rollback, 1 after a backup, 2 without one. */
    rollback: bits(1, 0),
  }),
});

/** FFh bytes: there is none. */
export const FirmwareVersion = layout('firmware version', { major: u8, minor: bcd8, aux: bytes(4) });
export const NO_VERSION: Uint8Array = new Uint8Array(6).fill(0xff);

export const ComponentDescription = layout('component description', { description: text(12) });

/** What an upload, an activation or a rollback is at. */
export const UploadStage = {
  Idle: 0,
  Preparing: 1,
  Uploading: 2,
  Uploaded: 3,
  Verifying: 4,
  Activating: 5,
  RollingBack: 6,
} as const;

/** OEM property C0h. */
export const UploadStatus = layout('upload status', {
  stage: u8,
  /** Of verification. */
  percent: u8,
  /** Seconds until the upload is given up if nothing comes. */
  expiresIn: u16,
});

/** OEM property C1h: where to go on after a lost connection. */
export const UploadProgress = layout('upload progress', {
  received: u32,
  nextBlock: u8,
  /** Most data bytes of a block that this interface carries. */
  largestBlock: u16,
});

export const AbortFirmwareUpgrade = picmg({
  name: 'Abort Firmware Upgrade',
  spec: 'HPM.1 §3',
  cmd: 0x30,
  codes: {
    cannotAbort: [0x80, 'firmware upgrade cannot be aborted at this moment'],
    cannotResume: [0x81, 'firmware upgrade aborted, normal operation cannot resume'],
  },
  request: {},
  response: {},
});

export const UpgradeAction = { Backup: 0, Prepare: 1, Upgrade: 2, Compare: 3 } as const;

export const InitiateUpgradeAction = picmg({
  name: 'Initiate Upgrade Action',
  spec: 'HPM.1 §3.3',
  cmd: 0x31,
  codes: {
    inProgress: [0x80, IN_PROGRESS],
    invalidComponent: [0x81, 'invalid component'],
    invalidUploadMode: [0x82, 'invalid upload mode'],
  },
  /** `components`: a bit each; for an upload one alone. */
  request: { components: u8, action: u8 },
  response: {},
});

export const UploadFirmwareBlock = picmg({
  name: 'Upload Firmware Block',
  changes: false,
  spec: 'HPM.1 §3.3',
  cmd: 0x32,
  codes: {
    inProgress: [0x80, IN_PROGRESS],
    invalidComponent: [0x81, 'invalid component'],
    checksumError: [0x82, 'internal checksum error detected in the received blocks'],
  },
  /** `block` counts from 0 and wraps. */
  request: { block: u8, data: rest(1) },
  /** Where the sender shall go on instead, and how many bytes are then left. */
  response: { sectionOffset: optional(u32), sectionLength: optional(u32) },
});

export const FinishFirmwareUpload = picmg({
  name: 'Finish Firmware Upload',
  spec: 'HPM.1 §3.3',
  cmd: 0x33,
  codes: {
    inProgress: [0x80, IN_PROGRESS],
    sizeMismatch: [0x81, 'number of bytes received does not match the size in the request'],
    checksumError: [0x82, 'internal checksum error detected in the received image'],
    noMatch: [0x83, 'uploaded firmware does not match the active one'],
  },
  request: { component: u8, size: u32 },
  response: {},
});

export const GetUpgradeStatus = picmg({
  name: 'Get Upgrade Status',
  spec: 'HPM.1 §3.3',
  cmd: 0x34,
  privilege: Privilege.User,
  request: {},
  /** The last long-duration command, its completion code (80h: it runs), and how much of it is done. */
  response: { command: u8, completionCode: u8, percent: optional(u8) },
});

export const ActivateFirmware = picmg({
  name: 'Activate Firmware',
  spec: 'HPM.1 §3.4',
  cmd: 0x35,
  codes: { inProgress: [0x80, IN_PROGRESS] },
  /** 1: what fails its self test stays. */
  request: { rollbackOverride: optional(u8) },
  response: {},
});

export const QuerySelfTestResults = picmg({
  name: 'Query Self-test Results',
  spec: 'HPM.1 §3.4',
  cmd: 0x36,
  privilege: Privilege.User,
  codes: { inProgress: [0x80, 'self test in progress'], notHere: [0x81, NOT_HERE] },
  request: {},
  /** As Get Self Test Results (IPMI 2.0 §20.4), and 60h: components failed, a bit each in `detail`. */
  response: { result: u8, detail: u8 },
});

export const QueryRollbackStatus = picmg({
  name: 'Query Rollback Status',
  spec: 'HPM.1 §3.4',
  cmd: 0x37,
  privilege: Privilege.User,
  codes: {
    inProgress: [0x80, 'rollback in progress'],
    failed: [0x81, 'rollback failure'],
    overridden: [0x82, 'rollback overridden'],
    denied: [0x83, 'rollback denied for integrity reasons'],
  },
  request: {},
  /** A bit a component that was rolled back; with 81h, that could not be. */
  response: { components: u8, percent: optional(u8) },
});

export const InitiateManualRollback = picmg({
  name: 'Initiate Manual Rollback',
  spec: 'HPM.1 §3.4',
  cmd: 0x38,
  codes: { inProgress: [0x80, 'rollback in progress'] },
  request: {},
  response: {},
});

export const GetHpmxCapabilities = picmg({
  name: 'Get HPM.x Capabilities',
  spec: 'HPM.2',
  cmd: 0x3e,
  privilege: Privilege.Callback,
  /** 2: HPM.2. */
  request: { hpmId: u8 },
  response: {
    hpmId: u8,
    revision: u8,
    /** A bit a channel. */
    lanChannels: u16,
    ...byte({
      dynamicSessions: bit(4),
      versionSensor: bit(3),
      extendedManagement: bit(2),
      packetTrace: bit(1),
      solExtension: bit(0),
    }),
    /** Where HPM.2's own LAN configuration parameters begin, C0h or above, and their revision. */
    lanParametersStart: u8,
    lanParametersRevision: u8,
    solParametersStart: u8,
    solParametersRevision: u8,
  },
});

/** The first of HPM.2's LAN configuration parameters. */
export const LanChannelCapabilities = layout('HPM.2 LAN channel capabilities', {
  capabilities: u8,
  attachType: u8,
  bandwidthClass: u8,
  /** Most bytes of an IPMI message, from the responder's address to the last checksum. */
  maxInboundPayload: u16,
  maxOutboundPayload: u16,
});
