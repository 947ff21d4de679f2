import { SensorType } from './sensor-types.ts';

/** Event/reading type codes, IPMI 2.0 §42.1 tables 42-1 and 42-2; 70h and up are the makers'. */
export const EventType = {
  Threshold: 0x01,
  Usage: 0x02,
  State: 0x03,
  PredictiveFailure: 0x04,
  LimitStatus: 0x05,
  Performance: 0x06,
  Severity: 0x07,
  Presence: 0x08,
  Enablement: 0x09,
  SystemState: 0x0a,
  Redundancy: 0x0b,
  PowerState: 0x0c,
  SensorSpecific: 0x6f,
} as const;

/** The events of threshold sensors by their offsets (IPMI 2.0 table 42-2, event type 01h). */
const THRESHOLD_WORDS = [
  'lower non-critical',
  'lower critical',
  'lower non-recoverable',
  'upper non-critical',
  'upper critical',
  'upper non-recoverable',
];
const SHORT = ['lnc', 'lc', 'lnr', 'unc', 'uc', 'unr'];
const LOWER = 3;

const AVAILABILITY = [
  'running',
  'in test',
  'power off',
  'on line',
  'off line',
  'off duty',
  'degraded',
  'power save',
  'install error',
];
const REDUNDANCY = [
  'fully redundant',
  'redundancy lost',
  'redundancy degraded',
  'non-redundant: sufficient resources from redundant',
  'non-redundant: sufficient resources from insufficient resources',
  'non-redundant: insufficient resources',
  'redundancy degraded from fully redundant',
  'redundancy degraded from non-redundant',
];
const SEVERITY = [
  'transition to ok',
  'transition to non-critical from ok',
  'transition to critical from less severe',
  'transition to non-recoverable from less severe',
  'transition to non-critical from more severe',
  'transition to critical from non-recoverable',
  'transition to non-recoverable',
  'monitor',
  'informational',
];

/** Generic events by event type (table 42-2). */
const GENERIC: Readonly<Record<number, readonly string[] | undefined>> = {
  [EventType.Usage]: ['transition to idle', 'transition to active', 'transition to busy'],
  [EventType.State]: ['state deasserted', 'state asserted'],
  [EventType.PredictiveFailure]: ['predictive failure deasserted', 'predictive failure asserted'],
  [EventType.LimitStatus]: ['limit not exceeded', 'limit exceeded'],
  [EventType.Performance]: ['performance met', 'performance lags'],
  [EventType.Severity]: SEVERITY,
  [EventType.Presence]: ['device absent|device removed', 'device present|device inserted'],
  [EventType.Enablement]: ['device disabled', 'device enabled'],
  [EventType.SystemState]: AVAILABILITY.map((state) => `transition to ${state}`),
  [EventType.Redundancy]: REDUNDANCY,
  [EventType.PowerState]: ['d0 power state', 'd1 power state', 'd2 power state', 'd3 power state'],
};

/** Events of sensor types by offset (table 42-3); `|` parts what clients call them. */
const SPECIFIC: Readonly<Record<number, readonly string[] | undefined>> = {
  [SensorType.PhysicalSecurity]: [
    'general chassis intrusion|intrusion',
    'drive bay intrusion',
    'i/o card area intrusion',
    'processor area intrusion',
    'lan leash lost|system unplugged from lan',
    'unauthorized dock',
    'fan area intrusion',
  ],
  [SensorType.PlatformSecurity]: [
    'secure mode violation attempt|front panel lockout violation attempted',
    'pre-boot password violation - user password|user password',
    'pre-boot password violation attempt - setup password|setup password',
    'pre-boot password violation - network boot password|network boot password',
    'other pre-boot password violation',
    'out-of-band access password violation',
  ],
  [SensorType.Processor]: [
    'ierr',
    'thermal trip',
    'frb1/bist failure',
    'frb2/hang in post failure',
    'frb3/processor startup/initialization failure',
    'configuration error',
    'uncorrectable cpu-complex error|sm bios uncorrectable cpu-complex error',
    'processor presence detected|presence detected',
    'processor disabled|disabled',
    'terminator presence detected',
    'processor automatically throttled|throttled',
    'machine check exception|uncorrectable machine check exception',
    'correctable machine check error',
  ],
  [SensorType.PowerSupply]: [
    'presence detected',
    'power supply failure detected|failure detected',
    'predictive failure',
    'power supply input lost (ac/dc)|power supply ac lost|ac lost|input lost',
    'power supply input lost or out-of-range|ac lost or out-of-range',
    'power supply input out-of-range, but present|ac out-of-range, but present',
    'configuration error',
    'power supply inactive',
  ],
  [SensorType.PowerUnit]: [
    'power off/power down|power off/down|power off',
    'power cycle',
    '240va power down',
    'interlock power down',
    'ac lost/power input lost|ac lost',
    'soft power control failure',
    'power unit failure detected|failure detected',
    'predictive failure',
  ],
  [SensorType.Memory]: [
    'correctable ecc|correctable memory error',
    'uncorrectable ecc|uncorrectable memory error',
    'parity|memory parity',
    'memory scrub failed',
    'memory device disabled',
    'correctable ecc logging limit reached|correctable memory error logging limit reached',
    'presence detected',
    'configuration error',
    'spare',
    'memory automatically throttled|throttled',
    'critical overtemperature',
  ],
  [SensorType.DriveSlot]: [
    'drive presence|drive present|presence detected',
    'drive fault',
    'predictive failure',
    'hot spare',
    'consistency check in progress|parity check in progress',
    'in critical array',
    'in failed array',
    'rebuild/remap in progress|rebuild in progress',
    'rebuild/remap aborted|rebuild aborted',
  ],
  [SensorType.FirmwareProgress]: [
    'system firmware error (post error)|system firmware error|system firmware hang|unspecified error',
    'system firmware hang',
    'system firmware progress|system firmware progress: unspecified',
  ],
  [SensorType.EventLoggingDisabled]: [
    'correctable memory error logging disabled',
    'event type logging disabled',
    'log area reset/cleared|log area cleared|log cleared',
    'all event logging disabled',
    'sel full|log full',
    'sel almost full|log almost full',
    'correctable machine check error logging disabled',
  ],
  [SensorType.SystemEvent]: [
    'system reconfigured',
    'oem system boot event',
    'undetermined system hardware failure',
    'entry added to auxiliary log',
    'pef action',
    'timestamp clock synch|timestamp clock sync',
  ],
  [SensorType.CriticalInterrupt]: [
    'front panel nmi/diagnostic interrupt|nmi/diag interrupt',
    'bus timeout',
    'i/o channel check nmi',
    'software nmi',
    'pci perr',
    'pci serr',
    'eisa fail safe timeout',
    'bus correctable error',
    'bus uncorrectable error',
    'fatal nmi',
    'bus fatal error',
    'bus degraded',
  ],
  [SensorType.Button]: [
    'power button pressed',
    'sleep button pressed',
    'reset button pressed',
    'fru latch open',
    'fru service request button',
  ],
  [SensorType.BootInitiated]: [
    'initiated by power up',
    'initiated by hard reset',
    'initiated by warm reset',
    'user requested pxe boot',
    'automatic boot to diagnostic',
    'os initiated hard reset|os run-time software initiated hard reset',
    'os initiated warm reset|os run-time software initiated warm reset',
    'system restart',
  ],
  [SensorType.BootError]: [
    'no bootable media',
    'non-bootable diskette left in drive',
    'pxe server not found',
    'invalid boot sector',
    'timeout waiting for selection',
  ],
  [SensorType.OsBoot]: [
    'a: boot completed',
    'c: boot completed',
    'pxe boot completed',
    'diagnostic boot completed',
    'cd-rom boot completed',
    'rom boot completed',
    'boot completed - device not specified|boot completed',
    'installation started',
    'installation completed',
    'installation aborted',
    'installation failed',
  ],
  [SensorType.OsCriticalStop]: [
    'error during system startup|stop during os load/init',
    'run-time critical stop|run-time stop',
    'os graceful stop',
    'os graceful shutdown',
  ],
  [SensorType.AcpiPowerState]: [
    's0/g0: working|s0/g0 working|s0/g0',
    's1: sleeping with system hardware and processor context maintained|s1',
    's2: sleeping, processor context lost|s2',
    's3: sleeping, processor and hardware context lost, memory retained|s3',
    's4: non-volatile sleep/suspend-to-disk|s4',
    's5/g2: soft-off|s5/g2',
    's4/s5: soft-off|s4/s5 soft-off',
    'g3: mechanical off|g3/mechanical off',
    'sleeping in s1/s2/s3 state',
    'g1: sleeping|g1 sleeping',
    's5: entered by override',
    'legacy on state',
    'legacy off state',
  ],
  [SensorType.Watchdog2]: [
    'timer expired',
    'hard reset',
    'power down',
    'power cycle',
    'reserved',
    'reserved',
    'reserved',
    'reserved',
    'timer interrupt',
  ],
  [SensorType.EntityPresence]: ['entity present|present', 'entity absent|absent', 'entity disabled|disabled'],
  [SensorType.ManagementHealth]: [
    'sensor access degraded or unavailable',
    'controller access degraded or unavailable',
    'management controller off-line',
    'management controller unavailable',
    'sensor failure',
    'fru failure',
  ],
  [SensorType.Battery]: [
    'battery low|low',
    'battery failed|failed',
    'battery presence detected|presence detected',
  ],
  [SensorType.SessionAudit]: [
    'session activated',
    'session deactivated',
    'invalid username or password',
    'invalid password disable',
  ],
  [SensorType.VersionChange]: [
    'hardware change detected',
    'firmware or software change detected',
    'hardware incompatibility detected',
    'firmware or software incompatibility detected',
    'invalid hardware version',
    'invalid firmware or software version',
    'hardware change success',
    'software or f/w change success|firmware or software change success',
  ],
  [SensorType.FruState]: [
    'not installed',
    'inactive',
    'activation requested',
    'activation in progress',
    'active',
    'deactivation requested',
    'deactivation in progress',
    'communication lost',
  ],
};

/**
 * The states that a sensor-specific sensor of a type can show (table 42-3); others may show the first eight.
 */
export const possibleStates: Readonly<Record<number, number>> = {
  [SensorType.PhysicalSecurity]: 0x007f,
  [SensorType.Processor]: 0x0fff,
  [SensorType.PowerSupply]: 0x007f,
  [SensorType.PowerUnit]: 0x00ff,
  [SensorType.Memory]: 0x07ff,
  [SensorType.DriveSlot]: 0x01ff,
  [SensorType.CriticalInterrupt]: 0x0fff,
  [SensorType.Button]: 0x001f,
  [SensorType.Watchdog2]: 0x010f,
  [SensorType.EntityPresence]: 0x0007,
  [SensorType.Battery]: 0x0007,
};

/** The states of the generic event/reading types (table 42-2). */
export const genericStates: Readonly<Record<number, number>> = {
  [EventType.Usage]: 0x0007,
  [EventType.State]: 0x0003,
  [EventType.PredictiveFailure]: 0x0003,
  [EventType.LimitStatus]: 0x0003,
  [EventType.Performance]: 0x0003,
  [EventType.Severity]: 0x01ff,
  [EventType.Presence]: 0x0003,
  [EventType.Enablement]: 0x0003,
  [EventType.SystemState]: 0x01ff,
  [EventType.Redundancy]: 0x00ff,
  [EventType.PowerState]: 0x000f,
};

/**
 * The event that words name, as far as a sensor of these types can have it: an offset. Undefined: none, or
 * more than one.
 */
export function eventOffset(words: string, sensorType: number, eventType: number): number | undefined {
  const wanted = plain(words);
  if (eventType === EventType.Threshold) return thresholdOffset(wanted);
  const known = (eventType === EventType.SensorSpecific ? SPECIFIC[sensorType] : GENERIC[eventType]) ?? [];
  const names = known.map((text) => text.split('|').map(plain));
  const exact = names.findIndex((those) => those.includes(wanted));
  if (exact >= 0) return exact;
  const near = names.flatMap((those, offset) =>
    those.some((name) => name.includes(wanted)) ? [offset] : [],
  );
  return near.length === 1 ? near[0] : undefined;
}

/** What words there are for a sensor's events. */
export function eventWords(sensorType: number, eventType: number): string[] {
  if (eventType === EventType.Threshold) return THRESHOLD_WORDS;
  return ((eventType === EventType.SensorSpecific ? SPECIFIC[sensorType] : GENERIC[eventType]) ?? []).map(
    (text) => text.split('|')[0],
  );
}

/** What the specification calls the event at an offset: `upper critical going high`. Undefined: nobody knows. */
export function eventName(offset: number, sensorType: number, eventType: number): string | undefined {
  const words = eventWords(sensorType, eventType);
  if (eventType !== EventType.Threshold) return words[offset];
  const name = words[offset >> 1];
  return name === undefined ? undefined : `${name} going ${offset & 1 ? 'high' : 'low'}`;
}

/**
 * `upper critical going high`, `uc high` or `uc`: the way that tells of trouble, unless the words say the
 * other one.
 */
function thresholdOffset(words: string): number | undefined {
  const [, name, way] = /^(.*?)(?: (?:going )?(low|high))?$/.exec(words) ?? [];
  const index = Math.max(SHORT.indexOf(name), THRESHOLD_WORDS.map(plain).indexOf(name));
  if (index < 0) return undefined;
  return 2 * index + ((way ?? (index < LOWER ? 'low' : 'high')) === 'high' ? 1 : 0);
}

const plain = (words: string): string =>
  words
    .toLowerCase()
    .replace(/ - /g, ' ')
    .replace(/[-\s]+/g, ' ')
    .trim();
