import type { BmcState } from '../bmc-state.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import type { PlatformEvent } from '../state/log/events.ts';
import { EventType } from '../commands/codes/events.ts';
import { SensorType } from '../commands/codes/sensor-types.ts';

/** Comparison bits LC, LNR, UC and UNR. */
const CRITICAL = 0x36;
/** Offsets of table 42-3: power supply failure and lost input; drive fault; chassis intrusion. */
const SUPPLY_FAILED = (1 << 1) | (1 << 3);
const DRIVE_FAULT = 1 << 1;
const INTRUSION = 1 << 0;

/**
 * The fault bits of Get Chassis Status follow from sensors (§28.2): after the event, its entry in the SEL and
 * what PEF does about it.
 */
export function faultsFromSensors(
  { chassis, identity, sensors }: BmcState,
  { generator, generatorLun = 0, sensorType, sensorNumber }: PlatformEvent,
): void {
  if (generator !== identity.address || !sensors.find(sensorNumber, generatorLun)) return;
  const any = (...faulty: readonly (readonly [type: number, states: number])[]): boolean =>
    sensors.all.some((sensor) =>
      faulty.some(([type, states]) => sensor.declaration.type === type && shows(sensor, states)),
    );
  switch (sensorType) {
    case SensorType.Temperature:
    case SensorType.Fan:
    case SensorType.CoolingDevice:
      chassis.faults.coolingFault = any(
        [SensorType.Temperature, CRITICAL],
        [SensorType.Fan, CRITICAL],
        [SensorType.CoolingDevice, CRITICAL],
      );
      break;
    case SensorType.Voltage:
    case SensorType.PowerSupply:
      chassis.faults.powerFault = any(
        [SensorType.Voltage, CRITICAL],
        [SensorType.PowerSupply, SUPPLY_FAILED],
      );
      break;
    case SensorType.DriveSlot:
      chassis.faults.driveFault = any([SensorType.DriveSlot, DRIVE_FAULT]);
      break;
    case SensorType.PhysicalSecurity:
      chassis.setIntrusion(any([SensorType.PhysicalSecurity, INTRUSION]));
      break;
    default:
  }
}

/**
 * Threshold sensors show comparisons; of the discrete ones, those whose states are specific to their type.
 */
const shows = (sensor: Sensor, states: number): boolean =>
  (sensor.isThreshold
    ? states === CRITICAL
    : states !== CRITICAL && sensor.declaration.eventType === EventType.SensorSpecific) &&
  (sensor.lastStates & states) !== 0;
