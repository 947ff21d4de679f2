import type { BmcOptions } from '../config/options.ts';
import { isSilent } from '../config/together.ts';
import type { Failure } from '../fleet/index.ts';
import { atOnce } from '../world/pace.ts';
import { CliError } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { stepsTogether } from './load.ts';
import { openProblem } from './open-problem.ts';
import { FLAGS, overridden, type Overrides } from './overrides.ts';

/** Most BMCs that could not be opened of which each has a line. */
const TOLD = 20;

/**
 * A file's settings with the command line's in their place, as they are to run; `name`: what mistakes call
 * it. Throws CliError.
 */
export const settingsToRun = (
  settings: FileSettings,
  file: string | undefined,
  flags: Overrides,
  keepsState: boolean,
  name = file,
): FileSettings => atOnce(stepsToRun(settings, file, flags, keepsState, name));

/** The same, a step a BMC. */
export function* stepsToRun(
  settings: FileSettings,
  file: string | undefined,
  flags: Overrides,
  keepsState: boolean,
  name = file,
): Generator<undefined, FileSettings> {
  const bmcs: BmcOptions[] = [];
  for (const bmc of settings.bmcs) {
    yield;
    bmcs.push(overridden(bmc, flags));
  }
  for (const [name, flag] of Object.entries(FLAGS) as [keyof Overrides, string][]) {
    if (flags[name] !== undefined && bmcs.length > 1)
      throw new CliError(`${flag} is for one BMC; ${name} has ${bmcs.length}`);
  }
  // Sockets and busses of a file that says nothing else hold the process open; a file that says nothing at
  // all is a mistake.
  if (bmcs.every((bmc) => isSilent(bmc)))
    throw new CliError(`${name}: nobody could reach it: add an entry to interfaces: or use --lan HOST:PORT`);
  yield* stepsTogether({ ...settings, bmcs }, file, keepsState);
  return { ...settings, bmcs };
}

/** A line for each BMC that could not be had, with the setting or option that asked for too much. */
export function problemsOf(failures: readonly Failure[], settings: FileSettings, flags: Overrides): string[] {
  const places = new Map(settings.bmcs.map(({ name = 'bmc' }, i) => [name, i] as const));
  const told = failures
    .map(({ bmc, error }) => ({ i: places.get(bmc) ?? 0, error }))
    .sort((a, b) => a.i - b.i)
    .map(({ i, error }) => openProblem(error, settings.bmcs, i, settings.place, flags).message);
  const lines = [...new Set(told)];
  return lines.length <= TOLD ? lines : [...lines.slice(0, TOLD), `and ${lines.length - TOLD} more`];
}
