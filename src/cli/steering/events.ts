import type { ControlEvent, EventKind } from '../../control/answers.ts';
import { dim, red } from '../colors.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { plain, program } from '../output.ts';
import { daemonOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { tell, untilReaderGoes } from './tell.ts';
import { localTime } from './times.ts';
import { filterOf, whoOf } from './trace-filters.ts';

export interface EventFlags extends Flags {
  readonly follow?: boolean;
  /** Names of kinds with commas between. */
  readonly kind?: string;
  readonly bmc?: string;
  readonly last?: number;
}

export interface TraceFlags extends Flags {
  readonly filter?: readonly string[];
  /** Those with a completion code that is not 00h, and what was dropped. */
  readonly refused?: boolean;
  /** Ends after so many. */
  readonly count?: number;
}

const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').map((word) => word.trim());

/** Most that a daemon remembers for a question. */
const ALL = 1000;

/** What has happened, and with `follow` what happens. */
export async function events(flags: EventFlags): Promise<void> {
  const { follow = false, last = follow ? 10 : ALL } = flags;
  const { signal } = untilReaderGoes();
  const all = daemonOf(flags).events({
    kinds: listOf(flags.kind) as EventKind[] | undefined,
    bmcs: listOf(flags.bmc),
    last,
    follow,
    signal,
  });
  for await (const { event } of all) await tell(flags, event, () => eventLine(event));
  if (follow && !signal.aborted) throw new CliError('the daemon has ended', { exit: EXIT.failed });
}

const eventLine = ({ time, bmc, kind, text }: ControlEvent): string =>
  `${dim(localTime(time))}  ${plain(bmc ?? '-')}  ${kind.padEnd(13)}  ${plain(text)}`;

/** Requests with their answers as they pass, decoded, until the reader goes. */
export async function trace(bmcs: readonly string[], flags: TraceFlags): Promise<void> {
  let left = flags.count ?? Infinity;
  let shown: string | undefined;
  if (left === 0) return;
  const control = daemonOf(flags);
  const note = (line: string): void => void process.stderr.write(`${program()}: ${line}\n`);
  const filters = await Promise.all((flags.filter ?? []).map((text) => filterOf(text, control, bmcs, note)));
  const { signal } = untilReaderGoes();
  const all = control.events({
    kinds: ['request'],
    signal,
    ...(bmcs.length > 0 && { bmcs }),
  });
  for await (const { event } of all) {
    // A tree belongs to its request, which was shown or not.
    if (event.carried === true && shown !== nameOf(event)) continue;
    if (event.carried !== true) {
      if (!filters.every((fits) => fits(event))) continue;
      if (flags.refused && event.code === 0) continue;
      shown = nameOf(event);
    }
    await tell(flags, event, () => requestLine(event));
    if (event.carried === true) continue;
    if (--left <= 0) return;
  }
  if (signal.aborted) return;
  throw new CliError('the daemon has ended', { exit: EXIT.failed });
}

const nameOf = ({ bmc, request }: ControlEvent): string => `${String(bmc)} ${String(request)}`;

function requestLine(event: ControlEvent): string {
  const { time, bmc, text, microseconds, code, owner, faults, carried } = event;
  if (carried === true)
    return text
      .split('\n')
      .map((line) => `${dim(localTime(time))}  ${plain(bmc ?? '-')}  ${plain(line)}`)
      .join('\n');
  const took = typeof microseconds === 'number' ? dim(` (${microseconds} us)`) : '';
  const line = plain(text);
  const by = typeof owner === 'string' ? dim(`  by ${plain(owner)}`) : '';
  const struck = typeof faults === 'string' ? `  fault ${plain(faults)}` : '';
  return `${dim(localTime(time))}  ${plain(bmc ?? '-')}  ${plain(whoOf(event)) || '-'}  ${code === 0 ? line : red(line)}${took}${by}${struck}`;
}
