import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, parseFile, type FileOptions } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { CliError } from './errors.ts';

/** The BMCs of a file. Throws CliError with one line for each problem. */
export const loadFile = (file: string): BmcOptions[] => loadWhole(file).bmcs;

/** Everything that a file says. Throws CliError with one line for each problem. */
export function loadWhole(file: string): FileOptions {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message}`);
  }
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
  try {
    return Uint8Array.from(readFileSync(resolve(folder, path)));
  } catch (error) {
    throw new CliError(`${what} file ${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message}`);
  }
}

export function checkFile(file: string, { json = false }: { json?: boolean }): number {
  try {
    const bmcs = loadFile(file);
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
