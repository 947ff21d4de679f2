import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { SessionState, UserState } from '../../control/answers.ts';
import { CliError, reading } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface UserFlags extends Flags {
  readonly name?: string;
  readonly privilege?: string;
  readonly channel?: number;
  readonly enable?: boolean;
  readonly disable?: boolean;
  /** Where the password is; `-`: standard input. */
  readonly passwordFile?: string;
}

export const USER_VERBS = ['list', 'set'] as const;

const USERS: readonly Column<UserState>[] = [
  { name: 'ID', right: true, of: ({ id }) => id },
  { name: 'NAME', of: ({ name }) => name },
  { name: 'ENABLED', of: ({ enabled }) => (enabled ? 'yes' : 'no') },
  { name: 'PASSWORD', of: ({ hasPassword }) => (hasPassword ? 'set' : 'none') },
  {
    name: 'PRIVILEGE',
    of: ({ channels }) => [...new Set(channels.map(({ privilege }) => privilege))].join(','),
  },
  {
    name: 'CHANNELS',
    wide: true,
    of: ({ channels }) => channels.map(({ channel, privilege }) => `${channel}=${privilege}`).join(' '),
  },
];

/** Users of a BMC; their passwords go in, and never out. */
export async function user(words: readonly string[], flags: UserFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, USER_VERBS, 'list');
  if (verb === 'list') {
    only(rest, []);
    const control = daemonOf(flags);
    const found = await control.get<{ users: UserState[] }>(pathOf(await bmcNamed(control, bmc), '/users'));
    return tell(flags, found, () => table(USERS, found.users, flags));
  }
  const [id] = all(rest, 'ID');
  const change = changeOf(flags);
  if (Object.keys(change).length === 0)
    throw new CliError('nothing to set: --name, --password-file, --privilege, --enable or --disable');
  const control = daemonOf(flags);
  const path = pathOf(await bmcNamed(control, bmc), `/users/${encodeURIComponent(id)}`);
  const changed = await control.put<UserState>(path, change);
  return tell(flags, changed, () => table(USERS, [changed], flags));
}

function changeOf({ name, privilege, channel, enable, disable, passwordFile }: UserFlags) {
  if (enable && disable) throw new CliError('--enable or --disable, not both');
  return {
    ...(name !== undefined && { name }),
    ...(privilege !== undefined && { privilege }),
    ...(channel !== undefined && { channel }),
    ...((enable ?? disable) && { enabled: enable === true }),
    ...(passwordFile !== undefined && { password: passwordIn(passwordFile) }),
  };
}

/** The first line of a file. Not of the command line: everybody on a machine can read that. */
function passwordIn(file: string): string {
  if (file === '-' && isatty(0))
    throw new CliError('--password-file -: expected the password from a pipe: a terminal would show it');
  const text = file === '-' ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  const [password] = text.split(/\r?\n/, 1);
  if (password === '') throw new CliError(`${file === '-' ? 'stdin' : file}: there is no password in it`);
  return password;
}

export const SESSION_VERBS = ['list', 'close'] as const;

const SESSIONS: readonly Column<SessionState>[] = [
  { name: 'ID', right: true, of: ({ handle }) => handle },
  { name: 'USER', of: (row) => row.user },
  { name: 'FROM', of: ({ peer }) => peer },
  { name: 'PRIVILEGE', of: ({ privilege }) => privilege },
  { name: 'AGE', right: true, of: ({ age }) => `${Math.round(age)}s` },
  { name: 'SILENT', right: true, of: ({ silent }) => `${Math.round(silent)}s` },
  { name: 'KIND', wide: true, of: ({ kind, suite }) => (suite === null ? kind : `${kind} suite ${suite}`) },
  { name: 'CHANNEL', wide: true, right: true, of: ({ channel }) => channel },
];

/** Sessions that are open. */
export async function session(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SESSION_VERBS, 'list');
  if (verb === 'list') only(rest, []);
  else all(rest, 'ID');
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/sessions');
  if (verb === 'list') {
    const found = await control.get<{ sessions: SessionState[] }>(path);
    return tell(flags, found, () => table(SESSIONS, found.sessions, flags));
  }
  await control.delete(`${path}/${encodeURIComponent(rest[0])}`);
  return tell(flags, { bmc: name, closed: rest[0] }, () => `${name}: session ${rest[0]} is closed`);
}
