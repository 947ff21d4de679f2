import type { Command } from 'commander';
import type { LookFlags } from './look.ts';
import { noun, type Noun } from './noun.ts';

const lookOptions = (command: Command): Command =>
  command
    .option('-w, --write <file>', 'where to; - is standard output')
    .option('--filter <terms>', "what fits alone, as of --trace-filter: 'cmd=get-sdr user=admin cc!=0'")
    .option('--for <time>', 'end after so long: 30s, 5m');

/** Who looks on at a BMC that runs. */
export const LOOK_NOUNS: readonly Noun[] = [
  noun<LookFlags>({
    name: 'capture',
    summary: 'write what passes a BMC for Wireshark (pcapng), decrypted and explained, until Ctrl-C',
    options: lookOptions,
    examples: [
      'ipmi-bmc capture node-1 -w node-1.pcapng --for 30s',
      "ipmi-bmc capture node-1 -w refused.pcapng --filter 'user=admin cc!=0'",
      'ipmi-bmc capture -w - | tshark -o ipmi.dissect_bus_commands:TRUE -r -',
    ],
    act: async (words, flags) => (await import('./look.ts')).capture(words, flags),
  }),
  noun<LookFlags>({
    name: 'record',
    summary: 'write what a BMC is asked and answers as a tape that can be replayed, until Ctrl-C',
    options: lookOptions,
    examples: [
      'ipmi-bmc record node-1 -w node-1.tape --for 30s',
      "ipmi-bmc record node-1 -w sel.tape --filter 'netfn=0x0a'",
    ],
    act: async (words, flags) => (await import('./look.ts')).record(words, flags),
  }),
];
