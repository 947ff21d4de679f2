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

const AVAILABILITY = ['running', 'in test', 'power off', 'on line', 'off line', 'off duty', 'degraded', 'power save', 'install error'];
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
  0x02: ['transition to idle', 'transition to active', 'transition to busy'],
  0x03: ['state deasserted', 'state asserted'],
  0x04: ['predictive failure deasserted', 'predictive failure asserted'],
  0x05: ['limit not exceeded', 'limit exceeded'],
  0x06: ['performance met', 'performance lags'],
  0x07: SEVERITY,
  0x08: ['device absent|device removed', 'device present|device inserted'],
  0x09: ['device disabled', 'device enabled'],
  0x0a: AVAILABILITY.map((state) => `transition to ${state}`),
  0x0b: REDUNDANCY,
  0x0c: ['d0 power state', 'd1 power state', 'd2 power state', 'd3 power state'],
};

/** Events of sensor types by offset (table 42-3); `|` parts what clients call them. */
const SPECIFIC: Readonly<Record<number, readonly string[] | undefined>> = {
  0x05: [
    'general chassis intrusion|intrusion',
    'drive bay intrusion',
    'i/o card area intrusion',
    'processor area intrusion',
    'lan leash lost|system unplugged from lan',
    'unauthorized dock',
    'fan area intrusion',
  ],
  0x06: [
    'secure mode violation attempt|front panel lockout violation attempted',
    'pre-boot password violation - user password|user password',
    'pre-boot password violation attempt - setup password|setup password',
    'pre-boot password violation - network boot password|network boot password',
    'other pre-boot password violation',
    'out-of-band access password violation',
  ],
  0x07: [
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
  0x08: [
    'presence detected',
    'power supply failure detected|failure detected',
    'predictive failure',
    'power supply input lost (ac/dc)|power supply ac lost|ac lost|input lost',
    'power supply input lost or out-of-range|ac lost or out-of-range',
    'power supply input out-of-range, but present|ac out-of-range, but present',
    'configuration error',
    'power supply inactive',
  ],
  0x09: [
    'power off/power down|power off/down|power off',
    'power cycle',
    '240va power down',
    'interlock power down',
    'ac lost/power input lost|ac lost',
    'soft power control failure',
    'power unit failure detected|failure detected',
    'predictive failure',
  ],
  0x0c: [
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
  0x0d: [
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
  0x0f: [
    'system firmware error (post error)|system firmware error|system firmware hang|unspecified error',
    'system firmware hang',
    'system firmware progress|system firmware progress: unspecified',
  ],
  0x10: [
    'correctable memory error logging disabled',
    'event type logging disabled',
    'log area reset/cleared|log area cleared|log cleared',
    'all event logging disabled',
    'sel full|log full',
    'sel almost full|log almost full',
    'correctable machine check error logging disabled',
  ],
  0x12: [
    'system reconfigured',
    'oem system boot event',
    'undetermined system hardware failure',
    'entry added to auxiliary log',
    'pef action',
    'timestamp clock synch|timestamp clock sync',
  ],
  0x13: [
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
  0x14: ['power button pressed', 'sleep button pressed', 'reset button pressed', 'fru latch open', 'fru service request button'],
  0x1d: [
    'initiated by power up',
    'initiated by hard reset',
    'initiated by warm reset',
    'user requested pxe boot',
    'automatic boot to diagnostic',
    'os initiated hard reset|os run-time software initiated hard reset',
    'os initiated warm reset|os run-time software initiated warm reset',
    'system restart',
  ],
  0x1e: ['no bootable media', 'non-bootable diskette left in drive', 'pxe server not found', 'invalid boot sector', 'timeout waiting for selection'],
  0x1f: [
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
  0x20: ['error during system startup|stop during os load/init', 'run-time critical stop|run-time stop', 'os graceful stop', 'os graceful shutdown'],
  0x22: [
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
  0x23: ['timer expired', 'hard reset', 'power down', 'power cycle', 'reserved', 'reserved', 'reserved', 'reserved', 'timer interrupt'],
  0x25: ['entity present|present', 'entity absent|absent', 'entity disabled|disabled'],
  0x28: [
    'sensor access degraded or unavailable',
    'controller access degraded or unavailable',
    'management controller off-line',
    'management controller unavailable',
    'sensor failure',
    'fru failure',
  ],
  0x29: ['battery low|low', 'battery failed|failed', 'battery presence detected|presence detected'],
  0x2a: ['session activated', 'session deactivated', 'invalid username or password', 'invalid password disable'],
  0x2b: [
    'hardware change detected',
    'firmware or software change detected',
    'hardware incompatibility detected',
    'firmware or software incompatibility detected',
    'invalid hardware version',
    'invalid firmware or software version',
    'hardware change success',
    'software or f/w change success|firmware or software change success',
  ],
  0x2c: [
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

export const THRESHOLD_TYPE = 0x01;
export const SENSOR_SPECIFIC = 0x6f;

/** The event that words name, as far as a sensor of these types can have it: an offset. Undefined: none, or more than one. */
export function eventOffset(words: string, sensorType: number, eventType: number): number | undefined {
  const wanted = plain(words);
  if (eventType === THRESHOLD_TYPE) return thresholdOffset(wanted);
  const known = (eventType === SENSOR_SPECIFIC ? SPECIFIC[sensorType] : GENERIC[eventType]) ?? [];
  const names = known.map((text) => text.split('|').map(plain));
  const exact = names.findIndex((those) => those.includes(wanted));
  if (exact >= 0) return exact;
  const near = names.flatMap((those, offset) => (those.some((name) => name.includes(wanted)) ? [offset] : []));
  return near.length === 1 ? near[0] : undefined;
}

/** What words there are for a sensor's events. */
export function eventWords(sensorType: number, eventType: number): string[] {
  if (eventType === THRESHOLD_TYPE) return THRESHOLD_WORDS;
  return ((eventType === SENSOR_SPECIFIC ? SPECIFIC[sensorType] : GENERIC[eventType]) ?? []).map((text) => text.split('|')[0]);
}

/** `upper critical going high`, `uc high` or `uc`: the way that tells of trouble, unless the words say the other one. */
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
