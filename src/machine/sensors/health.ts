import { SensorType } from '../../commands/codes/sensor-types.ts';
import type { Chassis } from '../chassis/chassis.ts';
import type { Sensor } from './sensor.ts';
import type { Sensors } from './sensors.ts';

/** How bad it is, from nothing known to damage. */
export const Health = { Unknown: 0, Ok: 1, NonCritical: 2, Critical: 3, NonRecoverable: 4 } as const;

/** Subsystems of a machine, as terminal mode reports them (IPMI 2.0 §14.7.8). */
export interface HealthReport {
  readonly power: 'ON' | 'OFF';
  readonly overall: number;
  readonly temperature: number;
  readonly voltage: number;
  readonly powerSystem: number;
  readonly cooling: number;
  readonly drives: number;
  readonly security: number;
  readonly other: number;
}

/** Sensor types by subsystem, table 42-3. */
const SUBSYSTEMS = {
  temperature: [SensorType.Temperature],
  voltage: [SensorType.Voltage],
  powerSystem: [SensorType.PowerSupply, SensorType.PowerUnit, SensorType.OtherUnits, SensorType.Current],
  cooling: [SensorType.Fan, SensorType.CoolingDevice],
  drives: [SensorType.DriveSlot],
  security: [SensorType.PhysicalSecurity, SensorType.PlatformSecurity],
} as const;
const NAMED: ReadonlySet<number> = new Set(Object.values(SUBSYSTEMS).flat());

/**
 * Bits of a threshold sensor's status: non-critical, critical, non-recoverable, each low and high (§35.14).
 */
const NON_CRITICAL = 0x09;
const CRITICAL = 0x12;
const NON_RECOVERABLE = 0x24;

export function healthOf(sensors: Sensors, chassis: Chassis): HealthReport {
  const worst = (wanted: (sensor: Sensor) => boolean): number =>
    Math.max(Health.Unknown, ...sensors.all.filter(wanted).map(healthOfSensor));
  const of = (types: readonly number[]): number => worst(({ type }) => types.includes(type.sensor));
  const subsystems = {
    temperature: of(SUBSYSTEMS.temperature),
    voltage: of(SUBSYSTEMS.voltage),
    powerSystem: of(SUBSYSTEMS.powerSystem),
    cooling: of(SUBSYSTEMS.cooling),
    drives: chassis.faults.driveFault ? Health.Critical : of(SUBSYSTEMS.drives),
    security: chassis.faults.intrusion ? Health.Critical : of(SUBSYSTEMS.security),
    other: worst(({ type }) => !NAMED.has(type.sensor)),
  };
  return {
    power: chassis.isOn ? 'ON' : 'OFF',
    overall: Math.max(...Object.values(subsystems)),
    ...subsystems,
  };
}

/**
 * States that are faults, for discrete sensors by their type: bits of critical ones, then of warnings (table
 * 42-3).
 */
const FAULTS: Readonly<Record<number, readonly [critical: number, warning: number] | undefined>> = {
  0x05: [0x7f, 0],
  0x06: [0x3f, 0],
  // That a processor is there (bit 7) is none, nor a terminator (bit 9).
  0x07: [0x97b, 0x1404],
  0x08: [0x00a, 0x014],
  0x0c: [0x402, 0x221],
  0x0d: [0x002, 0x004],
};

function healthOfSensor(sensor: Sensor): number {
  const { states, unavailable } = sensor.read();
  if (unavailable) return Health.Unknown;
  if (sensor.isThreshold) {
    if (states & NON_RECOVERABLE) return Health.NonRecoverable;
    if (states & CRITICAL) return Health.Critical;
    return states & NON_CRITICAL ? Health.NonCritical : Health.Ok;
  }
  const [critical, warning] = FAULTS[sensor.type.sensor] ?? [0, 0];
  if (states & critical) return Health.Critical;
  return states & warning ? Health.NonCritical : Health.Ok;
}
