import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FileSettings } from './file-settings.ts';
import { CliError, reading } from './errors.ts';

/** A state directory, and the key of its secrets where they are sealed. */
export interface StatePlace {
  readonly directory: string;
  readonly sealKey: string | undefined;
}

/** Shorter keys can be tried out. */
const SHORTEST = 16;

/**
 * Where state is kept: the command line goes before the file, whose paths are relative to itself. Undefined:
 * in memory.
 */
export function stateOf(
  file: string | undefined,
  { state: inFile, place }: FileSettings,
  flags: { state?: string; sealKey?: string },
): StatePlace | undefined {
  const beside = (path: string): string => resolve(file === undefined ? '.' : dirname(file), path);
  const directory = flags.state ?? (inFile && beside(inFile.directory));
  if (directory === undefined && flags.sealKey !== undefined)
    throw new CliError('--seal-key seals what --state keeps: name a directory with --state');
  if (directory === undefined) return undefined;
  if (flags.sealKey !== undefined || inFile?.sealKeyFile === undefined)
    return { directory, sealKey: sealKey(flags.sealKey) };
  return {
    directory,
    sealKey: sealKey(beside(inFile.sealKeyFile), place?.(undefined, ['state', 'sealKeyFile'])),
  };
}

/**
 * The key in a file, else in the environment (IPMI_BMC_SEAL_KEY), else none. `place`: the setting that names
 * the file. Throws CliError.
 */
export function sealKey(file: string | undefined, place?: string): string | undefined {
  try {
    const key =
      file === undefined
        ? process.env.IPMI_BMC_SEAL_KEY
        : reading(file, () => readFileSync(file, 'utf8').trim());
    if (key !== undefined && key.length < SHORTEST)
      throw new CliError(`${file ?? 'IPMI_BMC_SEAL_KEY'}: a key has at least ${SHORTEST} characters`);
    return key;
  } catch (error) {
    if (place === undefined || !(error instanceof CliError)) throw error;
    throw new CliError(`${place}: ${error.message}`, { cause: error });
  }
}
