import type { EventFlags, TraceFlags } from './events.ts';
import { noun, type Noun } from './noun.ts';
import { collect, number, secondsOf } from './numbers.ts';
import type { RawFlags } from './raw.ts';
import type { TopFlags } from './top.ts';
import { only } from './words.ts';

/** What passes and what happens. */
export const WATCHING_NOUNS: readonly Noun[] = [
  noun<EventFlags>({
    name: 'events',
    summary: 'what has happened to the BMCs, and with -f what happens',
    usage: '',
    takes: 'nothing',
    options: (command) =>
      command
        .option('-f, --follow', 'go on as it happens')
        .option('--kind <kinds>', 'of these kinds, with commas between: power, session, sel, sensor ...')
        .option('--bmc <names>', 'of these BMCs, with commas between')
        .option('--last <count>', 'so many that were before (default: 10 with -f, else 1000)', number(1000)),
    examples: ['ipmi-bmc events --kind power,session', 'ipmi-bmc events -f --bmc node-1 --json'],
    async act(words, flags) {
      only(words, []);
      await (await import('./events.ts')).events(flags);
    },
  }),
  noun<TraceFlags>({
    name: 'trace',
    summary: 'requests with their answers as they pass, decoded, without secrets',
    usage: '[bmc...]',
    takes: 'bmcs',
    options: (command) =>
      command
        .option(
          '--filter <terms>',
          "'cmd=get-sdr user=admin cc!=0', or a text that the line has; may be said again, all have to fit",
          collect,
        )
        .option('--refused', 'those alone that are refused or dropped')
        .option('--count <n>', 'end after so many', number(1_000_000)),
    examples: [
      "ipmi-bmc trace node-1 --filter 'cmd=get-sel* cc!=0'",
      'ipmi-bmc trace node-1 --filter get-sel',
      'ipmi-bmc trace --refused --json',
    ],
    act: async (words, flags) => (await import('./events.ts')).trace(words, flags),
  }),
  noun<TopFlags>({
    name: 'top',
    summary: 'live view: sessions, rates, slowest commands, the SELs, refused log-ins; q ends it',
    usage: '[bmc...]',
    takes: 'bmcs',
    options: (command) =>
      command
        .option('--once', 'look once, as it is done where the output is no terminal')
        .option('--interval <seconds>', 'how often, 0.2 to 3600 (default: 2)', secondsOf(0.2, 3600)),
    examples: ['ipmi-bmc top', 'ipmi-bmc top node-1 --once --json'],
    act: async (words, flags) => (await import('./top.ts')).top(words, flags),
  }),
  noun<RawFlags>({
    name: 'raw',
    summary: 'any request, by numbers or by the name of its command; the answer is decoded',
    usage: '[bmc] <netfn> <cmd> [byte...] | <command> [field=value...]',
    options: (command) =>
      command
        .option('--channel <number>', 'as if it came by this channel (default: 15, the host)', number(15))
        .option('--privilege <level>', 'with this privilege (default: administrator)')
        .option('--user <name>', 'in the name of this user, at most with its rights')
        .option('--lun <lun>', 'to this LUN (default: 0)', number(3)),
    examples: [
      'ipmi-bmc raw node-1 0x06 0x01',
      'ipmi-bmc raw node-1 get-device-id --channel 1 --privilege user',
    ],
    act: async (words, flags) => (await import('./raw.ts')).raw(words, flags),
  }),
];
