import type { Glance } from '../assembly/glance.ts';
import { wakefulSettings } from '../assembly/sleep.ts';
import { bootsAtStart } from '../assembly/firmware.ts';
import { dangersOf } from '../config/platform.ts';
import type { BmcOptions } from '../config/options.ts';
import type { Kinds } from '../config/kinds.ts';
import { addressKey, listenOf } from '../kinds/interfaces/index.ts';
import { openingFor } from '../settings/errors.ts';
import type { Log } from '../state/setup.ts';
import type { Journal } from '../state/store.ts';
import { stores } from '../state/stores.ts';
import type { Row } from './row.ts';

/** What two BMCs may differ in and begin in the same way, beside what a client can see. */
const OWN: ReadonlySet<string> = new Set<keyof BmcOptions>([
  'name',
  'labels',
  'identity',
  'interfaces',
  'users',
  'userSlots',
  'fru',
  'reset',
  'sessions',
]);

/** What acts by itself from a start on, if something of it is stored. */
const ACTING = [
  stores.pef,
  stores.sensors,
  stores.powerLimit,
  stores.powerLimitActive,
  stores.thermalLimits,
  stores.bootOptionsMarks,
  stores.images,
] as const;

/** Bytes of a LAN's receive buffer. */
const RECEIVE_BUFFER = 1 << 20;

/** A BMC that was begun, and had nothing to do. */
export interface Pattern {
  readonly settings: BmcOptions;
  readonly glance: Glance;
}

/** One that a BMC of these settings begins like. */
export const patternFor = (options: BmcOptions, patterns: readonly Pattern[]): Pattern | undefined =>
  patterns.find(({ settings }) => beginsLike(settings, options));

/** Settings of which nothing acts by itself beside what the other's do. */
const beginsLike = (pattern: BmcOptions, options: BmcOptions): boolean =>
  [...Object.keys(pattern), ...Object.keys(options)].every(
    (key) => OWN.has(key) || pattern[key as keyof BmcOptions] === options[key as keyof BmcOptions],
  );

/**
 * A BMC of these settings need not be made before somebody asks for it, if one like it has nothing to do.
 * `journal`: what is stored of it.
 */
export function canWait(options: BmcOptions, journal: Journal | undefined): boolean {
  if (wakefulSettings(options) !== undefined || options.pef !== undefined) return false;
  if (options.firmware?.directory !== undefined || bootsAtStart(options, undefined)) return false;
  if (journal === undefined) return true;
  const { deviceGuid, systemGuid } = options.identity ?? {};
  const isStored = (store: { readonly name: string }): boolean => journal.holds?.(store.name) ?? true;
  // GUIDs that it makes are on disk before anybody can ask for them.
  if ((deviceGuid === undefined || systemGuid === undefined) && !isStored(stores.guids)) return false;
  return !ACTING.some(isStored);
}

/** Binds what it listens on, and says of its settings what its start would. Rejects as `Bmc.open` does. */
export async function bindAll(row: Row, log: Log | undefined, kinds: Kinds | undefined): Promise<void> {
  for (const danger of dangersOf(row.settings, kinds)) log?.warn(`${row.name}: ${danger}`, { bmc: row.name });
  for (const [i, options] of (row.settings.interfaces ?? []).entries()) {
    if (options.type !== 'lan') continue;
    await openingFor(['interfaces', i, ...addressKey(options)], () =>
      row.bind({ ...listenOf(options), receiveBuffer: RECEIVE_BUFFER }),
    );
  }
}
