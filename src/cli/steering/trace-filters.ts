import { spokenName } from '../../commands/command.ts';
import type { BmcList, ControlEvent, HandlerRow, UserState } from '../../control/answers.ts';
import { ControlError, type ControlClient } from '../../control/client.ts';
import type { Traced, TraceFilterProblem } from '../../taps/index.ts';
import { CliError } from '../errors.ts';
import { filterProblem } from '../filter-option.ts';
import { pathOf, queryOf } from './daemon.ts';

type EventFilter = (event: ControlEvent) => boolean;

/** BMCs that are asked for the names that they know; of a larger fleet a name may be one of the others'. */
const MOST_ASKED = 64;
/** Terms whose values are names of a BMC. */
const OF_NAMES = /\b(?:cmd|user)\s*!?=/i;

/**
 * Terms as of `run --trace-filter`, or a text that the line has to have. Rejects with CliError for terms that
 * are none, and for a command or a user that no BMC has: it would be waited for in vain. Of what the first
 * BMCs of a large fleet do not have, `note` is told.
 */
export async function filterOf(
  text: string,
  control: ControlClient,
  bmcs: readonly string[],
  note: (line: string) => void,
): Promise<EventFilter> {
  if (!/[=<>]/.test(text)) {
    const word = text.toLowerCase();
    return (event) => saidOf(event).includes(word);
  }
  const { parseTraceFilter } = await import('../../taps/index.ts');
  const filter = parseTraceFilter(text);
  if (typeof filter === 'object') throw new CliError(filterProblem('--filter', filter));
  if (OF_NAMES.test(text)) {
    let problem: TraceFilterProblem | undefined;
    const known = { commands: new Set<string>(), users: new Set<string>() };
    const { names, others } = bmcs.length > 0 ? { names: bmcs, others: 0 } : await someBmcs(control);
    for (const bmc of names) {
      if (!(await learn(known, control, bmc))) continue;
      const checked = parseTraceFilter(text, { commands: [...known.commands], users: [...known.users] });
      problem = typeof checked === 'object' ? checked : undefined;
      if (!problem) break;
    }
    const told = problem && filterProblem('--filter', problem);
    if (told !== undefined && others === 0) throw new CliError(told);
    if (told !== undefined) note(`${told} (${names.length} BMCs were asked, and ${others} others were not)`);
  }
  return (event) => filter(tracedOf(event));
}

/** The first ones that run, and how many others there are: what the first do not have they may have. */
async function someBmcs(control: ControlClient): Promise<{ names: string[]; others: number }> {
  const { bmcs, total } = await control.get<BmcList>(`/v1/bmcs${queryOf({ limit: MOST_ASKED })}`);
  const names = bmcs.filter(({ state }) => state === 'running').map(({ name }) => name);
  return { names, others: total - bmcs.length };
}

interface Known {
  readonly commands: Set<string>;
  readonly users: Set<string>;
}

/** What a BMC knows beside the others. False: it does not run now. */
async function learn({ commands, users }: Known, control: ControlClient, bmc: string): Promise<boolean> {
  // A satellite is known by its BMC's name and its own.
  if (bmc.includes('/')) return false;
  try {
    const [handlers, found] = await Promise.all([
      control.get<{ handlers: HandlerRow[] }>(pathOf(bmc, '/handlers')),
      control.get<{ users: UserState[] }>(pathOf(bmc, '/users')),
    ]);
    for (const { name } of handlers.handlers) commands.add(spokenName(name));
    for (const { name } of found.users) users.add(name);
    return true;
  } catch (error) {
    if (error instanceof ControlError && error.problem.status === 409) return false;
    throw error;
  }
}

/** The same as a daemon's own trace has it. */
function tracedOf(event: ControlEvent): Traced {
  const number = (key: string): number => (typeof event[key] === 'number' ? event[key] : 0);
  const text = (key: string): string => (typeof event[key] === 'string' ? event[key] : '');
  const [channel, peer] = [number('channel'), text('peer')];
  if (event.dropped !== undefined) return { kind: 'dropped', at: 0, channel, peer, reason: text('dropped') };
  return {
    kind: 'request',
    at: 0,
    id: number('request'),
    channel,
    peer,
    user: event.user === undefined ? undefined : text('user'),
    privilege: number('privilege'),
    netFn: number('netFn'),
    lun: number('lun'),
    cmd: number('cmd'),
    name: text('command'),
    request: text('asked'),
    cc: typeof event.code === 'number' ? event.code : undefined,
    answer: text('answered'),
    owner: event.owner === undefined ? undefined : text('owner'),
    microseconds: number('microseconds'),
    late: event.late === true,
    faults: event.faults === undefined ? [] : text('faults').split(','),
  };
}

/** What a filter finds: the line, and its command and code as other commands spell them. */
function saidOf(event: ControlEvent): string {
  const { text, command, code } = event;
  const slug = String(command ?? '').replaceAll(' ', '-');
  const hex = typeof code === 'number' ? `${code.toString(16).padStart(2, '0')}h` : '';
  return `${text} ${whoOf(event)} ${slug} ${hex}`.toLowerCase();
}

export const whoOf = ({ user, peer }: ControlEvent): string =>
  [user, peer].filter((part) => part !== undefined && part !== '').join('@');
