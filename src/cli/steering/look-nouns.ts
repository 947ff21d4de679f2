import type { Flags } from './flags.ts';
import { noun, type Noun } from './noun.ts';

/** Flags of `capture`. */
export interface LookFlags extends Flags {
  readonly write?: string;
  readonly for?: string;
}

/** Who looks on at a BMC that runs. */
export const LOOK_NOUNS: readonly Noun[] = [
  noun<LookFlags>({
    name: 'capture',
    summary: 'write what passes a BMC for Wireshark (pcapng), decrypted and explained, until Ctrl-C',
    options: (command) =>
      command
        .option('-w, --write <file>', 'where to; - is standard output')
        .option('--for <time>', 'end after so long: 30s, 5m'),
    examples: [
      'ipmi-bmc capture node-1 -w node-1.pcapng --for 30s',
      'ipmi-bmc capture -w - | tshark -o ipmi.dissect_bus_commands:TRUE -r -',
    ],
    act: async (words, flags) => (await import('./look.ts')).capture(words, flags),
  }),
];
