import { lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What has no name of its own: `PID.sock`, the socket itself or a link to where it is. */
const ENTRY = /^(\d+)\.sock$/;
/** Nobody but the owner may make a name there. */
const OTHERS_WRITE = 0o022;

const userId = (): number => process.getuid?.() ?? 0;

/** Where daemons of this machine leave word of themselves; those that this user starts, in the first. */
export function runtimeDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const { IPMI_BMC_RUNTIME_DIRECTORY: told = '' } = env;
  if (told !== '') return [told];
  const own =
    env.XDG_RUNTIME_DIR === undefined || env.XDG_RUNTIME_DIR === ''
      ? userId() === 0
        ? []
        : [join(tmpdir(), `ipmi-bmc-${userId()}`)]
      : [join(env.XDG_RUNTIME_DIR, 'ipmi-bmc')];
  // Of a service: below /run, and its own to make names in.
  const [service] = (env.RUNTIME_DIRECTORY ?? '').split(':');
  return [...new Set([...(service === '' ? [] : [service]), ...own, '/run/ipmi-bmc'])];
}

/**
 * The directory in which this process leaves word of itself, made if need be. Throws Error where somebody
 * else could put a socket in its place.
 */
export function ownRuntimeDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const [directory] = runtimeDirectories(env);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(directory);
  const isLink = lstatSync(directory).isSymbolicLink();
  if (isLink || (uid !== userId() && uid !== 0) || (mode & OTHERS_WRITE) !== 0)
    throw new Error(`${directory}: others could put a socket of theirs there`);
  forgetDead(directory);
  return directory;
}

/** Where this process is found, whatever path its socket has. */
export const ownEntry = (directory: string): string => join(directory, `${process.pid}.sock`);

/** Leaves word of a socket elsewhere. The result takes it away again. */
export function leaveWord(socket: string): () => void {
  const entry = ownEntry(ownRuntimeDirectory());
  rmSync(entry, { force: true });
  symlinkSync(resolve(socket), entry);
  return () => rmSync(entry, { force: true });
}

export interface FoundDaemon {
  readonly pid: number;
  readonly socket: string;
}

/** The daemons of this machine that this user can reach, the youngest process last. */
export function foundDaemons(env: NodeJS.ProcessEnv = process.env): FoundDaemon[] {
  const found = new Map<number, FoundDaemon>();
  for (const directory of runtimeDirectories(env).flatMap((place) => [place, ...foldersIn(place)]))
    for (const { pid, path } of entriesIn(directory))
      if (isAlive(pid) && isOwned(path) && !found.has(pid))
        found.set(pid, { pid, socket: realpathSync(path) });
  return [...found.values()].sort((a, b) => a.pid - b.pid);
}

const entriesIn = (directory: string): { readonly pid: number; readonly path: string }[] =>
  namesIn(directory).flatMap((name) => {
    const pid = ENTRY.exec(name)?.[1];
    return pid === undefined ? [] : [{ pid: Number(pid), path: join(directory, name) }];
  });

/** Instances of a service have a directory each. */
const foldersIn = (directory: string): string[] =>
  namesIn(directory)
    .map((name) => join(directory, name))
    .filter((path) => isDirectory(path));

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Not there, or none of this user's business.
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A socket of this user, or one that root or a service of root's has put where others cannot. */
function isOwned(path: string): boolean {
  try {
    const { uid } = statSync(path);
    return uid === userId() || userId() === 0 || uid === 0;
  } catch {
    return false;
  }
}

/** What processes that were killed have left. */
function forgetDead(directory: string): void {
  for (const { pid, path } of entriesIn(directory)) if (!isAlive(pid)) rmSync(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
