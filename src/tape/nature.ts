/** Why a value may be another one on the next day, or on the next BMC, without anything being wrong. */
export type Nature = 'reservation' | 'record' | 'session' | 'clock' | 'counter' | 'chance' | 'reading';

/** Of these, the value of one answer is what a later request says: replay learns it. */
const LEARNT: ReadonlySet<Nature> = new Set<Nature>(['reservation', 'record', 'session']);
export const isLearnt = (nature: Nature): boolean => LEARNT.has(nature);

/** Fields that are the same thing in whatever command they stand. */
const FIELDS: Readonly<Record<string, Nature>> = {
  reservationId: 'reservation',
  recordId: 'record',
  nextRecordId: 'record',
  lastRecordId: 'record',
  softwareRecordId: 'record',
  bmcRecordId: 'record',
  handle: 'session',
  sessionId: 'session',
  sessionHandle: 'session',
  temporarySessionId: 'session',
  lastAdded: 'clock',
  lastErased: 'clock',
  time: 'clock',
  timestamp: 'clock',
  localTimestamp: 'clock',
  challenge: 'chance',
  authCode: 'chance',
};

/** Those of one command, by its spoken name; `*`: whatever it says. */
const OF_COMMAND: Readonly<Record<string, Readonly<Record<string, Nature>>>> = {
  'get-poh-counter': { count: 'counter' },
  'get-watchdog-timer': { presentCountdown: 'clock' },
  'get-session-info': {
    active: 'session',
    session: 'session',
    address: 'session',
    mac: 'session',
    port: 'session',
  },
  'get-ip-udp-rmcp-statistics': { '*': 'counter' },
  'get-sensor-reading': { reading: 'reading' },
  'get-power-reading': { current: 'reading', minimum: 'reading', maximum: 'reading', average: 'reading' },
};

/** Undefined: it is the same, or something is wrong. `command`: its spoken name. */
export function natureOf(command: string, field: string): Nature | undefined {
  const own = OF_COMMAND[command];
  const known = own?.[field] ?? own?.['*'];
  if (known !== undefined) return known;
  return Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
}

/**
 * Whose ids they are: record 1 of the SEL and record 1 of the SDR repository have nothing to do with each
 * other.
 */
export function idSpace(command: string, nature: Nature): string {
  if (nature === 'session') return nature;
  if (command.includes('device-sdr')) return `device SDR ${nature}`;
  return command.includes('sdr') ? `SDR ${nature}` : `SEL ${nature}`;
}

/** "the first", "the last", "none": ids that mean the same at every BMC. */
export const isFixedId = (nature: Nature, id: number): boolean =>
  id === 0 || (nature === 'record' && id === 0xffff);
