import type { RawAnswer } from '../../control/answers.ts';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, lineOf, tell } from './tell.ts';

export interface RawFlags extends Flags {
  readonly channel?: number;
  readonly privilege?: string;
  readonly user?: string;
  readonly lun?: number;
}

const NUMBER = /^(?:0x[\da-f]{1,2}|\d{1,3}|[\da-f]{1,2}h)$/i;

/** Any request: numbers as of `ipmitool raw`, or a command's name with its fields. */
export async function raw(words: readonly string[], flags: RawFlags): Promise<ExitCode> {
  const [named, request] = takeApart(words);
  const body = { ...request, ...sender(flags) };
  const control = daemonOf(flags);
  const answer = await control.post<RawAnswer>(pathOf(await bmcNamed(control, named), '/raw'), body);
  await tell(flags, answer, () => answerText(answer));
  return answer.code === 0 ? EXIT.done : EXIT.failed;
}

const sender = ({ channel, privilege, user, lun }: RawFlags) => ({
  ...(channel !== undefined && { channel }),
  ...(privilege !== undefined && { privilege }),
  ...(user !== undefined && { user }),
  ...(lun !== undefined && { lun }),
});

/**
 * `[BMC] NETFN CMD [BYTE ...]` or `[BMC] COMMAND [FIELD=VALUE ...]`. The first word is a BMC where what follows
 * it can begin a request.
 */
function takeApart(words: readonly string[]): readonly [string | undefined, Record<string, unknown>] {
  const [first, second] = words;
  if (first === undefined) throw new CliError('expected NETFN CMD, or the name of a command');
  const isName = !NUMBER.test(first) && second !== undefined && !second.includes('=');
  const request = isName ? words.slice(1) : words;
  return [isName ? first : undefined, NUMBER.test(request[0]) ? byNumbers(request) : byName(request)];
}

function byNumbers(words: readonly string[]) {
  const [netFn, cmd, ...data] = words.map(byte);
  if (cmd === undefined) throw new CliError('expected NETFN CMD and bytes');
  return { netFn, cmd, data };
}

function byte(word: string): number {
  const value = /h$/i.test(word) ? parseInt(word, 16) : Number(word);
  if (NUMBER.test(word) && value <= 0xff) return value;
  throw new CliError(`${word}: expected a byte, as 0x2c or 44`);
}

function byName([command, ...fields]: readonly string[]) {
  const values: Record<string, unknown> = {};
  for (const word of fields) {
    const at = word.indexOf('=');
    if (at < 1) throw new CliError(`${word}: expected FIELD=VALUE`);
    values[word.slice(0, at)] = valueOf(word.slice(at + 1));
  }
  return { command, fields: values };
}

/** Texts stay what they are: the daemon knows which field is a number. Objects and lists are JSON. */
function valueOf(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(`${text}: it begins like JSON, and is none`);
  }
}

function answerText({ command, code, codeName, data, response }: RawAnswer): string {
  const hex = `${code.toString(16).padStart(2, '0').toUpperCase()}h`;
  const head = `${command}: ${hex}${codeName === hex ? '' : ` ${codeName}`}\n`;
  if (response === undefined) return `${head}${data === '' ? '' : `${data.replace(/../g, '$& ').trim()}\n`}`;
  return head + facts(Object.entries(response).map(([name, value]) => [`  ${name}`, lineOf(value)] as const));
}
