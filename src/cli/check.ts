import { dirname, resolve } from 'node:path';
import { Bmc, type BmcSurroundings } from '../bmc.ts';
import { units } from '../commands/codes/units.ts';
import type { BmcOptions } from '../config/options.ts';
import { Sections } from '../config/sections.ts';
import { stepOf } from '../machine/sensors/sensor-factors.ts';
import { CliError } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { checkTogether, loadWhole, refuse, settingsProblem } from './load.ts';
import { checkNamed } from './named-secrets.ts';
import { missingOutside } from './outside.ts';
import { directoryObstacle } from './places.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';
import { sealKey } from './state-place.ts';

/** One of the BMCs of a file, not opened: what its settings say together must make sense. Throws CliError. */
export function makeBmc(
  { bmcs, place, kinds }: FileSettings,
  i: number,
  surroundings?: BmcSurroundings,
): Bmc {
  try {
    return new Bmc(bmcs[i], { kinds, ...surroundings });
  } catch (error) {
    throw settingsProblem(error, place, i);
  }
}

/** Where state is kept, and the key that seals it. Throws CliError with the place in the file. */
function checkState(state: FileSettings['state'], file: string, place: FileSettings['place']): void {
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
    const warnings: string[] = [];
    checkNamed(document, file, (line) => warnings.push(line));
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
        ? `${JSON.stringify({ ok: true, bmcs: length, problems: [], ...(warnings.length > 0 && { warnings }) })}\n`
        : `${file}: ${length} BMC(s), no problem\n`,
    );
    if (!json) for (const line of warnings) process.stderr.write(`ipmi-bmc: warning: ${line}\n`);
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
function isChecked(options: BmcOptions, seen: Sections, { place }: FileSettings, i: number): boolean {
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
