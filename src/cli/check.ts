import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Bmc, type BmcSurroundings } from '../bmc.ts';
import { SettingsError } from '../config/errors.ts';
import { ConfigError, parseFile, type FileOptions } from '../config/load.ts';
import { units } from '../config/names.ts';
import type { BmcOptions } from '../config/options.ts';
import { stepOf } from '../state/sensor/sensor-factors.ts';
import { CliError, reading } from './errors.ts';

/** BMCs, and where their settings stand if they come from a file. */
export type Given = Pick<FileOptions, 'bmcs'> & Partial<FileOptions>;

/** The BMCs of a file. Throws CliError with one line for each problem. */
export const loadFile = (file: string): BmcOptions[] => loadWhole(file).bmcs;

/** Everything that a file says. Throws CliError with one line for each problem. */
export function loadWhole(file: string): FileOptions {
  const text = reading(file, () => readFileSync(file, 'utf8'));
  try {
    const whole = parseFile(text, file);
    return { ...whole, bmcs: whole.bmcs.map((bmc) => withSdr(withImages(bmc, dirname(file)), dirname(file))) };
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

/** FRU devices that lie in files of their own, beside the settings. */
function withImages(bmc: BmcOptions, folder: string): BmcOptions {
  if (!bmc.fru?.some(({ file }) => file !== undefined)) return bmc;
  return { ...bmc, fru: bmc.fru.map((one) => (one.file === undefined ? one : { ...one, image: imageIn(folder, 'fru', one.file) })) };
}

/** An SDR dump beside the settings. */
const withSdr = (bmc: BmcOptions, folder: string): BmcOptions =>
  bmc.sdr?.file === undefined ? bmc : { ...bmc, sdr: { ...bmc.sdr, image: imageIn(folder, 'sdr', bmc.sdr.file) } };

function imageIn(folder: string, what: string, path: string): Uint8Array {
  const file = resolve(folder, path);
  try {
    return reading(file, () => Uint8Array.from(readFileSync(file)));
  } catch (error) {
    throw new CliError(`${what} file ${(error as Error).message}`, { cause: error });
  }
}

/** One of the BMCs of a file, not opened: what its settings say together must make sense. Throws CliError. */
export function makeBmc({ bmcs, place }: Given, i: number, surroundings?: BmcSurroundings): Bmc {
  try {
    return new Bmc(bmcs[i], surroundings);
  } catch (error) {
    throw settingsProblem(error, place, i);
  }
}

/** Says where in the file the settings are that make no sense; any other error as it is. */
export const settingsProblem = (error: unknown, place: Given['place'], bmc: number): unknown =>
  error instanceof SettingsError ? new CliError(`${place?.(bmc, error.path) ?? 'the default server'}: ${error.message}`, { cause: error }) : error;

export function checkFile(file: string, { json = false, verbose = false }: { json?: boolean; verbose?: boolean }): number {
  try {
    const given = loadWhole(file);
    const { length } = given.bmcs;
    for (let i = 0; i < length; i++) {
      const bmc = makeBmc(given, i);
      if (verbose && !json) for (const line of stepsOf(bmc)) process.stdout.write(`${bmc.name}: ${line}\n`);
    }
    process.stdout.write(json ? `${JSON.stringify({ ok: true, bmcs: length, problems: [] })}\n` : `${file}: ${length} BMC(s), no problem\n`);
    return 0;
  } catch (error) {
    if (!json || !(error instanceof CliError)) throw error;
    process.stdout.write(`${JSON.stringify({ ok: false, problems: error.message.split('\n') })}\n`);
    return 2;
  }
}

/** What lies between two neighbouring readings of each sensor, and so how near a reading comes to what was written. */
function stepsOf({ sensors }: Bmc): string[] {
  return sensors.all.flatMap((sensor) => {
    const { analog } = sensor.declaration;
    if (!analog) return [];
    const { factors, min, max, unit, percentage } = analog;
    const step = stepOf(factors);
    const name = percentage ? 'percent' : (Object.keys(units).find((one) => units[one] === unit) ?? `unit ${unit}`);
    return `${sensors.nameOf(sensor)}: ${min} to ${max} ${name}, ${step === undefined ? 'steps of different sizes' : `step ${step}`}`;
  });
}
