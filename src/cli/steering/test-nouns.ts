import { noun, type Noun } from './noun.ts';
import type { Flags } from './flags.ts';

/** Flags of `expect`. */
export interface ExpectFlags extends Flags {
  readonly within?: string;
  readonly user?: string;
}

/** What tests ask of processes of `ipmi-bmc with`. */
export const TEST_NOUNS: readonly Noun[] = [
  noun<ExpectFlags>({
    name: 'expect',
    summary: 'what a test expects of those who ask a BMC; exit code 1 with what came instead',
    usage: '[bmc] verb [words]',
    verbs: [
      ['requests', 'what came, a line each'],
      ['request COMMAND [FIELD=VALUE ...]', 'such a request came, or comes in time'],
      ['nothing-else [COMMAND ...]', 'nothing else came, but to log in and out, and such commands'],
      ['entry [sensor=NAME] [event=WORDS]', 'such an entry is in the event log, or comes in time'],
    ],
    options: (command) =>
      command
        .option('--within <time>', 'how long it may take (default: 5s)')
        .option('--user <name>', 'whose request it is'),
    examples: [
      "ipmi-bmc with -- sh -c 'ipmitool $IPMI_ARGS power on; ipmi-bmc expect request chassis-control action=on'",
    ],
    act: async (words, flags) => (await import('./expect.ts')).expect(words, flags),
  }),
];
