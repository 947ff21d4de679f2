import { bold, yellow } from '../colors.ts';
import { localTime } from './times.ts';
import { table, type Column } from './tell.ts';
import type { TopFigures } from './top-figures.ts';

/** Room for a page. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

const BMCS: readonly Column<TopFigures['bmcs'][number]>[] = [
  { name: 'BMC', of: ({ name }) => name },
  { name: 'POWER', of: ({ power }) => power },
  { name: 'HEALTH', of: ({ health }) => health },
  { name: 'SESSIONS', right: true, of: ({ sessions }) => sessions },
  { name: 'REQUESTS/S', right: true, of: ({ requestsPerSecond }) => requestsPerSecond },
  { name: 'REFUSED/S', right: true, of: ({ refusedPerSecond }) => refusedPerSecond },
];
const COMMANDS: readonly Column<TopFigures['commands'][number]>[] = [
  { name: 'SLOWEST COMMANDS', of: ({ command }) => command },
  { name: 'COUNT', right: true, of: ({ count }) => count },
  { name: 'MEAN MS', right: true, of: ({ mean }) => milliseconds(mean) },
  { name: 'MOST MS', right: true, of: ({ most }) => milliseconds(most) },
];
const SESSIONS: readonly Column<TopFigures['open'][number]>[] = [
  { name: 'SESSIONS OF', of: ({ bmc }) => bmc },
  { name: 'USER', of: ({ user }) => user },
  { name: 'FROM', of: ({ peer }) => peer },
  { name: 'PRIVILEGE', of: ({ privilege }) => privilege },
  { name: 'AGE', right: true, of: ({ age }) => `${Math.round(age)}s` },
];
const told = (name: string): readonly Column<TopFigures['sel'][number]>[] => [
  { name, of: ({ time }) => localTime(time) },
  { name: 'BMC', of: ({ bmc }) => bmc ?? undefined },
  { name: 'WHAT', of: ({ text }) => text },
];
const SEL = told('SEL');
const REFUSED: readonly Column<TopFigures['refused'][number]>[] = [
  ...told('LOG-INS REFUSED').slice(0, 2),
  { name: 'USER', of: ({ user }) => (typeof user === 'string' ? user : undefined) },
  { name: 'FROM', of: ({ peer }) => (typeof peer === 'string' ? peer : undefined) },
  { name: 'WHY', of: ({ text, reason }) => (typeof reason === 'string' ? reason : text) },
];

const milliseconds = (microseconds: number): string => (microseconds / 1000).toFixed(2);

/** A part of the page: how many rows it has, and its lines with so many of them. */
interface Part {
  readonly rows: number;
  readonly lines: (count: number) => readonly string[];
}

const part = <T>(columns: readonly Column<T>[], rows: readonly T[]): Part => ({
  rows: rows.length,
  lines: (count) => table(columns, rows.slice(0, count)).trimEnd().split('\n'),
});

/** Lines that fit the room: each part has its head, and as many rows as its share of what is left. */
export function topPage(figures: TopFigures, room: Room): readonly string[] {
  const parts = [
    part(BMCS, figures.bmcs),
    part(COMMANDS, figures.commands),
    part(SESSIONS, figures.open),
    part(SEL, figures.sel),
    part(REFUSED, figures.refused),
  ];
  const counts = shares(
    parts.map(({ rows }) => rows),
    room.rows - 1 - 2 * parts.length,
  );
  return [head(figures), ...parts.flatMap(({ lines }, i) => ['', ...lines(counts[i])])]
    .slice(0, room.rows)
    .map((line) => cut(line, room.columns));
}

function head(figures: TopFigures): string {
  const { time, running, stopped, sessions, requestsPerSecond, refusedPerSecond, isIncomplete } = figures;
  const words = [
    `${running} BMCs run${stopped === 0 ? '' : `, ${stopped} do not`}`,
    `${sessions} sessions`,
    `${requestsPerSecond}${isIncomplete ? '+' : ''} requests/s`,
    `${refusedPerSecond} refused/s`,
  ];
  const line = `${bold('ipmi-bmc top')}  ${localTime(time).slice(0, 8)}  ${words.join(', ')}`;
  return isIncomplete ? `${line}  ${yellow('(more than could be read)')}` : line;
}

/** Deals lines out one by one, so that a part with few rows leaves its share to the others. */
function shares(wanted: readonly number[], lines: number): number[] {
  const dealt = wanted.map(() => 0);
  let left = Math.max(
    0,
    Math.min(
      lines,
      wanted.reduce((all, width) => all + width, 0),
    ),
  );
  while (left > 0)
    for (let i = 0; i < wanted.length && left > 0; i++)
      if (dealt[i] < wanted[i]) {
        dealt[i]++;
        left--;
      }
  return dealt;
}

// oxlint-disable-next-line no-control-regex
const CELLS = /\x1b\[[\d;]*m|./gsu;

/** As much of a line as fits; colours take no room, and end where they would. */
function cut(line: string, columns: number): string {
  let room = columns;
  return (line.match(CELLS) ?? []).filter((cell) => cell.startsWith('\x1b') || room-- > 0).join('');
}
