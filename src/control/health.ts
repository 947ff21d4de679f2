import type { Bmc } from '../bmc.ts';
import { Health, healthOf as reportOf } from '../machine/sensors/health.ts';

export const HEALTH = ['ok', 'warning', 'critical'] as const;

/** The worst that the sensors say, and the faults of the chassis. */
export function healthOf({ sensors, chassis }: Pick<Bmc, 'sensors' | 'chassis'>): (typeof HEALTH)[number] {
  return healthAt(reportOf(sensors, chassis).overall);
}

/** The same in a word. */
export function healthAt(overall: number): (typeof HEALTH)[number] {
  if (overall >= Health.Critical) return 'critical';
  return overall === Health.NonCritical ? 'warning' : 'ok';
}
