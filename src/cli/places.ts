import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SettingsPath } from '../settings/errors.ts';
import type { BmcOptions } from '../config/options.ts';

/** Bytes of a Unix socket's path. */
const LONGEST = 107;
/** What is made at a service's start is not there yet when its settings are checked. */
const MADE_LATER = /^(\/var)?\/run\//;

/** A socket by path that a BMC makes, and which setting says so. */
interface NamedSocket {
  readonly path: SettingsPath;
  readonly place: string;
}

/** Unix sockets that the settings let a BMC listen on. */
export function socketsOf({
  interfaces = [],
  sockets = {},
  sensorFeed,
  sol: { console } = {},
  firmware,
}: BmcOptions): NamedSocket[] {
  const named: readonly (readonly [SettingsPath, string | undefined])[] = [
    ...interfaces.map(
      (entry, i) =>
        [
          ['interfaces', i, 'listen'],
          entry.type !== 'lan' && 'listen' in entry ? entry.listen : undefined,
        ] as const,
    ),
    [['sockets', 'handlers', 'path'], sockets.handlers?.path],
    [['sockets', 'bt', 'path'], sockets.bt?.path],
    [['sensorFeed', 'listen'], sensorFeed?.listen],
    [['sol', 'console', 'listen'], console?.type === 'socket' ? console.listen : undefined],
    [['firmware', 'paths', 'net'], firmware?.paths?.net],
  ];
  return named.flatMap(([path, place]) => (place?.includes('/') ? [{ path, place }] : []));
}

/** Why no socket can be made at a path; undefined: nothing is in its way. */
export function socketObstacle(path: string): string | undefined {
  const { length } = new TextEncoder().encode(path);
  if (length > LONGEST)
    return `${path}: a Unix socket's path has at most ${LONGEST} bytes, these are ${length}`;
  const folder = dirname(path);
  const parent = statOf(folder);
  if (parent === undefined) return MADE_LATER.test(`${folder}/`) ? undefined : `${folder}: no such directory`;
  if (parent === 'no directory' || !parent.isDirectory()) return `${folder}: is no directory`;
  const there = statOf(path);
  if (there === undefined || there === 'no directory' || there.isSocket()) return undefined;
  return `${path}: something that is no socket is there`;
}

/** Why a directory cannot be used or made at a path; undefined: nothing is in its way. */
export function directoryObstacle(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const there = statOf(at);
    if (there === 'no directory') continue;
    if (there !== undefined) return there.isDirectory() ? undefined : `${at}: is no directory`;
    if (at === dirname(at)) return undefined;
  }
}

/** Undefined: there is nothing, or nothing that this user may see. */
function statOf(path: string): Stats | 'no directory' | undefined {
  try {
    return statSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'no directory' : undefined;
  }
}
