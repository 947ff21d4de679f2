import { open } from 'node:fs/promises';
import { millisecondsOf } from '../../settings/durations.ts';
import { CliError, systemProblem } from '../errors.ts';
import type { Flags } from './flags.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import { untilReaderGoes } from './tell.ts';
import { only } from './words.ts';

/** Flags of `capture` and `record`. */
export interface LookFlags extends Flags {
  readonly write?: string;
  readonly for?: string;
  /** Terms that all have to hold. */
  readonly filter?: string;
}

/** Writes what passes a BMC to a file for Wireshark, until it is told to end. */
export const capture = (words: readonly string[], flags: LookFlags): Promise<void> =>
  look('capture', words, flags);

/** Writes a tape of what a BMC is asked, until it is told to end. */
export const record = (words: readonly string[], flags: LookFlags): Promise<void> =>
  look('tape', words, flags);

async function look(kind: 'capture' | 'tape', words: readonly string[], flags: LookFlags): Promise<void> {
  const { write: path, filter } = flags;
  if (path === undefined)
    throw new CliError('-w FILE is missing: where to write it, or - for standard output');
  const ended = AbortSignal.any([endOf(flags), untilReaderGoes().signal]);
  const [bmc] = only(words, ['BMC']);
  const control = daemonOf(flags);
  const from = pathOf(await bmcNamed(control, bmc), `/${kind}${queryOf({ filter })}`);
  const stream = await control.open(from, { signal: ended });
  if (path === '-') {
    await each(stream, ended, (bytes) => void process.stdout.write(bytes));
    return;
  }
  // Who may not ask the daemon for it may not read it here.
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    throw new CliError(systemProblem(error, path) ?? String(error), { cause: error });
  });
  try {
    await each(stream, ended, (bytes) => file.write(bytes));
  } finally {
    await file.close();
  }
}

/** Milliseconds in which what has passed already arrives: a daemon gathers for 100. */
const ON_ITS_WAY = 250;

/** When it is over: after so long, or with Ctrl-C. Throws CliError for what is no time. */
function endOf({ for: time }: LookFlags): AbortSignal {
  const ended = new AbortController();
  const end = (): void => {
    // A second time: at once.
    process.once('SIGINT', () => ended.abort());
    setTimeout(() => ended.abort(), ON_ITS_WAY);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  if (time === undefined) return ended.signal;
  const ms = millisecondsOf(time);
  if (ms === undefined || ms === 0) throw new CliError(`--for: '${time}' is no time, such as 30s or 5m`);
  setTimeout(end, ms).unref();
  return ended.signal;
}

/** What comes until then. */
async function each(
  stream: AsyncIterable<Uint8Array>,
  ended: AbortSignal,
  take: (bytes: Uint8Array) => unknown,
): Promise<void> {
  try {
    for await (const bytes of stream) await take(bytes);
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}
