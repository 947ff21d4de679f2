import { CC, IpmiError } from '../../codec/index.ts';
import {
  ColdReset,
  GetAcpiPowerState,
  GetDeviceGuid,
  GetDeviceId,
  GetSelfTestResults,
  GetSystemGuid,
  ManufacturingTestOn,
  SetAcpiPowerState,
  WarmReset,
} from '../../commands/app/device.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { handle } from '../handle.ts';

/** ACPI states that exist (IPMI 2.0 §20.6 table 20-8), besides 2Ah "unknown". */
const SYSTEM_STATES = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x20, 0x21, 0x2a]);
const DEVICE_STATES = new Set([0, 1, 2, 3, 0x2a]);

export const deviceHandlers: readonly Handler<BmcState>[] = [
  handle(GetDeviceId, (_request, { bmc: { identity } }) => ({
    deviceId: identity.deviceId,
    providesDeviceSdrs: true,
    deviceRevision: identity.deviceRevision,
    updateInProgress: identity.updateInProgress,
    firmwareMajor: identity.firmware.major,
    firmwareMinor: identity.firmware.minor,
    ipmiMajor: 2,
    ipmiMinor: 0,
    ...identity.support,
    manufacturerId: identity.manufacturerId,
    productId: identity.productId,
    auxFirmware: identity.firmware.aux,
  })),

  handle(ColdReset, (_request, { bmc }) => bmc.reset('cold')),
  handle(WarmReset, (_request, { bmc }) => bmc.reset('warm')),
  handle(GetSelfTestResults, (_request, { bmc }) => bmc.identity.selfTest),

  handle(ManufacturingTestOn, (_request, { bmc }) => {
    bmc.identity.manufacturingTest = true;
  }),

  handle(SetAcpiPowerState, ({ setSystem, system, setDevice, device }, { bmc: { identity } }) => {
    if (setSystem && !SYSTEM_STATES.has(system))
      throw new IpmiError(CC.InvalidDataField, `system power state ${system}`);
    if (setDevice && !DEVICE_STATES.has(device))
      throw new IpmiError(CC.InvalidDataField, `device power state ${device}`);
    identity.acpi = {
      system: setSystem ? system : identity.acpi.system,
      device: setDevice ? device : identity.acpi.device,
    };
  }),

  handle(GetAcpiPowerState, (_request, { bmc }) => bmc.identity.acpi),
  handle(GetDeviceGuid, (_request, { bmc }) => ({ guid: bmc.identity.deviceGuidBytes })),
  handle(GetSystemGuid, (_request, { bmc }) => ({ guid: bmc.identity.systemGuidBytes })),
];
