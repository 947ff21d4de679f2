import type { Bmc } from '../bmc.ts';

export const HEALTH = ['ok', 'warning', 'critical'] as const;
export type Health = (typeof HEALTH)[number];

/** Comparison bits of a threshold sensor (IPMI 2.0 §35.14): what is crossed. */
const NON_CRITICAL = 0b001_001;
const CRITICAL = 0b110_110;

/** The worst that thresholds say as the sensors were last looked at, and the faults of the chassis. */
export function healthOf({ sensors, chassis }: Pick<Bmc, 'sensors' | 'chassis'>): Health {
  const { powerFault, powerControlFault, overload, driveFault, coolingFault } = chassis.faults;
  if (powerFault || powerControlFault || overload || driveFault || coolingFault) return 'critical';
  let health: Health = 'ok';
  for (const sensor of sensors.all) {
    if (!sensor.isThreshold) continue;
    const states = sensor.lastStates;
    if (states & CRITICAL) return 'critical';
    if (states & NON_CRITICAL) health = 'warning';
  }
  return health;
}
