import { CompactSensorRecord, FullSensorRecord, SDR_HEADER, SdrHeader, SdrType } from '../../records/sdr.ts';
import type { SdrRepository } from '../../state/storage/sdr.ts';
import { THRESHOLDS, type Sensor, type ThresholdName } from './sensor.ts';
import type { Sensors } from './sensors.ts';
import { allOf, both, type Durable } from '../../state/store.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';

/** Event offsets; for a threshold sensor the bits above say which comparisons can be read. */
const ALL_EVENTS = 0x7fff;
const THRESHOLD_EVENTS = 0x0fff;

/** Brings the BMC's sensors to what the records of the SDR repository say of them (IPMI 2.0 §33.6). */
export function initializeSensors(sdr: SdrRepository, sensors: Sensors): Durable {
  const changes: Durable[] = [];
  for (const id of sdr.ids) {
    const { record } = sdr.get(id);
    const { type } = SdrHeader.decode(record, 0, SDR_HEADER);
    if (type === SdrType.Full) changes.push(initializeFull(record, sensors));
    else if (type === SdrType.Compact) changes.push(initializeCompact(record, sensors));
  }
  return allOf(changes);
}

function initializeFull(record: Uint8Array, sensors: Sensors): Durable {
  const values = FullSensorRecord.decode(record, SDR_HEADER);
  const sensor = ownSensor(values, sensors);
  if (!sensor) return undefined;
  const done = common(sensor, values);
  if (!sensor.isThreshold) return done;
  const has = values.readable | (values.readable >> 8);
  const thresholds: Partial<Record<ThresholdName, number>> = {};
  for (const [i, name] of THRESHOLDS.entries())
    if (has & (1 << i) && sensor.threshold(name) !== undefined) thresholds[name] = values[name];
  const hysteresis = values.initHysteresis
    ? sensor.setHysteresis(values.positiveHysteresis, values.negativeHysteresis)
    : undefined;
  const limits = values.initThresholds ? sensor.setThresholds(thresholds) : undefined;
  return both(done, both(hysteresis, limits));
}

function initializeCompact(record: Uint8Array, sensors: Sensors): Durable {
  const values = CompactSensorRecord.decode(record, SDR_HEADER);
  const sensor = ownSensor(values, sensors);
  return sensor && common(sensor, values);
}

interface Initial {
  readonly initScanning: boolean;
  readonly initEvents: boolean;
  readonly initSensorType: boolean;
  readonly sensorType: number;
  readonly eventType: number;
  readonly assertions: number;
  readonly deassertions: number;
}

function common(
  sensor: Sensor,
  { initScanning, initEvents, initSensorType, sensorType, eventType, assertions, deassertions }: Initial,
): Durable {
  const events = sensor.isThreshold ? THRESHOLD_EVENTS : ALL_EVENTS;
  const { enables } = sensor;
  const done = both(
    initSensorType ? sensor.setType(sensorType, eventType) : undefined,
    sensor.setEnables({
      events: initEvents || enables.events,
      scanning: initScanning || enables.scanning,
      assertions: initEvents ? assertions & events : enables.assertions,
      deassertions: initEvents ? deassertions & events : enables.deassertions,
    }),
  );
  sensor.rearm(ALL_EVENTS, ALL_EVENTS);
  return done;
}

/** The sensor that a record describes, if it is one of this BMC. */
function ownSensor(
  { ownerId, lun, sensorNumber }: { ownerId: number; lun: number; sensorNumber: number },
  sensors: Sensors,
): Sensor | undefined {
  return ownerId === BMC_ADDRESS ? sensors.find(sensorNumber, lun) : undefined;
}
