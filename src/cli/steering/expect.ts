import type { SeenEntry, SeenRequest } from '../../control/expectations.ts';
import { CliError } from '../errors.ts';
import type { Flags } from './flags.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import { tell } from './tell.ts';
import { only, wordsOf } from './words.ts';

/** Flags of `expect`. */
export interface ExpectFlags extends Flags {
  readonly within?: string;
  readonly user?: string;
  /** A completion code. */
  readonly cc?: number;
}

const VERBS = ['requests', 'request', 'nothing-else', 'entry', 'forget', 'report'] as const;

/** What came to a BMC of a test, and whether it is what the test expects. */
export async function expect(words: readonly string[], flags: ExpectFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, VERBS, 'requests');
  const { within, user, cc } = flags;
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const post = <T>(path: string, body: object): Promise<T> => control.post<T>(pathOf(name, path), body);
  const shown = (answer: { readonly text: string }): Promise<void> => tell(flags, answer, () => answer.text);
  switch (verb) {
    case 'requests': {
      only(rest, []);
      const came = await control.get<{ requests: readonly SeenRequest[] }>(pathOf(name, '/requests'));
      return tell(flags, came, () => came.requests.map(({ text }) => text).join('\n'));
    }
    case 'request': {
      const [command, ...fields] = rest;
      if (command === undefined) throw new CliError('COMMAND is missing');
      const body = { command, fields: pairsOf(fields), within, user, cc };
      return shown(await post<SeenRequest>('/expectations/request', body));
    }
    case 'nothing-else':
      await post('/expectations/no-other', { except: rest });
      return undefined;
    case 'forget':
      only(rest, []);
      return control.delete(pathOf(name, '/requests'));
    case 'report': {
      only(rest, []);
      const text = await control.get<string>(pathOf(name, '/report'));
      return tell(flags, { bmc: name, report: text }, () => text);
    }
    default:
      return shown(await post<SeenEntry>('/expectations/entry', { ...pairsOf(rest), within }));
  }
}

/** `action=on`; what stands behind a dot is of a value within: `set.device=1`. */
function pairsOf(words: readonly string[]): Record<string, unknown> {
  const pairs: Record<string, unknown> = {};
  for (const word of words) {
    const [, name, inner, value] = /^([^=.]+)(?:\.([^=]+))?=(.*)$/s.exec(word) ?? [];
    if (name === undefined) throw new CliError(`${word}: expected NAME=VALUE`);
    if (inner === undefined) pairs[name] = valueOf(value);
    else pairs[name] = { ...(pairs[name] as object | undefined), [inner]: valueOf(value) };
  }
  return pairs;
}

function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : text;
}
