import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { channelsOf } from '../config/channels.ts';
import type { Kinds } from '../config/kinds.ts';
import { SettingsDocument } from '../config/document.ts';
import { ConfigError, optionsIn, type FileOptions } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { problemsTogether, type SettingsProblem } from '../config/together.ts';
import type { WrittenSettings } from '../config/written-settings.ts';
import { SettingsError } from '../settings/errors.ts';
import { atOnce } from '../world/pace.ts';
import { CliError, reading } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { NamedFiles, type Missing } from './outside.ts';

/** The BMCs of a file. Throws CliError with one line for each problem. */
export const loadFile = (file: string, kinds?: Kinds): BmcOptions[] => loadWhole(file, kinds).bmcs;

/** Everything that a file says, which may name these kinds too. Throws CliError, a line for each problem. */
export function loadWhole(file: string, kinds?: Kinds): FileOptions {
  const text = reading(file, () => readFileSync(file, 'utf8'));
  return loadText(text, file, file, statSync(file).mtimeMs, kinds);
}

/**
 * The same of a text: `name` begins the places of its mistakes, `file` is where its relative paths begin
 * beside, `changed` when it was changed last, in wall milliseconds.
 */
export const loadText = (
  text: string,
  name: string,
  file: string | undefined,
  changed: number,
  kinds?: Kinds,
): FileOptions => atOnce(loadSteps(new SettingsDocument(text, name), file, changed, kinds));

/** The same of settings that were read already, a step a BMC. */
export function* loadSteps(
  written: WrittenSettings,
  file: string | undefined,
  changed: number,
  kinds?: Kinds,
): Generator<undefined, FileOptions> {
  try {
    const whole = yield* optionsIn(written, kinds);
    const files = new NamedFiles(file === undefined ? '.' : dirname(file), changed);
    const problems: SettingsProblem[] = [];
    const bmcs: BmcOptions[] = [];
    for (const [i, bmc] of whole.bmcs.entries()) {
      yield;
      const missing: Missing[] = [];
      bmcs.push(files.filled(bmc, missing));
      problems.push(...missing.map((problem) => ({ bmc: i, ...problem })));
    }
    refuse(problems, whole.place);
    return { ...whole, bmcs };
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

/** Throws CliError with a line for each problem that is there; BMCs of one entry have theirs in common. */
export function refuse(problems: readonly SettingsProblem[], place: FileSettings['place']): void {
  const lines = problems.map(
    ({ bmc, path, message }) => `${place?.(bmc, path) ?? 'the default server'}: ${message}`,
  );
  if (lines.length > 0) throw new CliError([...new Set(lines)].join('\n'));
}

/**
 * What no BMC shows alone: places that two want, a LAN without users, nothing to reach any of them by. Throws
 * CliError.
 */
export const checkTogether = (settings: FileSettings, file: string | undefined, keepsState?: boolean): void =>
  atOnce(stepsTogether(settings, file, keepsState));

/** The same, a step a BMC. */
export function* stepsTogether(
  { bmcs, place, state, kinds }: FileSettings,
  file: string | undefined,
  keepsState = state !== undefined,
): Generator<undefined, void> {
  const folder = file === undefined ? '.' : dirname(file);
  for (const [i, options] of bmcs.entries()) {
    yield;
    try {
      // Two interfaces of one channel cannot be told apart by their places.
      channelsOf(options, kinds);
    } catch (error) {
      throw settingsProblem(error, place, i);
    }
  }
  const absolute = (path: string): string => resolve(folder, path);
  refuse(yield* problemsTogether(bmcs, { absolute, kept: keepsState, kinds }), place);
}

/** Says where in the file the settings are that make no sense; any other error as it is. */
export const settingsProblem = (error: unknown, place: FileSettings['place'], bmc: number): unknown =>
  error instanceof SettingsError
    ? new CliError(`${place?.(bmc, error.path) ?? 'the default server'}: ${error.message}`, { cause: error })
    : error;
