import type { Command } from 'commander';
import type { ApplyFlags } from './changes.ts';
import type { ListFlags } from './fleet.ts';
import type { Flags } from './flags.ts';
import { noun, type Noun } from './noun.ts';
import { all, only } from './words.ts';

const changes = (): Promise<typeof import('./changes.ts')> => import('./changes.ts');

const asking = (command: Command): Command =>
  command.option('-y, --yes', 'do not ask; who is no terminal is not asked');

/** Which BMCs there are. */
export const FLEET_NOUNS: readonly Noun[] = [
  noun<ListFlags>({
    name: 'list',
    summary: 'the BMCs of the daemon',
    usage: '[part-of-a-name]',
    options: (command) =>
      command
        .option('-l, --selector <k=v>', 'with these labels; several with commas')
        .option('--power <state>', 'on or off')
        .option('--health <health>', 'ok, warning or critical')
        .option('--machine <state>', 'simulated, connected or away')
        .option('--state <state>', 'running, stopped or failed')
        .option('--origin <origin>', 'file, or added by command'),
    examples: ['ipmi-bmc list', "ipmi-bmc list 'node-*' --selector rack=7 -o wide"],
    async act(words, flags) {
      const [pattern] = only(words, ['[part-of-a-name]']);
      await (await import('./fleet.ts')).list(pattern, flags);
    },
  }),
  noun({
    name: 'show',
    summary: 'one BMC whole',
    examples: ['ipmi-bmc show node-1', 'ipmi-bmc show node-1 -o yaml'],
    async act(words, flags) {
      const [bmc] = only(words, ['[bmc]']);
      await (await import('./fleet.ts')).show(bmc, flags);
    },
  }),
  noun({
    name: 'status',
    summary: 'the daemon itself: version, since when, its file, how many BMCs',
    usage: '',
    takes: 'nothing',
    examples: ['ipmi-bmc status'],
    async act(words, flags) {
      only(words, []);
      await (await changes()).status(flags);
    },
  }),
  noun({
    name: 'shards',
    summary: 'the processes that share out the BMCs, where run has --workers',
    usage: '',
    takes: 'nothing',
    examples: ['ipmi-bmc shards'],
    async act(words, flags) {
      only(words, []);
      await (await import('./shards.ts')).shards(flags);
    },
  }),
  noun<Flags & { to: string }>({
    name: 'move',
    summary: 'a BMC to another one of them, with all that it has stored',
    options: (command) => command.requiredOption('--to <shard>', 'its number'),
    examples: ['ipmi-bmc move node-1 --to 1'],
    async act(words, flags) {
      const [bmc] = only(words, ['[bmc]']);
      await (await import('./shards.ts')).move(bmc, flags);
    },
  }),
  noun({
    name: 'add',
    summary: 'one more BMC, with settings as an entry of bmcs: in a file has them; - is standard input',
    usage: '<file>',
    takes: 'file',
    examples: ['ipmi-bmc add node-3.yaml', 'ipmi-bmc add - < node-3.yaml'],
    async act(words, flags) {
      const [file] = all(words, 'FILE');
      await (await changes()).add(file, flags);
    },
  }),
  noun({
    name: 'remove',
    summary: 'end BMCs for good; what they have stored stays',
    usage: '<bmc...>',
    takes: 'bmcs',
    examples: ['ipmi-bmc remove node-3'],
    act: async (words, flags) => (await changes()).remove(words, flags),
  }),
  noun({
    name: 'start',
    summary: 'run BMCs that were stopped',
    usage: '[bmc...]',
    takes: 'bmcs',
    examples: ['ipmi-bmc start node-2'],
    act: async (words, flags) => (await changes()).run('start', words, flags),
  }),
  noun({
    name: 'stop',
    summary: 'end BMCs until they are started again',
    usage: '[bmc...]',
    takes: 'bmcs',
    examples: ['ipmi-bmc stop node-2'],
    act: async (words, flags) => (await changes()).run('stop', words, flags),
  }),
  noun({
    name: 'restart',
    summary: 'end BMCs and run them again; nobody else notices',
    usage: '[bmc...]',
    takes: 'bmcs',
    examples: ['ipmi-bmc restart node-2'],
    act: async (words, flags) => (await changes()).run('restart', words, flags),
  }),
  noun({
    name: 'diff',
    summary: 'what apply, or without a file reload, would do; exit code 1 if anything',
    usage: '[file]',
    takes: 'file',
    examples: ['ipmi-bmc diff rack.yaml'],
    async act(words, flags) {
      const [file] = only(words, ['[file]']);
      return (await changes()).diff(file, flags);
    },
  }),
  noun<ApplyFlags>({
    name: 'apply',
    summary: 'make the fleet what a file says; BMCs that do not differ notice nothing',
    usage: '<file>',
    takes: 'file',
    options: asking,
    examples: ['ipmi-bmc apply rack.yaml', 'ipmi-bmc apply rack.yaml --yes'],
    async act(words, flags) {
      const [file] = all(words, 'FILE');
      return (await changes()).apply(file, flags);
    },
  }),
  noun<ApplyFlags>({
    name: 'reload',
    summary: "read the daemon's file again, as SIGHUP does",
    usage: '',
    takes: 'nothing',
    options: asking,
    examples: ['ipmi-bmc reload --yes'],
    async act(words, flags) {
      only(words, []);
      return (await changes()).apply(undefined, flags);
    },
  }),
];
