import type { FaultFlags } from './fault.ts';
import { noun, type Noun } from './noun.ts';
import { collect, number } from './numbers.ts';
import type { ClockFlags } from './trouble.ts';

const trouble = (): Promise<typeof import('./trouble.ts')> => import('./trouble.ts');

/** What goes wrong on purpose, and time. */
export const TROUBLE_NOUNS: readonly Noun[] = [
  noun<FaultFlags>({
    name: 'fault',
    summary: 'what goes wrong on purpose (docs/faults.md)',
    usage: '[bmc] [verb] [word]',
    verbs: [
      ['list', 'rules with their hits'],
      ['show ID', 'one of them'],
      ['presets', 'stories that can be armed: what is seen, and what a monitor should find'],
      ['arm PRESET', 'arm a story'],
      ['add --then K=V ...', 'one more rule, by options'],
      ['add FILE', 'one more rule, as an entry of rules: has it; - is standard input'],
      ['remove ID', 'a rule, or all of a story'],
      ['clear', 'the BMC is well again'],
    ],
    options: (command) =>
      command
        .option('--all', 'of every BMC that runs')
        .option('-l, --selector <k=v>', 'of those with these labels; several with commas')
        .option('--when <key=value>', 'add: what has to be so; may be said again, all have to be', collect)
        .option('--then <key=value>', 'add: what happens then; may be said again', collect)
        .option('--id <id>', 'add: what log, trace and events call it')
        .option('--times <count>', 'add: so often, and it is gone', number(1_000_000_000, 1))
        .option('--chance <share>', 'add: 0.3 or 30% of the times it could')
        .option('--after <time>', 'add: it begins so late, as 10m')
        .option('--for <time>', 'add: it lasts so long, as 30s'),
    examples: [
      'ipmi-bmc fault node-1 arm overloaded',
      'ipmi-bmc fault node-1 add --when command=get-sdr --then complete=C0h --times 3',
    ],
    act: async (words, flags) => (await import('./fault.ts')).fault(words, flags),
  }),
  noun({
    name: 'scenario',
    summary: 'what happens to a machine by and by (docs/faults.md)',
    usage: '[bmc] [verb] [word]',
    verbs: [
      ['list', 'those of the settings, those under way, how others ended'],
      ['run NAME', 'begin one of the settings'],
      ['arm NAME', 'begin it with the next request'],
      ['play FILE', 'begin one of a file: name: and steps:'],
      ['stop NAME', 'end it; what it has brought about is taken back'],
    ],
    examples: ['ipmi-bmc scenario node-1 run warm', 'ipmi-bmc scenario node-1'],
    act: async (words, flags) => (await trouble()).scenario(words, flags),
  }),
  noun<ClockFlags>({
    name: 'clock',
    summary: 'the time of a BMC: real, fast or virtual',
    usage: '[bmc] [verb] [time]',
    verbs: [
      ['show', 'what time it is'],
      ['advance TIME', 'move a virtual clock, as 10m or 30s; next: as far as the next timer'],
    ],
    options: (command) => command.option('--all', 'with advance TIME: of every BMC whose clock is virtual'),
    examples: ['ipmi-bmc clock node-1', 'ipmi-bmc clock node-1 advance 10m'],
    act: async (words, flags) => (await trouble()).clock(words, flags),
  }),
];
