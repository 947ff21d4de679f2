import { readFileSync } from 'node:fs';
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
    return parseFile(text, file);
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message, { cause: error });
    throw error;
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
