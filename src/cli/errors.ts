import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A mistake of the caller: one line on standard error, exit code 2. */
export class CliError extends Error {
  override name = 'CliError';
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'is a directory, expected a file',
  ENOTDIR: 'is no directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the disk',
  ENAMETOOLONG: 'name too long (a Unix socket: 107 bytes)',
  ECONNREFUSED: 'nobody listens there',
};

/** What a failed call of the system means to whoever named the file or address; undefined: it is no such failure. */
export function systemProblem(error: unknown, named?: string): string | undefined {
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || syscall === undefined) return undefined;
  // A socket is bound in a directory of its own beside its place, whose random name would tell nobody anything.
  const parent = syscall === 'mkdtemp' && path !== undefined ? dirname(path) : undefined;
  const where = named ?? parent ?? path;
  return where === undefined || !(code in words) ? message : `${where}: ${code === 'ENOENT' && parent ? 'no such directory' : words[code]}`;
}

/** What `read` gives. Throws CliError that names the file. */
export function reading<T>(file: string, read: () => T): T {
  try {
    if (statSync(file).isDirectory()) throw new CliError(`${file}: ${words.EISDIR}`);
    return read();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CliError(missing ? `${file}: no such file` : (systemProblem(error, file) ?? `${file}: ${(error as Error).message}`), { cause: error });
  }
}
