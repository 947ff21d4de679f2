import { RestartCause } from '../../commands/chassis/chassis.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';
import type { PowerAction, PowerBackend } from './machine.ts';

/** Bits of "last power event", §28.2. */
export interface LastPowerEvent {
  readonly byCommand: boolean;
  readonly fault: boolean;
  readonly interlock: boolean;
  readonly overload: boolean;
  readonly acFailed: boolean;
}

/** Addresses of §28.1, as Set Chassis Capabilities leaves them. */
export interface ChassisCapabilities {
  readonly intrusionSensor: boolean;
  readonly frontPanelLockout: boolean;
  readonly fruAddress: number;
  readonly sdrAddress: number;
  readonly selAddress: number;
  readonly managementAddress: number;
  readonly bridgeAddress: number;
}

/** Everything is there, and this BMC is all of it. */
export const WHOLE_CHASSIS: ChassisCapabilities = {
  intrusionSensor: true,
  frontPanelLockout: true,
  fruAddress: BMC_ADDRESS,
  sdrAddress: BMC_ADDRESS,
  selAddress: BMC_ADDRESS,
  managementAddress: BMC_ADDRESS,
  bridgeAddress: BMC_ADDRESS,
};

/** What can take the power away besides a command (§28.2). */
export type PowerLoss = 'fault' | 'interlock' | 'overload' | 'acFailed';

export interface ChassisOptions {
  readonly power?: 'on' | 'off';
  readonly restorePolicy?: number;
  readonly backend?: PowerBackend;
  /** Milliseconds that a soft shutdown takes. Default 5000. */
  readonly softOffDelay?: number;
}

/** A change of the machine's power, after it has happened. */
export interface PowerChange {
  readonly on: boolean;
  readonly action: PowerAction;
  /** Why it started, for `on`: see RestartCause. */
  readonly cause: number;
  /** Whether the power was in the other state before; false for a reset. */
  readonly changed: boolean;
  /** The machine boots now. */
  readonly starts: boolean;
  /** Set where no command took the power away. */
  readonly loss?: PowerLoss;
  /** Why it was done (RestartCause); undefined: the machine did it, or somebody else did it to it. */
  readonly by?: number;
}

/** What Get Chassis Status has to say of faults (§28.2). */
export const NO_FAULTS = {
  powerFault: false,
  powerControlFault: false,
  interlock: false,
  overload: false,
  intrusion: false,
  driveFault: false,
  coolingFault: false,
};

export const NO_EVENT: LastPowerEvent = {
  byCommand: false,
  fault: false,
  interlock: false,
  overload: false,
  acFailed: false,
};

export const MINUTES_PER_COUNT = 60;

/** Causes of a start that a command of IPMI is not. */
export const NOT_BY_COMMAND = new Set<number>([
  RestartCause.PowerButton,
  RestartCause.AlwaysRestore,
  RestartCause.RestorePrevious,
  RestartCause.Rtc,
]);
