/** An error of the outside world, shaped like Node's own: `code` is what callers look at. */
export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EAGAIN: 'nothing there now',
  EBADF: 'bad file descriptor',
  EBUSY: 'in use by another process',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EINVAL: 'not possible now, or not at all',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOCKED: 'held by another process, or twice by this one',
  EMSGSIZE: 'message too long',
  ENAMETOOLONG: 'name too long for a Unix socket',
  ENOENT: 'no such file or directory',
  ENOSYS: 'the optional package koffi is not installed',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTTY: 'not a terminal device, or not that speed',
  ETIMEDOUT: 'timed out',
};

/** `EIO: input/output error, datasync '/journal'` */
export function systemError(
  code: string,
  syscall: string,
  where: string,
  options?: ErrorOptions,
): SystemError {
  const error = new Error(`${code}: ${meanings[code] ?? 'failed'}, ${syscall} '${where}'`, options);
  return Object.assign(error, { code, syscall });
}

/** The `code` of an error, undefined where it has none. `ENOENT` and the like are the system's. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
