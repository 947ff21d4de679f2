import { isatty } from 'node:tty';
import { bold } from '../colors.ts';
import { CliError, systemProblem } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { plain } from '../output.ts';
import type { OutputFlags } from './flags.ts';

/** Columns of a table; those of `wide` are shown with `-o wide` only. */
export interface Column<T> {
  readonly name: string;
  readonly wide?: boolean;
  /** Of numbers. */
  readonly right?: boolean;
  readonly of: (row: T) => string | number | undefined;
  /** Beside its words, never instead of them. */
  readonly colour?: (text: string, row: T) => string;
}

/**
 * Rejects with CliError where it cannot be written, so that a script does not take half of it for all; a
 * reader that has gone wants no more.
 */
export const write = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') return resolve();
      reject(new CliError(systemProblem(error, 'standard output'), { exit: EXIT.failed }));
    });
  });

/** Whether an answer is told to a program. */
export const isForPrograms = ({ json, output }: OutputFlags): boolean =>
  json === true || output === 'json' || output === 'yaml';

/** Tells an answer: as JSON or YAML where that is asked for, else as `words` says it. */
export async function tell(flags: OutputFlags, value: unknown, words: () => string): Promise<void> {
  if (flags.json === true || flags.output === 'json') await write(`${JSON.stringify(value)}\n`);
  else if (flags.output === 'yaml') await write((await import('yaml')).stringify(value));
  else {
    const text = words();
    if (text !== '') await write(text.endsWith('\n') ? text : `${text}\n`);
  }
}

/** What stands where there is nothing. */
const NOTHING = '-';

/** Rows below their heads, in columns; the heads are there without rows too. */
export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { output }: OutputFlags = {},
): string {
  const shown = columns.filter(({ wide }) => wide !== true || output === 'wide');
  const texts = rows.map((row) => shown.map(({ of }) => textOf(of(row))));
  const widths = shown.map(({ name }, i) => Math.max(widthOf(name), ...texts.map((row) => widthOf(row[i]))));
  const line = (cells: readonly string[], paint: (cell: string, i: number) => string): string =>
    cells
      .map((cell, i) => {
        const room = ' '.repeat(widths[i] - widthOf(cell));
        const painted = paint(cell, i);
        return shown[i].right ? room + painted : i === cells.length - 1 ? painted : painted + room;
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      shown.map(({ name }) => name),
      (cell) => bold(cell),
    ),
    ...texts.map((cells, at) => line(cells, (cell, i) => shown[i].colour?.(cell, rows[at]) ?? cell)),
    '',
  ].join('\n');
}

/** Names with their values, a line each; what is undefined is left out. */
export function facts(pairs: readonly (readonly [name: string, value: unknown])[]): string {
  const there = pairs.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...there.map(([name]) => widthOf(name)));
  return there
    .map(([name, value]) => `${bold(name)}${' '.repeat(width - widthOf(name))}  ${lineOf(value)}\n`)
    .join('');
}

/** A value as words of one line. */
export function lineOf(value: unknown): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === 'string') return plain(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.map(lineOf).join(', ');
  return Object.entries(value)
    .map(([key, field]) => `${plain(key)}=${isPairs(field) ? `(${lineOf(field)})` : lineOf(field)}`)
    .join(' ');
}

const isPairs = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: string | number | undefined): string =>
  value === undefined || value === '' ? NOTHING : plain(String(value));

/** Cells of a terminal, as far as letters have one each. */
const widthOf = (text: string): number => Array.from(text).length;

/** Aborted when the reader of what is told has gone, as `head` does: whoever goes on telling ends then. */
export function untilReaderGoes(): AbortController {
  const end = new AbortController();
  process.stdout.once('error', () => end.abort());
  return end;
}

/** A person reads it as it comes. */
export const isTerminal = (): boolean => isatty(1);
