import type { PefActionSet } from '../../commands/parameters/pef.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import type { PowerAction } from '../../machine/chassis/machine.ts';

/** What the machine is told, the strongest first; only one of them is carried out (table 17-1). */
export const POWER_ACTIONS: readonly (readonly [keyof PefActionSet, PowerAction, number])[] = [
  ['powerDown', 'off', RestartCause.Unknown],
  ['powerCycle', 'cycle', RestartCause.PefCycle],
  ['reset', 'reset', RestartCause.PefReset],
  ['diagnosticInterrupt', 'diag', RestartCause.Unknown],
];
/** It waits for no start-up delay. */
export const INTERRUPT = POWER_ACTIONS.length - 1;
/**
 * What an event from before the BMC's start may ask for: the others would now hit another run of the system
 * (§17.13.2).
 */
export const POWER_DOWN_ALONE = 1;
