import { EventType } from '../../commands/codes/events.ts';
import { SensorType } from '../../commands/codes/sensor-types.ts';
import type { Comparison, EventFilter, PefActionSet } from '../../commands/parameters/pef.ts';
import type { PlatformEvent } from '../log/events.ts';

/** Matches any byte of event data: every bit is masked out, and zero is compared with zero. */
export const ANY_DATA: Comparison = { and: 0x00, compare1: 0xff, compare2: 0x00 };
export const ANY = 0xff;
export const ANY_OFFSET = 0xffff;
export const NO_ACTIONS: PefActionSet = {
  alert: false,
  powerDown: false,
  reset: false,
  powerCycle: false,
  oem: false,
  diagnosticInterrupt: false,
};
/** What a filter's configuration byte says of its origin (IPMI 2.0 §17.7). */
export const FilterKind = { Software: 0, Preconfigured: 2 } as const;
/** §17.7 byte 4. */
export const Severity = {
  Unspecified: 0,
  Monitor: 1,
  Information: 2,
  Ok: 4,
  NonCritical: 8,
  Critical: 0x10,
  NonRecoverable: 0x20,
} as const;

const ZERO: Comparison = { and: 0, compare1: 0, compare2: 0 };

export const EMPTY_FILTER: EventFilter = {
  enabled: false,
  kind: FilterKind.Software,
  groupControl: false,
  ...NO_ACTIONS,
  groupSelector: 0,
  policy: 0,
  severity: Severity.Unspecified,
  generator: 0,
  generator2: 0,
  sensorType: 0,
  sensorNumber: 0,
  eventType: 0,
  offsets: 0,
  data1: ZERO,
  data2: ZERO,
  data3: ZERO,
};

/**
 * Whether a filter's masks let an event through (§17.7-17.10). The event type is compared with its direction
 * bit.
 */
export function matches(filter: EventFilter, event: PlatformEvent): boolean {
  const {
    generator,
    generatorChannel = 0,
    generatorLun = 0,
    sensorType,
    sensorNumber,
    eventType,
    deassertion,
    data,
  } = event;
  return (
    filter.enabled &&
    fits(filter.generator, generator) &&
    fits(filter.generator2, (generatorChannel << 4) | generatorLun) &&
    fits(filter.sensorType, sensorType) &&
    fits(filter.sensorNumber, sensorNumber) &&
    fits(filter.eventType, (deassertion ? 0x80 : 0) | eventType) &&
    (filter.offsets & (1 << (data[0] & 0xf))) !== 0 &&
    compares(filter.data1, data[0]) &&
    compares(filter.data2, data[1]) &&
    compares(filter.data3, data[2])
  );
}

const fits = (wanted: number, value: number): boolean => wanted === ANY || wanted === value;

/** Table 17-3: all exact bits agree, and of the others, if there are any, at least one does. */
function compares({ and, compare1, compare2 }: Comparison, value: number): boolean {
  const differing = (value & and) ^ compare2;
  const loose = ~compare1 & 0xff;
  return (differing & compare1) === 0 && (loose === 0 || (~differing & loose) !== 0);
}

/** A filter that alerts by policy set 1, from the few things that differ between the usual ones. */
function preconfigured(
  severity: number,
  sensorType: number,
  eventType: number,
  offsets: readonly number[],
  enabled = true,
): EventFilter {
  return {
    ...EMPTY_FILTER,
    enabled,
    kind: FilterKind.Preconfigured,
    alert: true,
    policy: 1,
    severity,
    generator: ANY,
    generator2: ANY,
    sensorType,
    sensorNumber: ANY,
    eventType,
    offsets: offsets.reduce((mask, offset) => mask | (1 << offset), 0),
    data1: ANY_DATA,
    data2: ANY_DATA,
    data3: ANY_DATA,
  };
}

/** Offsets of going past a threshold: lower ones going low, upper ones going high. */
const Past = { NonCritical: [0, 7], Critical: [2, 9], NonRecoverable: [4, 11] } as const;

/** What a server comes with (§17.7 recommends it): the failures that somebody should hear of. */
export const PRECONFIGURED: readonly EventFilter[] = [
  preconfigured(Severity.Critical, SensorType.Temperature, EventType.Threshold, [
    ...Past.Critical,
    ...Past.NonRecoverable,
  ]),
  preconfigured(Severity.NonCritical, SensorType.Temperature, EventType.Threshold, Past.NonCritical),
  preconfigured(Severity.Critical, SensorType.Voltage, EventType.Threshold, [
    ...Past.Critical,
    ...Past.NonRecoverable,
  ]),
  preconfigured(Severity.NonCritical, SensorType.Voltage, EventType.Threshold, Past.NonCritical),
  preconfigured(Severity.Critical, SensorType.Current, EventType.Threshold, [
    ...Past.Critical,
    ...Past.NonRecoverable,
  ]),
  preconfigured(Severity.Critical, SensorType.Fan, EventType.Threshold, [
    ...Past.Critical,
    ...Past.NonRecoverable,
  ]),
  preconfigured(Severity.NonCritical, SensorType.Fan, EventType.Threshold, Past.NonCritical),
  // chassis intrusion
  preconfigured(Severity.Critical, SensorType.PhysicalSecurity, EventType.SensorSpecific, [0]),
  // processor: IERR, thermal trip, FRB1
  preconfigured(Severity.NonRecoverable, SensorType.Processor, EventType.SensorSpecific, [0, 1, 2]),
  // power supply: failure, input lost
  preconfigured(Severity.Critical, SensorType.PowerSupply, EventType.SensorSpecific, [1, 3]),
  // power supply redundancy lost or degraded
  preconfigured(Severity.NonCritical, SensorType.PowerSupply, EventType.Redundancy, [1, 2, 3, 4, 5]),
  // uncorrectable memory error
  preconfigured(Severity.Critical, SensorType.Memory, EventType.SensorSpecific, [1]),
  // limit of correctable memory errors
  preconfigured(Severity.NonCritical, SensorType.Memory, EventType.SensorSpecific, [5]),
  // drive fault
  preconfigured(Severity.Critical, SensorType.DriveSlot, EventType.SensorSpecific, [1]),
  // predictive failure, critical or failed array
  preconfigured(Severity.NonCritical, SensorType.DriveSlot, EventType.SensorSpecific, [2, 5, 6]),
  // system firmware error
  preconfigured(Severity.Critical, SensorType.FirmwareProgress, EventType.SensorSpecific, [0]),
  // SEL full
  preconfigured(Severity.NonCritical, SensorType.EventLoggingDisabled, EventType.SensorSpecific, [4]),
  // PCI PERR, SERR, bus errors
  preconfigured(Severity.Critical, SensorType.CriticalInterrupt, EventType.SensorSpecific, [4, 5, 8, 10]),
  // watchdog: reset, power down, power cycle
  preconfigured(Severity.Critical, SensorType.Watchdog2, EventType.SensorSpecific, [1, 2, 3]),
  // system reconfigured, OEM boot event
  preconfigured(Severity.Information, SensorType.SystemEvent, EventType.SensorSpecific, [0, 1], false),
];
