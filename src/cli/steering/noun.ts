import type { Command } from 'commander';
import type { Ended } from '../ended.ts';
import type { ExitCode } from '../exit-codes.ts';
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
    .action(async (words: string[], flags: Flags) => ended((await noun.act(words, flags)) ?? 0));
}

function verbsText(verbs: readonly VerbHelp[]): string {
  if (verbs.length === 0) return '';
  const width = Math.max(...verbs.map(([usage]) => usage.length));
  const lines = verbs.map(([usage, what]) => `  ${usage.padEnd(width)}  ${what}\n`);
  return `\nVerbs (the first where none is given; [bmc] may be left out where there is one):\n${lines.join('')}`;
}
