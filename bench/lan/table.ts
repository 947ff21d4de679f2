// Results as tables, on a terminal and in docs/performance.md.
import { median, type Ratio, type Results, type RowResult, type Trial } from './results.ts';
import { START } from './rows.ts';

const digits = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

const times = ({ median, low, high }: Ratio): string =>
  `${median.toFixed(2)} (${low.toFixed(2)}..${high.toFixed(2)})`;

const cell = (trials: readonly Trial[] | undefined, pick: (trial: Trial) => number): string =>
  trials ? digits(median(trials.map(pick))) : '';

const latency = (trials: readonly Trial[] | undefined): string =>
  trials ? `${cell(trials, ({ p50 }) => p50)} / ${cell(trials, ({ p99 }) => p99)}` : '';

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** Sums of what went wrong, by server, where anything did. */
const problems = ({ trials }: RowResult): string =>
  Object.entries(trials)
    .map(([name, each]) => [name, each.reduce((sum, { problems }) => sum + problems, 0)] as const)
    .filter(([, sum]) => sum > 0)
    .map(([name, sum]) => `${name}: ${sum} late or wrong`)
    .join(', ');

const table = (columns: readonly string[], lines: readonly (readonly string[])[]): string =>
  lines.length === 0
    ? ''
    : `${line(columns)}|${columns.map(() => '---|').join('')}\n${lines.map((cells) => line(cells)).join('')}`;

const title = ({ title, unit }: RowResult): string => (unit === 'request' ? title : `${title} (a ${unit})`);

const loaded = ({ rows }: Results): RowResult[] => rows.filter(({ id }) => id !== START);

/** Each row's CPU at each server, and ours over theirs. */
export function cpuTable(results: Results): string {
  const { servers } = results;
  const others = servers.slice(1);
  return table(
    ['server CPU µs', ...servers, ...others.map((name) => `of ${name}`), 'note'],
    loaded(results).map((row) => [
      title(row),
      ...servers.map((name) => cell(row.trials[name], ({ cpu }) => cpu)),
      ...others.map((name) => (row.ratios[name] ? times(row.ratios[name].cpu) : '')),
      [row.note ?? '', problems(row)].filter((text) => text !== '').join('; '),
    ]),
  );
}

/** Each row's rate and latency at each server, and our rate over theirs. */
export function rateTable(results: Results): string {
  const { servers } = results;
  const others = servers.slice(1);
  return table(
    [
      'in a second',
      ...servers,
      ...others.map((name) => `of ${name}`),
      ...servers.map((name) => `p50 / p99 µs, ${name}`),
    ],
    loaded(results).map((row) => [
      title(row),
      ...servers.map((name) => cell(row.trials[name], ({ perSecond }) => perSecond)),
      ...others.map((name) => (row.ratios[name] ? times(row.ratios[name].perSecond) : '')),
      ...servers.map((name) => latency(row.trials[name])),
    ]),
  );
}

/** From a process's start to its first answer. */
export function startTable({ servers, rows }: Results): string {
  const row = rows.find(({ id }) => id === START);
  if (!row) return '';
  const lines = servers
    .filter((name) => row.trials[name])
    .map((name) => {
      const walls = row.trials[name].map(({ p50 }) => p50 / 1000);
      const range = `${Math.min(...walls).toFixed(0)}..${Math.max(...walls).toFixed(0)}`;
      return [
        name,
        `${median(walls).toFixed(0)} (${range})`,
        cell(row.trials[name], ({ cpu }) => cpu / 1000),
      ];
    });
  return table([row.title, 'ms', 'CPU ms'], lines);
}

/** Suite 17 beside suite 3 of the same server: SHA-256 in place of SHA-1. */
export function suiteLines({ servers, rows }: Results): string[] {
  return rows.flatMap((row) => {
    const other = rows.find(({ id }) => id === row.id.replace('devid17', 'devid'));
    if (!row.id.startsWith('devid17') || !other) return [];
    const [ours] = servers;
    const each = row.trials[ours].map(({ cpu }, round) => cpu / other.trials[ours][round].cpu);
    return [`${row.id.slice('devid17-'.length)} ${median(each).toFixed(2)}`];
  });
}

/** CPU of others while something was measured, percent of one core: the middle trial and the worst. */
export function othersLine({ rows }: Results): string {
  const all = rows
    .filter(({ id }) => id !== START)
    .flatMap(({ trials }) => Object.values(trials).flatMap((each) => each.map(({ others }) => others)));
  return all.length === 0
    ? ''
    : `Others took ${median(all).toFixed(0)} % of one core in the middle trial, ${Math.max(...all).toFixed(0)} % in the worst.`;
}
