import type { LanChannelState, ParameterState } from '../../control/answers.ts';
import { spokenName } from '../../commands/command.ts';
import { nearest } from '../../config/wording.ts';
import type { ControlClient } from '../../control/client.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { lineOf, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface LanFlags extends Flags {
  readonly channel?: number;
  /** Of a parameter that has several. */
  readonly set?: number;
}

export const LAN_VERBS = ['list', 'get', 'set'] as const;

/** The one value of a parameter that has one, else each with its name; bytes of what nobody can decode. */
function valueText({ values, data }: ParameterState): string {
  if (values === null) return data;
  const [[, only] = [], ...others] = Object.entries(values);
  return others.length === 0 ? lineOf(only) : lineOf(values);
}

const PARAMETERS: readonly Column<ParameterState>[] = [
  { name: 'ID', right: true, of: ({ parameter }) => parameter },
  { name: 'PARAMETER', of: ({ name, set }) => spokenName(name) + (set === undefined ? '' : ` (${set})`) },
  { name: 'VALUE', of: valueText },
  { name: 'DATA', wide: true, of: ({ data }) => data },
];

interface Channels {
  readonly channels: readonly LanChannelState[];
}

/** LAN configuration parameters of a BMC. */
export async function lan(words: readonly string[], flags: LanFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, LAN_VERBS, 'list');
  const [parameter = '', ...value] = verb === 'list' ? only(rest, []) : rest;
  if (verb === 'get') all(rest, 'PARAMETER');
  if (verb === 'set' && value.length === 0)
    throw new CliError(`${parameter === '' ? 'PARAMETER' : 'VALUE'} is missing`);
  if (flags.set !== undefined && verb === 'list') throw new CliError('--set is for get and set');
  const control = daemonOf(flags);
  const path = pathOf(await bmcNamed(control, bmc), '/lan');
  const channel = await channelOf(control, path, flags.channel);
  if (verb === 'list') return tell(flags, channel, () => table(PARAMETERS, channel.parameters, flags));
  if (verb === 'get') {
    const found = parametersNamed(channel, parameter, flags);
    return tell(flags, { parameters: found }, () => table(PARAMETERS, found, flags));
  }
  const { set } = flags;
  const at = `${path}/${channel.channel}/${encodeURIComponent(parameter)}`;
  const changed = await control.put<ParameterState>(at, {
    ...changeOf(value as readonly string[]),
    ...(set !== undefined && { set }),
  });
  return tell(flags, changed, () => table(PARAMETERS, [changed], flags));
}

/** One by its number or name, and each set of it unless one is chosen. Throws CliError. */
function parametersNamed({ parameters }: LanChannelState, text: string, { set }: LanFlags): ParameterState[] {
  const named = parameters.filter(
    ({ parameter, name }) => String(parameter) === text || spokenName(name) === spokenName(text),
  );
  const found = named.filter((shown) => set === undefined || shown.set === set);
  if (found.length > 0) return found;
  const near = nearest(
    spokenName(text),
    parameters.map(({ name }) => spokenName(name)),
  );
  throw new CliError(
    named.length > 0
      ? `--set ${set}: it has ${named.map((shown) => shown.set ?? 'no sets').join(', ')}`
      : `there is no LAN parameter '${text}' that can be read${near === undefined ? '' : `; did you mean '${near}'?`}`,
    { exit: EXIT.notThere },
  );
}

async function channelOf(
  control: ControlClient,
  path: string,
  number: number | undefined,
): Promise<LanChannelState> {
  if (number !== undefined) return control.get(`${path}/${number}`);
  const { channels } = await control.get<Channels>(path);
  if (channels.length === 0) throw new CliError('it has no LAN channel', { exit: EXIT.notThere });
  if (channels.length === 1) return channels[0];
  throw new CliError(`which channel? --channel ${channels.map(({ channel }) => channel).join(' or ')}`);
}

/** `FIELD=VALUE ...`, or the value alone of a parameter that has one field. Throws CliError. */
function changeOf(words: readonly string[]) {
  const [first] = words;
  if (words.length === 1 && !/^[a-z]\w*=/i.test(first)) return { value: first };
  const pairs = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new CliError(`${word}: expected FIELD=VALUE`);
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { values: Object.fromEntries(pairs) };
}

/** What platform event filtering is set to. */
export async function pef(words: readonly string[], flags: Flags): Promise<void> {
  const [bmc] = only(words, ['[bmc]']);
  const control = daemonOf(flags);
  const found = await control.get<{ parameters: readonly ParameterState[] }>(
    pathOf(await bmcNamed(control, bmc), '/pef'),
  );
  await tell(flags, found, () => table(PARAMETERS, found.parameters, flags));
}
