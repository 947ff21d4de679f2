import { InvalidArgumentError, Option, type Command } from 'commander';
import { endpoint } from './endpoint.ts';
import { withCandidates } from './explain-commands.ts';

/** Loaded where they are asked for. */
const tapes = (): Promise<typeof import('./tape.ts')> => import('./tape.ts');

/** `replay`, `serve` and `tape`; `done` takes the exit code. */
export function tapeCommands(program: Command, done: (code: number) => void): void {
  comparing(program.command('replay').argument('<tape>', 'what run --record or tape import wrote'))
    .description(
      'ask a BMC what a tape has, and say what it answers otherwise; exit code 1 if something differs',
    )
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc replay bmc.tape --to 127.0.0.1:9623 -U admin -P PASSWORD --ignore get-sel-info.free',
    )
    .action(async (tape: string, options) =>
      done(await (await import('./replay.ts')).replayFile(tape, options)),
    );
  program
    .command('serve')
    .argument('<tape>', 'what run --record or tape import wrote')
    .option('--lan <host:port>', 'serve LAN here; port 0 lets the system choose', endpoint, '127.0.0.1:9623')
    .option(
      '-P, --password <password>',
      'of every user of the tape (default: random ones, which are printed)',
    )
    .addOption(
      new Option(
        '--extra <what>',
        'what becomes of a request that the tape does not have: C1h, or an answer of our own',
      )
        .choices(['refuse', 'pass'])
        .default('refuse'),
    )
    .option('--json', 'print the ready line and the log as JSON')
    .option('--trace', 'print each message: who, what, the outcome, microseconds')
    .option('--ready-file <path>', 'write the ready line there when it listens')
    .description('be the BMC of a tape: the n-th same request gets the n-th answer, then the last one')
    .addHelpText('after', '\nExample:\n  ipmi-bmc serve bmc.tape --lan 127.0.0.1:9623 -P PASSWORD')
    .action(async (tape: string, options) =>
      done(await (await import('./serve.ts')).serveTape(tape, options)),
    );
  fileCommands(program, done);
}

/** What works on tapes as files. */
function fileCommands(program: Command, done: (code: number) => void): void {
  const tape = program
    .command('tape')
    .description('look at tapes, make them from captures, cut them down')
    .addHelpText('after', '\nExample:\n  ipmi-bmc tape show bmc.tape');
  tape
    .command('show')
    .argument('<tape>', 'a tape')
    .description('a line for each entry: when, who, what, how it ended')
    .addHelpText('after', '\nExample:\n  ipmi-bmc tape show bmc.tape')
    .action(async (file: string) => done((await tapes()).showTape(file)));
  withCandidates(tape.command('import'))
    .argument('<capture>', 'pcapng or pcap, from anywhere')
    .option('-o, --output <tape>', 'where to write it (default: CAPTURE.tape)')
    .option(
      '--bmc <bmc>',
      'which one, where the capture has several: ADDRESS:PORT, or its name in captures of ours',
    )
    .description('make a tape of a capture of whole sessions')
    .addHelpText('after', '\nExample:\n  ipmi-bmc tape import session.pcapng -P PASSWORD -o session.tape')
    .action(async (file: string, options) => done(await (await tapes()).importTape(file, options)));
  comparing(tape.command('shrink').argument('<tape>', 'a tape that differs'))
    .option('-o, --output <tape>', 'where to write it (default: TAPE.small)')
    .option('--tries <count>', 'give up after so many replays', number(100_000), 500)
    .description('cut a tape to the fewest requests that still show its first difference')
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc tape shrink bmc.tape --to 127.0.0.1:9623 -U admin -P PASSWORD -o small.tape',
    )
    .action(async (file: string, options) => done(await (await tapes()).shrinkTape(file, options)));
}

const comparing = (command: Command): Command =>
  command
    .requiredOption('--to <address>', "HOST[:PORT] of the BMC's LAN interface, or the path of its VM socket")
    .option('-U, --user <name>', 'who, by LAN')
    .option('-P, --password <password>', 'default: IPMI_PASSWORD of the environment')
    .option('--password-file <file>', 'a file whose one line is the password')
    .option('--kg <key>', "the BMC's second key: text, or 0x and hexadecimal digits")
    .option('--kg-file <file>', 'a file whose one line is such a key')
    .option('-E', 'the password is in IPMI_PASSWORD, as without -P')
    .option('-C, --cipher <suite>', 'cipher suite of the session (default: 17)', number(255))
    .option('--ignore <name>', 'get-sel-info.free, get-sel-info or *.timestamp; may be said again', collect)
    .option('--ignore-from <file>', 'a file of such names, one a line')
    .option('--strict', 'clocks, counters and readings count, too')
    .option('--read-only', 'send nothing that changes something')
    .option('--json', 'print the result as JSON');

const collect = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

const number =
  (most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > most)
      throw new InvalidArgumentError(`expected a whole number of 0 to ${most}`);
    return value;
  };
