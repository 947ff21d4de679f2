import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Bmc, type BmcSurroundings } from '../bmc.ts';
import { channelsOf } from '../config/channels.ts';
import { SettingsError } from '../settings/errors.ts';
import { ConfigError, parseFile, type FileOptions } from '../config/load.ts';
import { units } from '../commands/codes/units.ts';
import type { Kinds } from '../config/kinds.ts';
import type { BmcOptions } from '../config/options.ts';
import { Sections } from '../config/sections.ts';
import { problemsTogether, type SettingsProblem } from '../config/together.ts';
import { stepOf } from '../machine/sensors/sensor-factors.ts';
import { CliError, reading } from './errors.ts';
import type { Given } from './given.ts';
import { missingOutside, NamedFiles, type Missing } from './outside.ts';
import { directoryObstacle } from './places.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';
import { sealKey } from './state-place.ts';

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
export function loadText(
  text: string,
  name: string,
  file: string | undefined,
  changed: number,
  kinds?: Kinds,
): FileOptions {
  try {
    const whole = parseFile(text, name, kinds);
    const files = new NamedFiles(file === undefined ? '.' : dirname(file), changed);
    const problems: SettingsProblem[] = [];
    const bmcs = whole.bmcs.map((bmc, i) => {
      const missing: Missing[] = [];
      const filled = files.filled(bmc, missing);
      problems.push(...missing.map((problem) => ({ bmc: i, ...problem })));
      return filled;
    });
    refuse(problems, whole.place);
    return { ...whole, bmcs };
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

/** Throws CliError with a line for each problem that is there; BMCs of one entry have theirs in common. */
function refuse(problems: readonly SettingsProblem[], place: Given['place']): void {
  const lines = problems.map(
    ({ bmc, path, message }) => `${place?.(bmc, path) ?? 'the default server'}: ${message}`,
  );
  if (lines.length > 0) throw new CliError([...new Set(lines)].join('\n'));
}

/**
 * What no BMC shows alone: places that two want, a LAN without users, nothing to reach any of them by. Throws
 * CliError.
 */
export function checkTogether(
  { bmcs, place, state, kinds }: Given,
  file: string | undefined,
  keepsState = state !== undefined,
): void {
  const folder = file === undefined ? '.' : dirname(file);
  for (const [i, options] of bmcs.entries()) {
    try {
      // Two interfaces of one channel cannot be told apart by their places.
      channelsOf(options, kinds);
    } catch (error) {
      throw settingsProblem(error, place, i);
    }
  }
  const absolute = (path: string): string => resolve(folder, path);
  refuse(problemsTogether(bmcs, { absolute, kept: keepsState, kinds }), place);
}

/** One of the BMCs of a file, not opened: what its settings say together must make sense. Throws CliError. */
export function makeBmc({ bmcs, place, kinds }: Given, i: number, surroundings?: BmcSurroundings): Bmc {
  try {
    return new Bmc(bmcs[i], { kinds, ...surroundings });
  } catch (error) {
    throw settingsProblem(error, place, i);
  }
}

/** Says where in the file the settings are that make no sense; any other error as it is. */
export const settingsProblem = (error: unknown, place: Given['place'], bmc: number): unknown =>
  error instanceof SettingsError
    ? new CliError(`${place?.(bmc, error.path) ?? 'the default server'}: ${error.message}`, { cause: error })
    : error;

/** Where state is kept, and the key that seals it. Throws CliError with the place in the file. */
function checkState(state: Given['state'], file: string, place: Given['place']): void {
  if (state === undefined) return;
  const obstacle = directoryObstacle(resolve(dirname(file), state.directory));
  if (obstacle !== undefined)
    throw new CliError(`${place?.(undefined, ['state', 'directory'])}: ${obstacle}`);
  if (state.sealKeyFile !== undefined)
    sealKey(resolve(dirname(file), state.sealKeyFile), place?.(undefined, ['state', 'sealKeyFile']));
}

interface CheckFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly plugin?: readonly string[];
}

/** Prints what is wrong with a file, and returns the exit code. Rejects with CliError, a line a problem. */
export async function checkFile(
  file: string,
  { json = false, verbose = false, plugin }: CheckFlags,
): Promise<number> {
  try {
    const plugins = await loadPlugins(plugin);
    const document = loadWhole(file, plugins.kinds);
    const { bmcs, place, state } = document;
    const { length } = bmcs;
    checkState(state, file, place);
    const seen = new Sections(plugins.kinds);
    for (const [i, options] of bmcs.entries()) {
      refuse(
        missingOutside(options, dirname(file)).map((problem) => ({ bmc: i, ...problem })),
        place,
      );
      const shown = verbose && !json;
      if (!shown && isChecked(options, seen, document, i)) continue;
      const bmc = makeBmc(document, i);
      registerPlugins(bmc, plugins);
      if (shown) for (const line of stepsOf(bmc)) process.stdout.write(`${bmc.name}: ${line}\n`);
    }
    checkTogether(document, file);
    process.stdout.write(
      json
        ? `${JSON.stringify({ ok: true, bmcs: length, problems: [] })}\n`
        : `${file}: ${length} BMC(s), no problem\n`,
    );
    return 0;
  } catch (error) {
    if (!json || !(error instanceof CliError)) throw error;
    process.stdout.write(`${JSON.stringify({ ok: false, problems: error.message.split('\n') })}\n`);
    return 2;
  }
}

/**
 * What differs from a BMC that was made is checked alone, where it can be: BMCs of one entry share the rest.
 */
function isChecked(options: BmcOptions, seen: Sections, { place }: Given, i: number): boolean {
  try {
    return seen.check(options);
  } catch (error) {
    throw settingsProblem(error, place, i);
  }
}

/**
 * What lies between two neighbouring readings of each sensor, and so how near a reading comes to what was
 * written.
 */
function stepsOf({ sensors }: Bmc): string[] {
  return sensors.all.flatMap((sensor) => {
    const { analog } = sensor.declaration;
    if (!analog) return [];
    const { factors, min, max, unit, percentage } = analog;
    const step = stepOf(factors);
    const name = percentage
      ? 'percent'
      : (Object.keys(units).find((name) => units[name] === unit) ?? `unit ${unit}`);
    return `${sensors.nameOf(sensor)}: ${min} to ${max} ${name}, ${step === undefined ? 'steps of different sizes' : `step ${step}`}`;
  });
}
