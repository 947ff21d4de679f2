import { channelsOf } from './channels.ts';
import { complete } from './complete.ts';
import { locatorsOf } from './locators.ts';
import type { BmcOptions } from './options.ts';
import { pefOf } from './pef.ts';
import { frusOf, identityOf, lanSettingsOf, usersOf } from './platform.ts';
import { sensorsOf } from './sensors.ts';

type Section = keyof BmcOptions;
type Check = (options: BmcOptions) => unknown;

/**
 * What says whether a section makes sense, beyond its schema; a section that is not here is checked with its
 * whole BMC.
 */
const checks: { readonly [S in Section]?: readonly Check[] } = {
  name: [],
  identity: [identityOf],
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
};

/** Settings of a BMC that was made, of which others share what has no number in it. */
export class Sections {
  #made: BmcOptions | undefined;

  /** False: a whole BMC has to be made of these settings. Throws SettingsError. */
  check(options: BmcOptions): boolean {
    const made = this.#made;
    this.#made = options;
    if (made === undefined) return false;
    const keys = [...new Set([...Object.keys(made), ...Object.keys(options)])] as Section[];
    const different = keys.filter((key) => made[key] !== options[key]);
    if (different.some((key) => checks[key] === undefined)) return false;
    for (const check of new Set(different.flatMap((key) => checks[key] ?? []))) check(options);
    return true;
  }
}
