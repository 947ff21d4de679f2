import type { Command } from 'commander';
import type { FleetStatus } from '../../control/answers.ts';
import type { Ended } from '../ended.ts';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { version } from '../version.ts';
import { daemonOptions, type Flags } from './flags.ts';

/** What stands behind a verb, and what it does. */
export type VerbHelp = readonly [usage: string, what: string];

/** A command that a daemon carries out. */
export interface Noun<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  /** What may stand behind the name. Default: `[bmc]`. */
  readonly usage?: string;
  /** What the words are, for completion. Default: a BMC and a verb. */
  readonly takes?: 'file' | 'bmcs' | 'nothing';
  /** The first is done where none is given. Default: it has none. */
  readonly verbs?: readonly VerbHelp[];
  readonly options?: (command: Command) => Command;
  readonly examples: readonly string[];
  /** Does it; loads what it needs. The result is the exit code, 0 if there is none. */
  act(words: readonly string[], flags: F): Promise<ExitCode | undefined | void>;
}

/** For its types. */
export const noun = <F extends Flags>(declared: Noun<F>): Noun => declared;

/** Makes a command of it. */
export function declare(program: Command, ended: Ended, noun: Noun): void {
  const { name, summary, usage = '[bmc]', verbs = [], options, examples } = noun;
  const command = program
    .command(name)
    .argument('[words...]')
    .usage(`[options] ${usage}`.trim())
    .description(summary)
    // The usage and the verbs tell of them.
    .configureHelp({ visibleArguments: () => [] });
  options?.(command);
  daemonOptions(command)
    .addHelpText(
      'after',
      `${verbsText(verbs)}\nExample:\n${examples.map((example) => `  ${example}`).join('\n')}`,
    )
    .action(async (words: string[], flags: Flags) => {
      // A variable of a script that is not set: nothing is done to what it did not mean.
      if (words.includes('')) throw new CliError('a word is empty; expected a name or a value');
      ended((await acted(noun, words, flags)) ?? 0);
    });
}

/**
 * What answers in another form than its routes do is another program, or one of another version. Where it is
 * neither, the mistake is our own, and is thrown as it is.
 */
async function acted(noun: Noun, words: readonly string[], flags: Flags) {
  try {
    return await noun.act(words, flags);
  } catch (error) {
    if (!(error instanceof TypeError) || 'code' in error || !(await isAnother(flags))) throw error;
    const told = `what it answers is not what '${noun.name}' expects (${error.message}): is it an ipmi-bmc of this version that listens there?`;
    throw new CliError(told, { cause: error, exit: EXIT.failed });
  }
}

/** Whether somebody answers there who is no ipmi-bmc of this version. */
async function isAnother(flags: Flags): Promise<boolean> {
  const { daemonOf } = await import('./daemon.ts');
  try {
    const status = await daemonOf(flags).get<Partial<FleetStatus> | null | undefined>('/v1/fleet');
    return status?.version !== version;
  } catch (error) {
    const isNobodyThere = error instanceof CliError || (error as NodeJS.ErrnoException).syscall === 'connect';
    return !isNobodyThere;
  }
}

function verbsText(verbs: readonly VerbHelp[]): string {
  if (verbs.length === 0) return '';
  const width = Math.max(...verbs.map(([usage]) => usage.length));
  const lines = verbs.map(([usage, meaning]) => `  ${usage.padEnd(width)}  ${meaning}\n`);
  return `\nVerbs (the first where none is given; [bmc] may be left out where there is one):\n${lines.join('')}`;
}
