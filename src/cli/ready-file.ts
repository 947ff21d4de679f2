import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from './errors.ts';

/**
 * The ready file of an earlier life says nothing of this one. Throws CliError where it could not be written
 * either.
 */
export function withdraw(file: string): void {
  if (!existsSync(dirname(file))) throw new CliError(`--ready-file ${file}: no such directory`);
  rmSync(file, { force: true });
}

/**
 * Whole at once: whoever waits for the file may read it as soon as it is there. Written under a name that
 * nobody can know and that must be free, so that no link laid out in a shared directory leads it elsewhere;
 * the umask decides who may read it.
 */
export function announce(file: string, ready: string): void {
  const fresh = `${file}.${randomBytes(9).toString('base64url')}`;
  writeFileSync(fresh, `${ready}\n`, { flag: 'wx', mode: 0o666 });
  try {
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
