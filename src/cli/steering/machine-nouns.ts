import { noun, type Noun } from './noun.ts';

/** What one BMC and its machine do. */
export const MACHINE_NOUNS: readonly Noun[] = [
  noun({
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
