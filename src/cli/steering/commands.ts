import type { Command } from 'commander';
import type { Ended } from '../ended.ts';
import type { Flags } from './flags.ts';
import type { ListFlags } from './fleet.ts';
import { declare, noun, type Noun } from './noun.ts';
import { only } from './words.ts';

/** What a daemon is asked for. Declarations alone: what a command does is loaded when it is given. */
export const NOUNS: readonly Noun[] = [
  noun<ListFlags>({
    name: 'list',
    summary: 'the BMCs of the daemon',
    usage: '[part-of-a-name]',
    options: (command) =>
      command
        .option('-l, --selector <k=v>', 'with these labels; several with commas')
        .option('--power <state>', 'on or off')
        .option('--health <health>', 'ok, warning or critical')
        .option('--machine <state>', 'simulated, connected or away'),
    examples: ['ipmi-bmc list', "ipmi-bmc list 'node-*' --selector rack=7 -o wide"],
    async act(words, flags) {
      const [pattern] = only(words, ['[part-of-a-name]']);
      await (await import('./fleet.ts')).list(pattern, flags);
    },
  }),
  noun<Flags>({
    name: 'show',
    summary: 'one BMC whole',
    examples: ['ipmi-bmc show node-1', 'ipmi-bmc show node-1 -o yaml'],
    async act(words, flags) {
      const [bmc] = only(words, ['[bmc]']);
      await (await import('./fleet.ts')).show(bmc, flags);
    },
  }),
  noun<Flags>({
    name: 'power',
    summary: 'whether a machine has power, and switching it',
    usage: '[bmc] [verb]',
    verbs: [
      ['status', 'whether it has power'],
      ['on', 'power up'],
      ['off', 'power down at once'],
      ['cycle', 'off, and on again'],
      ['reset', 'a hard reset'],
      ['soft', 'ask the operating system to shut down'],
      ['diag', 'a diagnostic interrupt (NMI)'],
    ],
    examples: ['ipmi-bmc power node-1', 'ipmi-bmc power node-1 reset'],
    act: async (words, flags) => (await import('./power.ts')).power(words, flags),
  }),
];

export function steeringCommands(program: Command, ended: Ended): void {
  for (const one of NOUNS) declare(program, ended, one);
}
