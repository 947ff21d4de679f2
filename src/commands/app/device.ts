import { bcd8, bit, bits, byte, bytes, optional, rest, u16, u24, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** What a controller is good for: of Get Device ID, and of its locator record (§43.9). */
export const deviceSupport = byte({
  chassis: bit(7),
  bridge: bit(6),
  eventGenerator: bit(5),
  eventReceiver: bit(4),
  fruInventory: bit(3),
  sel: bit(2),
  sdrRepository: bit(1),
  sensor: bit(0),
});

export const GetDeviceId = command({
  name: 'Get Device ID',
  spec: 'IPMI 2.0 §20.1',
  netFn: NetFn.App,
  cmd: 0x01,
  privilege: Privilege.User,
  request: {},
  response: {
    deviceId: u8,
    ...byte({ providesDeviceSdrs: bit(7), deviceRevision: bits(3, 0) }),
    ...byte({ updateInProgress: bit(7), firmwareMajor: bits(6, 0) }),
    firmwareMinor: bcd8,
    ...byte({ ipmiMinor: bits(7, 4), ipmiMajor: bits(3, 0) }),
    ...deviceSupport,
    manufacturerId: u24,
    productId: u16,
    auxFirmware: optional(bytes(4)),
  },
});

export const ColdReset = command({
  name: 'Cold Reset',
  spec: 'IPMI 2.0 §20.2',
  netFn: NetFn.App,
  cmd: 0x02,
  privilege: Privilege.Administrator,
  request: {},
  response: {},
});

export const WarmReset = command({
  name: 'Warm Reset',
  spec: 'IPMI 2.0 §20.3',
  netFn: NetFn.App,
  cmd: 0x03,
  privilege: Privilege.Administrator,
  request: {},
  response: {},
});

export const GetSelfTestResults = command({
  name: 'Get Self Test Results',
  spec: 'IPMI 2.0 §20.4',
  netFn: NetFn.App,
  cmd: 0x04,
  privilege: Privilege.User,
  request: {},
  response: { result: u8, detail: u8 },
});

export const ManufacturingTestOn = command({
  name: 'Manufacturing Test On',
  spec: 'IPMI 2.0 §20.5',
  netFn: NetFn.App,
  cmd: 0x05,
  privilege: Privilege.Administrator,
  request: { parameters: rest() },
  response: {},
});

export const SetAcpiPowerState = command({
  name: 'Set ACPI Power State',
  spec: 'IPMI 2.0 §20.6',
  netFn: NetFn.App,
  cmd: 0x06,
  privilege: Privilege.Administrator,
  request: {
    ...byte({ setSystem: bit(7), system: bits(6, 0) }),
    ...byte({ setDevice: bit(7), device: bits(6, 0) }),
  },
  response: {},
});

export const GetAcpiPowerState = command({
  name: 'Get ACPI Power State',
  spec: 'IPMI 2.0 §20.7',
  netFn: NetFn.App,
  cmd: 0x07,
  privilege: Privilege.User,
  request: {},
  response: { ...byte({ system: bits(6, 0) }), ...byte({ device: bits(6, 0) }) },
});

export const GetDeviceGuid = command({
  name: 'Get Device GUID',
  spec: 'IPMI 2.0 §20.8',
  netFn: NetFn.App,
  cmd: 0x08,
  privilege: Privilege.User,
  request: {},
  /** Least significant byte first, the node field leading. */
  response: { guid: bytes(16) },
});

export const GetSystemGuid = command({
  name: 'Get System GUID',
  spec: 'IPMI 2.0 §22.14',
  netFn: NetFn.App,
  cmd: 0x37,
  privilege: Privilege.None,
  request: {},
  response: { guid: bytes(16) },
});
