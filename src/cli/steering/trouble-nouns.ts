import { noun, type Noun } from './noun.ts';

const trouble = (): Promise<typeof import('./trouble.ts')> => import('./trouble.ts');

/** What goes wrong on purpose, and time. */
export const TROUBLE_NOUNS: readonly Noun[] = [
  noun({
    name: 'fault',
    summary: 'what goes wrong on purpose (docs/faults.md)',
    usage: '[bmc] [verb] [word]',
    verbs: [
      ['list', 'rules with their hits'],
      ['presets', 'stories that can be armed'],
      ['arm PRESET', 'arm a story'],
      ['add FILE', 'one more rule, as an entry of rules: has it; - is standard input'],
      ['remove ID', 'a rule, or all of a story'],
      ['clear', 'the BMC is well again'],
    ],
    examples: ['ipmi-bmc fault node-1 arm overloaded', 'ipmi-bmc fault node-1'],
    act: async (words, flags) => (await trouble()).fault(words, flags),
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
  noun({
    name: 'clock',
    summary: 'the time of a BMC: real, fast or virtual',
    usage: '[bmc] [verb] [time]',
    verbs: [
      ['show', 'what time it is'],
      ['advance TIME', 'move a virtual clock, as 10m or 30s; next: as far as the next timer'],
    ],
    examples: ['ipmi-bmc clock node-1', 'ipmi-bmc clock node-1 advance 10m'],
    act: async (words, flags) => (await trouble()).clock(words, flags),
  }),
];
