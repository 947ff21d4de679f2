import { hostname } from 'node:os';
import { inspect } from 'node:util';
import { EncodeError, errorCodeOf } from '../codec/index.ts';
import type { Log, LogFields } from '../state/setup.ts';
import { plain } from './output.ts';
import type { LogFormat, LogLevel } from './log-choices.ts';

export interface LogOptions {
  readonly format: LogFormat;
  /** Lines below it are left out. */
  readonly level: LogLevel;
  /** Takes a whole line, with its end. */
  readonly write: (line: string) => void;
  /** Wall time, milliseconds since 1970. */
  readonly now: () => number;
}

/** Numbers that readers of JSON logs know (bunyan's). */
const NUMBERS: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** The log of the process: a line of text with local time, or a JSON object, for each. */
export function makeLog({ format, level: least, write, now }: LogOptions): Log {
  const constant = { pid: process.pid, hostname: hostname(), name: 'ipmi-bmc' };
  const line = (level: LogLevel, message: string, fields?: LogFields, error?: unknown): void => {
    if (NUMBERS[level] < NUMBERS[least]) return;
    if (format === 'text')
      return write(`${localTime(now())} ${level.padEnd(5)} ${plain(message)}${errorText(error)}\n`);
    write(
      `${JSON.stringify({ level: NUMBERS[level], time: now(), ...constant, ...fields, ...errorFields(error), msg: message })}\n`,
    );
  };
  return {
    debug: (message, fields) => line('debug', message, fields),
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, error, fields) => line('error', message, fields, error),
  };
}

/** `2026-01-31 14:05:09.123`, where this process lives. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function errorText(error: unknown): string {
  if (error === undefined) return '';
  const { message, stack = '' } = asError(error);
  const frames = isBug(error) ? stack.split('\n').filter((frame) => /^\s+at /.test(frame)) : [];
  return [`: ${plain(message)}`, ...frames.map((frame) => `    ${plain(frame.trim())}`)].join('\n');
}

/** Anything can be thrown. */
const asError = (thrown: unknown): Pick<Error, 'name' | 'message' | 'stack'> =>
  thrown instanceof Error ? thrown : { name: typeof thrown, message: inspect(thrown) };

/**
 * What the system or a machine refused, or a handler on purpose, has a code and needs no stack. A value that
 * its field cannot hold is a bug.
 */
const isBug = (error: unknown): boolean =>
  !(error instanceof Error && 'code' in error) || error instanceof EncodeError;

function errorFields(error: unknown): object {
  if (error === undefined) return {};
  const { name, message, stack } = asError(error);
  return { err: { type: name, code: errorCodeOf(error), message, stack } };
}
