import type { BmcOptions } from '../config/options.ts';
import { TapeAnswers, tapeUsers } from '../tape/index.ts';
import type { Random } from '../world/world.ts';
import { utf8Bytes } from '../codec/index.ts';
import { randomPassword } from './default-server.ts';
import { CliError } from './errors.ts';
import { tapeIn } from './replay.ts';
import { run } from './run.ts';

export interface ServeFlags {
  readonly lan: string;
  readonly password?: string;
  readonly extra: 'refuse' | 'pass';
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly readyFile?: string;
}

/** What serves where a tape names nobody. */
const NOBODY = [{ name: 'admin', privilege: 'administrator' as const }];

/** Answers from the tape until SIGTERM or SIGINT. */
export async function serveTape(file: string, { password, extra, ...flags }: ServeFlags): Promise<number> {
  const tape = tapeIn(file);
  if (password !== undefined && !utf8Bytes(password, 20))
    throw new CliError('a password has at most 20 bytes in UTF-8');
  const found = tapeUsers(tape);
  const users = found.length > 0 ? found : NOBODY;
  const settings = (random: Random): BmcOptions => ({
    name: tape.header.bmc || 'tape',
    interfaces: [{ type: 'lan', channel: 1, listen: flags.lan }],
    users: users.map((user, i) => ({ id: i + 2, ...user, password: password ?? randomPassword(random) })),
  });
  return run(undefined, {
    ...flags,
    served: {
      settings,
      tellsPasswords: password === undefined,
      onMade: (bmc) => void bmc.router.wrap(new TapeAnswers(tape, bmc.router, { extra }).wrapper),
    },
  });
}
