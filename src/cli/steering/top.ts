import { setTimeout } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { BmcList, BmcRow, ControlEvent, FleetStatus } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { bold, dim, red } from '../colors.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { plain } from '../output.ts';
import { daemonOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { isForPrograms, table, tell, type Column } from './tell.ts';
import { TopModel, type Passed, type SlowCommand } from './top-model.ts';

export interface TopFlags extends Flags {
  readonly once?: boolean;
  /** Seconds. */
  readonly interval?: number;
}

/** BMCs that a screen has room for: the busiest of a page. */
const ROWS = 12;
const PAGE = 500;

interface Row extends BmcRow {
  readonly rate: number;
}

interface View {
  readonly fleet: FleetStatus;
  /** Requests a second, of all BMCs. */
  readonly rate: number;
  readonly refused: number;
  readonly bmcs: readonly Row[];
  readonly slowest: readonly SlowCommand[];
  readonly tail: readonly ControlEvent[];
}

/** What a daemon is busy with: sessions, rates, slowest commands, the tail of what happens. */
export async function top(flags: TopFlags): Promise<void> {
  const { once = false, interval = 2 } = flags;
  const control = daemonOf(flags);
  const model = new TopModel();
  const ended = new AbortController();
  const heard = hear(control, model, ended.signal);
  const isLive = !once && isatty(1) && !isForPrograms(flags);
  const screen = isLive ? openScreen(() => ended.abort()) : undefined;
  try {
    do {
      await Promise.race([heard, pause(interval * 1000, ended.signal)]);
      if (ended.signal.aborted) return;
      const view = await viewOf(control, model.take(), model.tail, interval);
      if (screen) screen.show(textOf(view));
      else await tell(flags, view, () => textOf(view));
    } while (!once);
  } finally {
    ended.abort();
    screen?.close();
  }
}

async function hear(control: ControlClient, model: TopModel, signal: AbortSignal): Promise<void> {
  const kinds = ['request', 'sel', 'session', 'login-refused', 'power', 'fleet'] as const;
  try {
    for await (const { event } of control.events({ kinds, last: 8, signal })) model.hear(event);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) throw new CliError('the daemon has ended', { exit: EXIT.failed });
}

/** Ends early where it is aborted, and leaves no listener behind. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function viewOf(
  control: ControlClient,
  { requests, refused, byBmc, slowest }: Passed,
  tail: readonly ControlEvent[],
  interval: number,
): Promise<View> {
  const [fleet, { bmcs }] = await Promise.all([
    control.get<FleetStatus>('/v1/fleet'),
    control.get<BmcList>(`/v1/bmcs?limit=${PAGE}`),
  ]);
  const perSecond = (count: number): number => Math.round((count / interval) * 10) / 10;
  const rows = bmcs
    .map((bmc) => ({ ...bmc, rate: perSecond(byBmc[bmc.name] ?? 0) }))
    .sort((a, b) => b.rate - a.rate || b.sessions - a.sessions)
    .slice(0, ROWS);
  return { fleet, rate: perSecond(requests), refused, bmcs: rows, slowest, tail };
}

const ROW: readonly Column<Row>[] = [
  { name: 'BMC', of: ({ name }) => name },
  { name: 'REQ/S', right: true, of: ({ rate }) => rate },
  { name: 'SESSIONS', right: true, of: ({ sessions }) => sessions },
  { name: 'STATE', of: ({ state }) => state },
  { name: 'POWER', of: ({ power }) => power },
  { name: 'HEALTH', of: ({ health }) => health, colour: (text) => (text === 'critical' ? red(text) : text) },
];
const SLOW: readonly Column<SlowCommand>[] = [
  { name: 'SLOWEST COMMANDS', of: ({ command }) => command },
  { name: 'COUNT', right: true, of: ({ count }) => count },
  { name: 'MEAN US', right: true, of: ({ mean }) => mean },
  { name: 'MOST US', right: true, of: ({ most }) => most },
];

function textOf({ fleet, rate, refused, bmcs, slowest, tail }: View): string {
  const more = fleet.bmcs + fleet.stopped - bmcs.length;
  return [
    `${bold(`ipmi-bmc ${fleet.version}`)}  ${fleet.bmcs} BMC(s), ${fleet.sessions} session(s), ${rate} requests/s, ${refused} refused`,
    '',
    table(ROW, bmcs) + (more > 0 ? dim(`and ${more} more\n`) : ''),
    table(SLOW, slowest),
    bold('LAST EVENTS'),
    ...tail.map(({ time, bmc, text }) => `${dim(time.slice(11, 19))}  ${plain(bmc ?? '-')}  ${plain(text)}`),
    '',
  ].join('\n');
}

/** q, ^C and ^D. */
const ENDING = ['q', '\x03', '\x04'];

/** The other screen of a terminal, until `close`; q and ^C end. */
function openScreen(end: () => void): { readonly show: (text: string) => void; readonly close: () => void } {
  const { stdin, stdout } = process;
  const hasKeys = isatty(0);
  const key = (data: Buffer): void => {
    if (ENDING.some((one) => data.includes(one))) end();
  };
  const restore = (): void => {
    if (hasKeys) stdin.setRawMode(false);
    stdout.write('\x1b[?25h\x1b[?1049l');
  };
  const ends = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of ends) process.on(signal, end);
  process.on('exit', restore);
  if (hasKeys) {
    stdin.setRawMode(true);
    stdin.on('data', key);
  }
  stdout.write('\x1b[?1049h\x1b[?25l\x1b[H\x1b[Jasking ...');
  return {
    show(text) {
      const lines = text.split('\n').slice(0, Math.max(1, stdout.rows - 1));
      stdout.write(`\x1b[H\x1b[J${lines.join('\r\n')}`);
    },
    close() {
      process.off('exit', restore);
      for (const signal of ends) process.off(signal, end);
      if (hasKeys) {
        stdin.off('data', key);
        stdin.pause();
      }
      restore();
    },
  };
}
