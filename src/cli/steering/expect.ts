import type { SeenEntry, SeenRequest } from '../../control/expectations.ts';
import { CliError } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { ExpectFlags } from './test-nouns.ts';
import { tell } from './tell.ts';
import { only, wordsOf } from './words.ts';

const VERBS = ['requests', 'request', 'nothing-else', 'entry'] as const;

/** What came to a BMC of a test, and whether it is what the test expects. */
export async function expect(words: readonly string[], flags: ExpectFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, VERBS, 'requests');
  const { within, user } = flags;
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const post = <T>(path: string, body: object): Promise<T> => control.post<T>(pathOf(name, path), body);
  const shown = (one: { readonly text: string }): Promise<void> => tell(flags, one, () => one.text);
  switch (verb) {
    case 'requests': {
      only(rest, []);
      const came = await control.get<{ requests: readonly SeenRequest[] }>(pathOf(name, '/requests'));
      return tell(flags, came, () => came.requests.map(({ text }) => text).join('\n'));
    }
    case 'request': {
      const [command, ...fields] = rest;
      if (command === undefined) throw new CliError('COMMAND is missing');
      const body = { command, fields: pairsOf(fields), within, user };
      return shown(await post<SeenRequest>('/expectations/request', body));
    }
    case 'nothing-else':
      await post('/expectations/no-other', { except: rest });
      return undefined;
    default:
      return shown(await post<SeenEntry>('/expectations/entry', { ...pairsOf(rest), within }));
  }
}

function pairsOf(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
      if (name === undefined) throw new CliError(`${word}: expected NAME=VALUE`);
      return [name, valueOf(value)];
    }),
  );
}

function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : text;
}
