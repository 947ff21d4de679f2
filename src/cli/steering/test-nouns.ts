import { InvalidArgumentError } from 'commander';
import { noun, type Noun } from './noun.ts';
import type { ExpectFlags } from './expect.ts';

/** A completion code of an option: two hexadecimal digits. Throws InvalidArgumentError. */
function completionCode(text: string): number {
  const [, digits] = /^(?:0x)?([\da-f]{2})h?$/i.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('expected a completion code, as C0h');
  return Number.parseInt(digits, 16);
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
      [
        'entry [sensor=NAME] [event=WORDS] [asserted=true]',
        'such an entry is in the event log, or comes in time',
      ],
      ['forget', 'what came until now: an expectation is about what comes'],
      ['report', 'what passed, as a text for whom a test has failed'],
    ],
    options: (command) =>
      command
        .option('--within <time>', 'how long it may take (default: 5s)')
        .option('--user <name>', 'whose request it is')
        .option('--cc <code>', 'of a request: answered with this completion code (C0h)', completionCode),
    examples: [
      "ipmi-bmc with -- sh -c 'ipmitool $IPMI_ARGS power on; ipmi-bmc expect request chassis-control action=on'",
      'ipmi-bmc expect request set-system-boot-options parameter=5 set.device=1',
    ],
    act: async (words, flags) => (await import('./expect.ts')).expect(words, flags),
  }),
];
