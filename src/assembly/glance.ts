import type { BmcState } from '../bmc-state.ts';
import { healthOf } from '../machine/sensors/health.ts';

/** What a list says of a BMC, whether it is awake or not: nothing of it changes while it sleeps. */
export interface Glance {
  readonly isOn: boolean;
  readonly machine: BmcState['chassis']['machine'];
  /** As `machine/sensors/health.ts` has it. */
  readonly health: number;
  readonly sessions: number;
}

export const glanceAt = ({ chassis, sensors, sessions }: BmcState): Glance => ({
  isOn: chassis.isOn,
  machine: chassis.machine,
  health: healthOf(sensors, chassis).overall,
  sessions: sessions.openCount,
});
