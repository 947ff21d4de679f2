import { RestartCause } from '../../commands/chassis/chassis.ts';

/** Power restore policy, IPMI 2.0 §28.2. */
export const RestorePolicy = { AlwaysOff: 0, Previous: 1, AlwaysOn: 2 } as const;

/** What the power restore policy makes of a machine that was on, or off, when its power went (§28.8). */
export const powerAfterLoss = (policy: number, wasOn: boolean): boolean =>
  policy === RestorePolicy.AlwaysOn || (policy === RestorePolicy.Previous && wasOn);

/** Why a machine starts that the policy starts. */
export const restoreCause = (policy: number): number =>
  policy === RestorePolicy.AlwaysOn ? RestartCause.AlwaysRestore : RestartCause.RestorePrevious;
