import { ERROR_CODES } from '../codec/error-codes.ts';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** A mistake of the caller: one line on standard error, exit code 2 unless it says another. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code = ERROR_CODES.CliError;
  readonly exit: ExitCode;

  constructor(
    message?: string,
    { exit = EXIT.mistake, ...options }: ErrorOptions & { exit?: ExitCode } = {},
  ) {
    super(message, options);
    this.exit = exit;
  }
}

/** A mistake: a line each, or one JSON object. */
export function complain(problem: string, json: boolean, write: (text: string) => void): void {
  write(
    json ? `${JSON.stringify({ ok: false, problems: problem.split('\n') })}\n` : `ipmi-bmc: ${problem}\n`,
  );
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'is a directory, expected a file',
  ENOTDIR: 'is no directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENODEV: 'no such device',
  ENXIO: 'no such device',
  EBUSY: 'in use by another process',
  EEXIST: 'is there already',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'name too long (a Unix socket: 107 bytes)',
  ECONNREFUSED: 'nobody listens there',
  ETIMEDOUT: 'nobody answers there',
};

/**
 * What a failed call of the system means to whoever named the file or address; undefined: it is no such
 * failure.
 */
export function systemProblem(error: unknown, named?: string): string | undefined {
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || syscall === undefined) return undefined;
  if (syscall === 'connect') return nobodyAt(error as ConnectError, named) ?? message;
  // A socket is bound in a directory of its own beside its place, whose random name would tell nobody
  // anything.
  const parent = syscall === 'mkdtemp' && path !== undefined ? dirname(path) : undefined;
  const where = named ?? parent ?? path ?? (/'([^']*)'$/.exec(message) ?? [])[1];
  if (where === undefined || !(code in words)) return message;
  if (syscall === 'mkdir') return `${where}: the directory cannot be made: ${words[code]}`;
  return `${where}: ${code === 'ENOENT' && parent ? 'no such directory' : words[code]}`;
}

interface ConnectError extends NodeJS.ErrnoException {
  /** Of a Unix socket its path. */
  readonly address?: string;
  readonly port?: number;
}

function nobodyAt({ code, address, port }: ConnectError, named = address): string | undefined {
  if (named === undefined || code === undefined) return undefined;
  const where = port === undefined ? named : `${named}:${port}`;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `${where}: nobody listens there`;
  return code in words ? `${where}: ${words[code]}` : undefined;
}

/** An error as a sentence for people, also where a failed call of the system lies inside of it. */
export function problemOf(error: unknown): string {
  const own = systemProblem(error);
  if (own !== undefined) return own;
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  const inner = cause instanceof Error && message.endsWith(cause.message) ? systemProblem(cause) : undefined;
  if (inner === undefined) return message;
  const before = message.slice(0, -(cause as Error).message.length);
  // What was named before it and what it names itself are often the same file.
  return inner.startsWith(before) ? inner : before + inner;
}

/** What `read` gives. Throws CliError that names the file. */
export function reading<T>(file: string, read: () => T): T {
  try {
    if (statSync(file).isDirectory()) throw new CliError(`${file}: ${words.EISDIR}`);
    return read();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CliError(
      missing
        ? `${file}: no such file`
        : (systemProblem(error, file) ?? `${file}: ${(error as Error).message}`),
      { cause: error },
    );
  }
}
