import { statSync } from 'node:fs';
import type { Kinds } from '../config/kinds.ts';
import type { BmcOptions } from '../config/options.ts';
import { isSame, nameOf, type Fleet, type Plan } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { loadWhole } from './check.ts';
import { CliError, problemOf } from './errors.ts';
import type { Overrides } from './overrides.ts';
import { problemsOf, settingsToRun } from './settings-to-run.ts';
import { stateOf, type StatePlace } from './state-place.ts';

export interface ReloadOptions {
  readonly flags: Overrides & { readonly state?: string; readonly sealKey?: string };
  /** Where state is kept in this life. */
  readonly state: StatePlace | undefined;
  readonly log: Log;
  /** Those that the settings may name beside our own; modules are not read again. */
  readonly kinds: Kinds;
}

/**
 * Reads the file again, and makes the fleet what it says now. A mistake in it is a line a problem, and
 * nothing changes. Never rejects.
 */
export async function reload(
  fleet: Fleet,
  file: string | undefined,
  { flags, state, log, kinds }: ReloadOptions,
): Promise<void> {
  if (file === undefined) {
    log.warn('SIGHUP: there is no file to read again');
    return;
  }
  try {
    const given = settingsToRun(loadWhole(file, kinds), file, flags, state !== undefined);
    if (stateOf(file, given, flags)?.directory !== state?.directory)
      throw new CliError(
        `${given.place?.(undefined, ['state'])}: where state is kept is the next start's: restart to change it`,
      );
    const { plan, bmcs } = sameTimes(fleet, given.bmcs, writtenAt(file));
    const { refused, failed } = await fleet.apply(bmcs);
    if (refused.length > 0) throw new CliError(problemsOf(refused, given, flags).join('\n'));
    log.info(`SIGHUP: ${file} is read again: ${summaryOf(plan)}`, {
      added: plan.added.length,
      removed: plan.removed.length,
      changed: plan.changed.length,
      unchanged: plan.unchanged.length,
    });
    for (const problem of problemsOf(failed, given, flags))
      log.error(`SIGHUP: ${problem}; that BMC is as it was before`);
  } catch (error) {
    const problem = error instanceof CliError ? error.message : problemOf(error);
    for (const line of problem.split('\n')) log.error(`SIGHUP: nothing is changed: ${line}`);
  }
}

/** What repositories of the file's own records say of when they were written. */
const writtenAt = (file: string): string => new Date(statSync(file).mtimeMs).toISOString();

/**
 * A file that is written anew has another time, which is that of all its repositories. It is news for those
 * BMCs only that are made anew for another reason, which is what `plan` says: clients look at it to see
 * whether their copy still holds.
 */
export function sameTimes(
  fleet: Pick<Fleet, 'plan' | 'settings'>,
  wanted: readonly BmcOptions[],
  written: string,
): { readonly plan: Plan; readonly bmcs: BmcOptions[] } {
  const kept = wanted.map((one): BmcOptions => {
    const before = fleet.settings.get(nameOf(one))?.sdr;
    if (before === undefined || one.sdr?.time !== written) return one;
    return isSame({ ...one.sdr, time: before.time }, before) ? { ...one, sdr: before } : one;
  });
  const plan = fleet.plan(kept);
  const anew = new Set(plan.changed.filter(({ how }) => how === 'restart').map(({ name }) => name));
  return { plan, bmcs: wanted.map((one, i) => (anew.has(nameOf(one)) ? one : kept[i])) };
}

/** Most names of a kind in one line of the log. */
const NAMED = 10;

/** A plan as a line for people. */
export function summaryOf({ added, removed, changed, unchanged }: Plan): string {
  const ofChanged = changed.map(
    ({ name, keys, how }) => `${name}: ${keys.map(({ key }) => key).join(' ')}, ${how}`,
  );
  return [
    part('added', added, ', '),
    part('removed', removed, ', '),
    part('changed', ofChanged, '; '),
    `${unchanged.length} unchanged`,
  ]
    .filter((one) => one !== undefined)
    .join(', ');
}

function part(what: string, names: readonly string[], between: string): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > NAMED ? [`and ${names.length - NAMED} more`] : [];
  return `${names.length} ${what} (${[...names.slice(0, NAMED), ...more].join(between)})`;
}
