import { SESSION_PRIVILEGES, type PrivilegeName } from '../codec/index.ts';
import { Privilege } from '../commands/command.ts';
import { isRequest, type Tape } from './entry.ts';

/** Somebody who asked. */
export interface TapeUser {
  readonly name: string;
  /** The highest level at which the tape has them. */
  readonly privilege: Exclude<PrivilegeName, 'none'>;
}

/** Most users of a BMC, less the null user. */
const MOST = 62;

/** Who asked in sessions, in the order in which they came; nobody has no name. */
export function tapeUsers({ entries }: Tape): TapeUser[] {
  const highest = new Map<string, number>();
  for (const { user, session, privilege } of entries.filter(isRequest))
    if (user && session !== undefined) highest.set(user, Math.max(highest.get(user) ?? 0, privilege));
  return [...highest].slice(0, MOST).map(([name, level]) => ({
    name,
    privilege: SESSION_PRIVILEGES[Math.min(Math.max(level, Privilege.Callback), Privilege.Administrator) - 1],
  }));
}
