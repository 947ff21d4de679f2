import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Bmc } from '../bmc.ts';
import { SettingsError } from '../config/errors.ts';
import { ConfigError, parseFile, type FileOptions } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { CliError, reading } from './errors.ts';

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

/** A BMC that is not opened: what its settings say together must make sense. Throws CliError. */
export function makeBmc(options: BmcOptions, file = 'the default server'): Bmc {
  try {
    return new Bmc(options);
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(`${file}: ${options.name ?? 'bmc'}: ${error.message}`, { cause: error });
    throw error;
  }
}

export function checkFile(file: string, { json = false }: { json?: boolean }): number {
  try {
    const bmcs = loadFile(file);
    for (const options of bmcs) makeBmc(options, file);
    process.stdout.write(
      json ? `${JSON.stringify({ ok: true, bmcs: bmcs.length, problems: [] })}\n` : `${file}: ${bmcs.length} BMC(s), no problem\n`,
    );
    return 0;
  } catch (error) {
    if (!json || !(error instanceof CliError)) throw error;
    process.stdout.write(`${JSON.stringify({ ok: false, problems: error.message.split('\n') })}\n`);
    return 2;
  }
}
