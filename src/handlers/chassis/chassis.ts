import { CC, IpmiError } from '../../codec/index.ts';
import {
  ChassisControl,
  ChassisIdentify,
  ChassisReset,
  ControlAction,
  GetChassisCapabilities,
  GetChassisStatus,
  GetPohCounter,
  GetSystemRestartCause,
  SetChassisCapabilities,
  SetFrontPanelButtonEnables,
  SetPowerCycleInterval,
  SetPowerRestorePolicy,
} from '../../commands/chassis/chassis.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { PowerAction } from '../../machine/chassis/machine.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

const ACTIONS: Readonly<Record<number, PowerAction>> = {
  [ControlAction.PowerDown]: 'off',
  [ControlAction.PowerUp]: 'on',
  [ControlAction.PowerCycle]: 'cycle',
  [ControlAction.HardReset]: 'reset',
  [ControlAction.DiagnosticInterrupt]: 'diag',
  [ControlAction.SoftShutdown]: 'soft',
};
/** What makes no sense for a machine that is off (§28.3: D5h). */
const NEEDS_POWER = new Set<PowerAction>(['cycle', 'reset', 'diag']);
const IDENTIFY_SECONDS = 15;
const NO_CHANGE = 3;

export const chassisHandlers: readonly Handler<BmcState>[] = [
  handle(GetChassisCapabilities, (_request, { bmc }) => ({
    ...bmc.chassis.capabilities,
    powerInterlock: true,
    diagnosticInterrupt: true,
  })),

  handle(SetChassisCapabilities, (request, { bmc: { chassis } }) => {
    const {
      intrusionSensor,
      frontPanelLockout,
      fruAddress,
      sdrAddress,
      selAddress,
      managementAddress,
      bridgeAddress,
    } = request;
    return after(
      chassis.setCapabilities({
        intrusionSensor,
        frontPanelLockout,
        fruAddress,
        sdrAddress,
        selAddress,
        managementAddress,
        bridgeAddress: bridgeAddress ?? chassis.capabilities.bridgeAddress,
      }),
      {},
    );
  }),

  handle(GetChassisStatus, (_request, { bmc: { chassis, frontPanel } }) => {
    const { faults, lastPowerEvent } = chassis;
    const { disabled } = frontPanel;
    return {
      ...faults,
      restorePolicy: chassis.restorePolicy,
      powerOn: chassis.isOn,
      lastOnByCommand: lastPowerEvent.byCommand,
      lastFault: lastPowerEvent.fault,
      lastInterlock: lastPowerEvent.interlock,
      lastOverload: lastPowerEvent.overload,
      lastAcFailed: lastPowerEvent.acFailed,
      identifySupported: true,
      identifyState: frontPanel.identifyState,
      frontPanelLockout: frontPanel.lockedOut,
      standbyDisableAllowed: true,
      diagnosticDisableAllowed: true,
      resetDisableAllowed: true,
      powerOffDisableAllowed: true,
      standbyDisabled: disabled.standby,
      diagnosticDisabled: disabled.diagnosticInterrupt,
      resetDisabled: disabled.reset,
      powerOffDisabled: disabled.powerOff,
    };
  }),

  handle(ChassisControl, ({ action }, { bmc: { chassis }, channel }) => {
    const wanted = ACTIONS[action];
    if (wanted === undefined) throw new IpmiError(CC.InvalidDataField, `chassis control ${action}`);
    if (!chassis.isOn && NEEDS_POWER.has(wanted))
      throw new IpmiError(CC.NotSupportedInState, `${wanted} while the power is off`);
    return after(chassis.control(wanted, undefined, channel.number), {});
  }),

  handle(ChassisReset, (_request, { bmc: { chassis }, channel }) => {
    if (!chassis.isOn) throw new IpmiError(CC.NotSupportedInState, 'reset while the power is off');
    return after(chassis.control('reset', undefined, channel.number), {});
  }),

  handle(ChassisIdentify, ({ interval = IDENTIFY_SECONDS, force = 0 }, { bmc }) => {
    bmc.frontPanel.identify(interval, (force & 1) === 1);
  }),

  handle(SetPowerRestorePolicy, ({ policy }, { bmc: { chassis } }) => {
    if (policy > NO_CHANGE) throw new IpmiError(CC.InvalidDataField, `policy ${policy}`);
    const supported = { alwaysOn: true, previous: true, alwaysOff: true };
    return policy === NO_CHANGE ? supported : after(chassis.setRestorePolicy(policy), supported);
  }),

  handle(GetSystemRestartCause, (_request, { bmc }) => bmc.chassis.restartCause),

  handle(SetFrontPanelButtonEnables, (disabled, { bmc }) => after(bmc.frontPanel.disable(disabled), {})),

  handle(SetPowerCycleInterval, ({ seconds }, { bmc }) => after(bmc.chassis.setCycleInterval(seconds), {})),
  handle(GetPohCounter, (_request, { bmc }) => {
    const { chassis } = bmc;
    return after(chassis.keepPowerOnHours(), chassis.powerOnHours);
  }),
];
