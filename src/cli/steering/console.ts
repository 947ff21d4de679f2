import { isatty } from 'node:tty';
import type { AttachedConsole } from '../../control/client.ts';
import type { ConsoleState } from '../../control/answers.ts';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import { EscapeKeys, type Escape } from './escape.ts';
import type { Flags } from './flags.ts';
import { tell, write } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface ConsoleFlags extends Flags {
  readonly history?: boolean;
}

export const CONSOLE_VERBS = ['attach', 'history', 'write', 'break'] as const;
const HELP = [
  '~.  leave the console',
  '~B  send a break',
  '~?  this help',
  '~^Z suspend',
  '~~  a tilde',
  'Each at the beginning of a line.',
];

/** The serial console of a BMC's machine, on this terminal or through pipes. */
export async function console(words: readonly string[], flags: ConsoleFlags): Promise<ExitCode> {
  const { bmc, verb, rest } = wordsOf(words, CONSOLE_VERBS, 'attach');
  const [typed = ''] = verb === 'write' ? all(rest, 'TEXT') : only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  if (verb === 'history') {
    await write(await control.get<string>(pathOf(name, '/console/history')));
    return EXIT.done;
  }
  if (verb === 'write') {
    const text = charactersOf(typed);
    const { taken } = await control.post<{ taken: number }>(pathOf(name, '/console/write'), { text });
    await tell(flags, { bmc: name, taken }, () => `${name}: ${taken} byte(s) typed`);
    return EXIT.done;
  }
  if (verb === 'break') {
    await control.post(pathOf(name, '/console/break'));
    await tell(flags, { bmc: name, sent: 'break' }, () => `${name}: a break is sent`);
    return EXIT.done;
  }
  const { available } = await control.get<ConsoleState>(pathOf(name, '/console'));
  const attached = await control.attach(name, { history: flags.history ?? false });
  const isTerminal = isatty(0);
  if (isTerminal)
    process.stderr.write(`${name}: ${available ? '' : 'off or away for now; '}~. leaves, ~? helps\r\n`);
  const sendBreak = (): Promise<unknown> => control.post(pathOf(name, '/console/break'));
  const isOurs = await joined(attached, { isTerminal, sendBreak });
  if (isTerminal) process.stderr.write(`\r\n${name}: ${isOurs ? 'left' : 'the daemon has closed it'}\r\n`);
  if (isOurs) return EXIT.done;
  throw new CliError('the console was closed', { exit: EXIT.failed });
}

const CHARACTERS: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', e: '\x1b', '\\': '\\' };

/** What a shell cannot easily write, as printf has it. */
const charactersOf = (text: string): string =>
  text.replaceAll(/\\(?:x([\da-f]{2})|([rnte\\]))/gi, (_all, hex?: string, letter = '') =>
    hex === undefined ? (CHARACTERS[String(letter)] ?? '') : String.fromCharCode(parseInt(hex, 16)),
  );

interface Joint {
  readonly isTerminal: boolean;
  readonly sendBreak: () => Promise<unknown>;
}

/** Keys to the machine and what it says here, until either ends; true: we have left. */
async function joined(attached: AttachedConsole, { isTerminal, sendBreak }: Joint): Promise<boolean> {
  const keys = new EscapeKeys();
  let hasLeft = false;
  const leave = (): void => {
    hasLeft = true;
    attached.close();
  };
  const on: Readonly<Record<Escape, () => void>> = {
    close: leave,
    break: () => void sendBreak().catch((error: unknown) => process.stderr.write(`${String(error)}\r\n`)),
    help: () => void process.stderr.write(`\r\n${HELP.join('\r\n')}\r\n`),
    suspend: () => {
      setRaw(false);
      process.kill(process.pid, 'SIGTSTP');
    },
  };
  const setRaw = (yes: boolean): void => {
    if (isTerminal) process.stdin.setRawMode(yes);
  };
  const again = (): void => setRaw(true);
  const restore = (): void => setRaw(false);
  const type = (data: Buffer): void => {
    if (!isTerminal) return attached.write(data);
    for (const { text, escape } of keys.take(data.toString('latin1'))) {
      if (text !== '') attached.write(Buffer.from(text, 'latin1'));
      if (escape) on[escape]();
    }
  };
  // Whatever ends this process, the terminal is as it was.
  const ends = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  setRaw(true);
  process.on('exit', restore);
  process.on('SIGCONT', again);
  for (const signal of ends) process.on(signal, leave);
  process.stdin.on('data', type);
  // What a pipe has no more of was typed to its end: what the machine says to that comes yet.
  if (!isTerminal) process.stdin.on('end', () => setTimeout(leave, LAST_WORDS));
  try {
    for await (const bytes of attached) process.stdout.write(bytes);
  } catch (error) {
    if (!hasLeft) throw error;
  } finally {
    restore();
    process.off('exit', restore);
    process.off('SIGCONT', again);
    for (const signal of ends) process.off(signal, leave);
    process.stdin.off('data', type);
    process.stdin.pause();
  }
  return hasLeft;
}

/** Milliseconds that a machine has to answer the last of a pipe. */
const LAST_WORDS = 500;
