import { channelsOf } from './channels.ts';
import { complete } from './complete.ts';
import { locatorsOf } from './locators.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import type { BmcOptions } from './options.ts';
import { pefOf } from './pef.ts';
import { frusOf, lanSettingsOf, usersOf } from './platform.ts';
import { sensorsOf } from './sensors.ts';

type Section = keyof BmcOptions;
type Check = (options: BmcOptions, kinds: Kinds) => unknown;

/**
 * What says whether a section makes sense, beyond its schema; a section that is not here is checked with its
 * whole BMC.
 */
const checks: { readonly [S in Section]?: readonly Check[] } = {
  name: [],
  labels: [],
  identity: [],
  interfaces: [channelsOf, complete, lanSettingsOf, usersOf, pefOf],
  users: [usersOf],
  userSlots: [usersOf],
  sensors: [sensorsOf, locatorsOf],
  fru: [frusOf, locatorsOf],
  pef: [pefOf, lanSettingsOf],
  sdr: [sensorsOf, locatorsOf],
  sensorInterval: [],
  sensorFeed: [],
  sel: [],
  reset: [],
  sessions: [],
  sol: [],
  sockets: [],
  clock: [],
};

/** Of an interface: what its schema, and the look at all BMCs together, have said everything about. */
const SPARED: ReadonlySet<string> = new Set(['listen', 'mac']);

/** The section differs in nothing that a check would look at. */
function isAlike(before: BmcOptions, { interfaces }: BmcOptions, section: Section): boolean {
  if (section !== 'interfaces' || interfaces?.length !== before.interfaces?.length) return false;
  return (interfaces ?? []).every((entry, i) => {
    const other: Readonly<Record<string, unknown>> = { ...before.interfaces?.[i] };
    const pairs = Object.entries(entry);
    return (
      pairs.length === Object.keys(other).length &&
      pairs.every(([key, value]) => SPARED.has(key) || other[key] === value)
    );
  });
}

/** Settings of a BMC that was made, of which others share what has no number in it. */
export class Sections {
  readonly #kinds: Kinds;
  #before: BmcOptions | undefined;

  constructor(kinds: Kinds = OUR_KINDS) {
    this.#kinds = kinds;
  }

  /** False: a whole BMC has to be made of these settings. Throws SettingsError. */
  check(options: BmcOptions): boolean {
    const before = this.#before;
    if (before === undefined) {
      this.#before = options;
      return false;
    }
    const keys = [...new Set([...Object.keys(before), ...Object.keys(options)])] as Section[];
    const different = keys.filter((key) => before[key] !== options[key] && !isAlike(before, options, key));
    if (different.some((key) => checks[key] === undefined)) {
      this.#before = options;
      return false;
    }
    for (const check of new Set(different.flatMap((key) => checks[key] ?? []))) check(options, this.#kinds);
    this.#before = options;
    return true;
  }
}
