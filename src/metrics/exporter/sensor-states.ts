import { SensorType } from '../../commands/codes/sensor-types.ts';

/** As the exporter counts: nominal, warning, critical; NaN: nobody knows. */
const LEVEL: Readonly<Record<string, number>> = { N: 0, W: 1, C: 2 };
/** Of a threshold sensor, by bit of its status; what is only non-critical counts as nominal. */
const THRESHOLDS = 'NCCNCC';

/** Generic event types (IPMI 2.0 table 42-2) that mean the same for every type of sensor. */
const LIMIT = 0x05;
const PERFORMANCE = 0x06;
const SEVERITY = 0x07;
const DEVICE_PRESENT = 0x08;
const AVAILABILITY = 0x0a;
const REDUNDANCY = 0x0b;
const STATE = 0x03;
const PREDICTIVE = 0x04;
const TRANSITION = 0x02;
const SPECIFIC = 0x6f;

/**
 * What FreeIPMI's default interpretation makes of the states of discrete sensors: by type of sensor and of
 * event, first what no state at all counts as, then a letter for each state. A pair that is missing has no
 * level there either.
 */
const severity = { [SEVERITY]: 'NNWCCWCCWN' };
const redundancy = { [REDUNDANCY]: 'NNCWCCCWW' };
const present = { [DEVICE_PRESENT]: 'NCN' };
const limit = { [LIMIT]: 'NNC' };
const asserted = { [STATE]: 'NNW' };
const failed = { [STATE]: 'NNC' };
export const LEVELS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [SensorType.Temperature]: { ...asserted, ...limit, ...severity },
  [SensorType.Voltage]: { ...asserted, ...limit, [PERFORMANCE]: 'NNC', ...severity },
  [SensorType.Current]: severity,
  [SensorType.Fan]: {
    ...asserted,
    ...severity,
    ...present,
    [AVAILABILITY]: 'NNWWWWWCWC',
    ...redundancy,
  },
  [SensorType.PhysicalSecurity]: { [SPECIFIC]: 'NCCCCCCC' },
  [SensorType.PlatformSecurity]: { [SPECIFIC]: 'NCCCCCC' },
  [SensorType.Processor]: { [SPECIFIC]: 'NCCCCCCCNCCWCW', ...failed },
  [SensorType.PowerSupply]: { [SPECIFIC]: 'NNCCCCCCW', ...asserted, ...severity, ...redundancy },
  [SensorType.PowerUnit]: { [SPECIFIC]: 'NNNWWCCCC', ...asserted, ...severity, ...present, ...redundancy },
  [SensorType.CoolingDevice]: redundancy,
  [SensorType.Memory]: { [SPECIFIC]: 'NWCCCCWNCNWC', ...failed, ...severity, ...redundancy },
  [SensorType.DriveSlot]: {
    [SPECIFIC]: 'NNCCNNCCNC',
    [STATE]: 'NWN',
    [PREDICTIVE]: 'NNC',
    ...severity,
    ...present,
  },
  [SensorType.PostMemoryResize]: asserted,
  [SensorType.FirmwareProgress]: { [SPECIFIC]: 'NCCN', ...asserted, ...present, ...severity },
  [SensorType.EventLoggingDisabled]: { [SPECIFIC]: 'NCCNCCWC' },
  [SensorType.SystemEvent]: { [SPECIFIC]: 'NWNCNNW', [TRANSITION]: 'NNNN', ...asserted, ...severity },
  [SensorType.CriticalInterrupt]: { [SPECIFIC]: 'NCCCWCCCWCCCW' },
  [SensorType.Button]: { [SPECIFIC]: 'NNNNWW', [STATE]: 'NNN', ...severity },
  [SensorType.Module]: { ...failed, ...present },
  [SensorType.Chassis]: severity,
  [SensorType.ChipSet]: severity,
  [SensorType.Cable]: { [SPECIFIC]: 'NNC', ...severity },
  [SensorType.BootError]: { [SPECIFIC]: 'NCCCCW', ...failed, ...severity },
  [SensorType.OsBoot]: { [SPECIFIC]: 'NNNNNNNWNNWC' },
  [SensorType.OsCriticalStop]: failed,
  [SensorType.Slot]: { [SPECIFIC]: 'NCWNNNNWWWN', ...severity },
  [SensorType.AcpiPowerState]: { [SPECIFIC]: 'NNNNNNNNNNNNNNCN' },
  [SensorType.Watchdog2]: { [SPECIFIC]: 'NWCCCNNNNW' },
  [SensorType.PlatformAlert]: failed,
  [SensorType.EntityPresence]: { [SPECIFIC]: 'NNCC', ...present },
  [SensorType.ManagementHealth]: { [SPECIFIC]: 'NCCCCCC', ...severity, ...present },
  [SensorType.Battery]: { [SPECIFIC]: 'NWCN' },
  [SensorType.SessionAudit]: { [SPECIFIC]: 'NNNWC' },
  [SensorType.VersionChange]: { [SPECIFIC]: 'NWWCCCCNN' },
  [SensorType.FruState]: { [SPECIFIC]: 'NCCWWNWWC' },
};

/** Of a threshold sensor by its status, of another one by its states: the worst of them. */
export const levelOfThresholds = (status: number): number => worst(`N${THRESHOLDS}`, status & 0x3f);

/** NaN: of sensors of that type nothing is known. */
export function levelOfStates(sensorType: number, eventType: number, states: number): number {
  const letters = LEVELS[sensorType]?.[eventType];
  return letters === undefined ? NaN : worst(letters, states);
}

function worst([none, ...letters]: string, bits: number): number {
  const levels = letters.map((letter, bit) => (bits & (1 << bit) ? LEVEL[letter] : 0));
  return bits === 0 ? LEVEL[none] : Math.max(...levels);
}
