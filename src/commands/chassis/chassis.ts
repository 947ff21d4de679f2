import { bit, bits, byte, optional, u32, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** Addresses of §28.1 and §28.7. */
const capabilities = {
  ...byte({
    powerInterlock: bit(3),
    diagnosticInterrupt: bit(2),
    frontPanelLockout: bit(1),
    intrusionSensor: bit(0),
  }),
  fruAddress: u8,
  sdrAddress: u8,
  selAddress: u8,
  managementAddress: u8,
  /** Absent: 20h. */
  bridgeAddress: optional(u8),
};

export const GetChassisCapabilities = command({
  name: 'Get Chassis Capabilities',
  spec: 'IPMI 2.0 §28.1',
  netFn: NetFn.Chassis,
  cmd: 0x00,
  privilege: Privilege.User,
  request: {},
  response: capabilities,
});

export const GetChassisStatus = command({
  name: 'Get Chassis Status',
  spec: 'IPMI 2.0 §28.2',
  netFn: NetFn.Chassis,
  cmd: 0x01,
  privilege: Privilege.User,
  request: {},
  response: {
    ...byte({
      restorePolicy: bits(6, 5),
      powerControlFault: bit(4),
      powerFault: bit(3),
      interlock: bit(2),
      overload: bit(1),
      powerOn: bit(0),
    }),
    ...byte({
      lastOnByCommand: bit(4),
      lastFault: bit(3),
      lastInterlock: bit(2),
      lastOverload: bit(1),
      lastAcFailed: bit(0),
    }),
    /** `identifyState`: 0 off, 1 for a time, 2 until turned off. */
    ...byte({
      identifySupported: bit(6),
      identifyState: bits(5, 4),
      coolingFault: bit(3),
      driveFault: bit(2),
      frontPanelLockout: bit(1),
      intrusion: bit(0),
    }),
    ...byte({
      standbyDisableAllowed: bit(7),
      diagnosticDisableAllowed: bit(6),
      resetDisableAllowed: bit(5),
      powerOffDisableAllowed: bit(4),
      standbyDisabled: bit(3),
      diagnosticDisabled: bit(2),
      resetDisabled: bit(1),
      powerOffDisabled: bit(0),
    }),
  },
});

/** §28.3 table 28-4. */
export const ControlAction = {
  PowerDown: 0,
  PowerUp: 1,
  PowerCycle: 2,
  HardReset: 3,
  DiagnosticInterrupt: 4,
  SoftShutdown: 5,
} as const;

export const ChassisControl = command({
  name: 'Chassis Control',
  spec: 'IPMI 2.0 §28.3',
  netFn: NetFn.Chassis,
  cmd: 0x02,
  privilege: Privilege.Operator,
  subFunctions: {
    field: 'action',
    names: {
      0: 'power down',
      1: 'power up',
      2: 'power cycle',
      3: 'hard reset',
      4: 'pulse diagnostic interrupt',
      5: 'soft shutdown',
    },
  },
  request: { ...byte({ action: bits(3, 0) }) },
  response: {},
});

export const ChassisReset = command({
  name: 'Chassis Reset',
  spec: 'IPMI 2.0 §28.4',
  netFn: NetFn.Chassis,
  cmd: 0x03,
  privilege: Privilege.Operator,
  request: {},
  response: {},
});

export const ChassisIdentify = command({
  name: 'Chassis Identify',
  spec: 'IPMI 2.0 §28.5',
  netFn: NetFn.Chassis,
  cmd: 0x04,
  privilege: Privilege.Operator,
  request: {
    /** Seconds; absent: 15. */
    interval: optional(u8),
    /** Bit 0: until it is turned off. */
    force: optional(u8),
  },
  response: {},
});

export const SetChassisCapabilities = command({
  name: 'Set Chassis Capabilities',
  spec: 'IPMI 2.0 §28.7',
  netFn: NetFn.Chassis,
  cmd: 0x05,
  privilege: Privilege.Administrator,
  request: capabilities,
  response: {},
});

export const SetPowerRestorePolicy = command({
  name: 'Set Power Restore Policy',
  spec: 'IPMI 2.0 §28.8',
  netFn: NetFn.Chassis,
  cmd: 0x06,
  privilege: Privilege.Operator,
  /** 3: no change, only tell what is supported. */
  request: { ...byte({ policy: bits(2, 0) }) },
  response: { ...byte({ alwaysOn: bit(2), previous: bit(1), alwaysOff: bit(0) }) },
});

/** System restart causes, §28.11. */
export const RestartCause = {
  Unknown: 0x0,
  ChassisControl: 0x1,
  ResetButton: 0x2,
  PowerButton: 0x3,
  Watchdog: 0x4,
  Oem: 0x5,
  AlwaysRestore: 0x6,
  RestorePrevious: 0x7,
  PefReset: 0x8,
  PefCycle: 0x9,
  SoftReset: 0xa,
  Rtc: 0xb,
} as const;

export const GetSystemRestartCause = command({
  name: 'Get System Restart Cause',
  spec: 'IPMI 2.0 §28.11',
  netFn: NetFn.Chassis,
  cmd: 0x07,
  privilege: Privilege.User,
  request: {},
  response: { ...byte({ cause: bits(3, 0) }), channel: u8 },
});

export const SetFrontPanelButtonEnables = command({
  name: 'Set Front Panel Button Enables',
  spec: 'IPMI 2.0 §28.6',
  netFn: NetFn.Chassis,
  cmd: 0x0a,
  privilege: Privilege.Administrator,
  /** A 1 disables the button. */
  request: { ...byte({ standby: bit(3), diagnosticInterrupt: bit(2), reset: bit(1), powerOff: bit(0) }) },
  response: {},
});

export const SetPowerCycleInterval = command({
  name: 'Set Power Cycle Interval',
  spec: 'IPMI 2.0 §28.9',
  netFn: NetFn.Chassis,
  cmd: 0x0b,
  privilege: Privilege.Administrator,
  /** Seconds. */
  request: { seconds: u8 },
  response: {},
});

export const GetPohCounter = command({
  name: 'Get POH Counter',
  spec: 'IPMI 2.0 §28.14',
  netFn: NetFn.Chassis,
  cmd: 0x0f,
  privilege: Privilege.User,
  request: {},
  response: { minutesPerCount: u8, count: u32 },
});
