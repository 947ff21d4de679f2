import { InvalidArgumentError, Option, type Command } from 'commander';
import { udpEngines } from '../world/udp-engine.ts';
import type { Ended } from './ended.ts';
import { endpoint } from './endpoint.ts';
import { CliError } from './errors.ts';
import { LOG_FORMATS, LOG_LEVELS } from './log-choices.ts';
import { PLUGIN } from './plugin-option.ts';
import { FORMATS } from './steering/flags.ts';

/**
 * What works on files, or is the process of BMCs itself. Declarations alone: what a command does is loaded
 * when it is given, so that none waits for what others need.
 */
export function localCommands(program: Command, ended: Ended): void {
  runCommand(program, ended);
  fileCommands(program, ended);
  socketCommands(program, ended);
  schemaCommand(program);
  stateCommands(program, ended);
  initCommand(program);
}

const SIGNALS = `
Signals:
  TERM, INT  end; machines with keep: true go on
  QUIT       end, and those machines too
  HUP        read the file again
  USR1       counters, into the log
  USR2       begin the audit log anew, after it was moved away
`;

/** Serves BMCs until it is told to stop. */
function runCommand(program: Command, ended: Ended): void {
  program
    .command('run')
    .argument('[file]', 'YAML file of one or many BMCs; without it a two-socket server')
    .option(
      '--lan <host:port>',
      'serve LAN here instead of where the file says; port 0 lets the system choose',
      endpoint,
    )
    .option('--handler-socket <path>', 'let other processes register handlers on this Unix socket')
    .option(
      '--bt-socket <path>',
      'let one other process be the default handler, with BT frames on this Unix socket',
    )
    .option(
      '--vm-socket <path>',
      "be the BMC of a virtual machine: QEMU's ipmi-bmc-extern connects to this Unix socket",
    )
    .option(...PLUGIN)
    .option('--state <dir>', 'keep what clients change in this directory; without it everything is in memory')
    .option(
      '--seal-key <file>',
      'encrypt the secrets in the state directory with this key (else IPMI_BMC_SEAL_KEY)',
    )
    .option(
      '--control <path>',
      'be steered by this Unix socket (default: control.sock in the state directory, else below /run or $XDG_RUNTIME_DIR)',
    )
    .option('--no-control', 'be steered by nobody')
    .option('--json', 'print the ready line and the log as JSON')
    .addOption(
      new Option(
        '--log-format <format>',
        'how log lines look on standard error (default: text; json with --json)',
      ).choices(LOG_FORMATS),
    )
    .addOption(
      new Option('--log-level <level>', 'leave out lines below it').choices(LOG_LEVELS).default('info'),
    )
    .option('--trace', 'print each message: when, who, what, the outcome, by whose handler, microseconds')
    .option(
      '--trace-filter <terms>',
      "print only what fits all of them, as in 'cmd=get-sdr user=admin cc!=0'",
    )
    .option('--pcap <file>', 'write what passes to this file for Wireshark (pcapng), decrypted and explained')
    .option('--audit <file>', 'append who changed what to this file, a JSON line each (- for standard error)')
    .option('--pcap-size <MiB>', 'the file becomes FILE.1 after so many (default: 100)', mebibytes)
    .option(
      '--pcap-on <what>',
      'write only what passed last when something goes wrong: refused, dropped, late, fault, or a completion code (refused,ffh)',
    )
    .option('--pcap-filter <terms>', "write only what fits all of them, as in 'cmd=get-sdr user=admin cc!=0'")
    .option('--pcap-profile <dir>', 'write a settings folder for Wireshark there')
    .option('--keys', 'leave passwords and keys in what --pcap writes')
    .option('--record <file>', 'write requests and answers to this tape, for replay and serve')
    .option('--record-size <MiB>', 'the tape becomes FILE.1 after so many (default: 100)', mebibytes)
    .addOption(
      new Option(
        '--engine <engine>',
        'how datagrams of IPv4 come and go: batch, many in one call (Linux, package koffi), or dgram, one by one (default: batch where it works)',
      )
        .choices(udpEngines)
        .env('IPMI_BMC_ENGINE'),
    )
    .option('--workers <count>', 'share out the BMCs over so many processes (docs/fleet.md)', workers)
    .option('--ready-file <path>', 'write the ready line there when every interface listens')
    .option('--cluster <urls>', 'be a host of the cluster at nats://host:port, a comma between several')
    .option('--host <name>', "with --cluster: this host's name there (default: the machine's)")
    .description('run until SIGTERM or SIGINT')
    .addHelpText(
      'after',
      `${SIGNALS}\nExample:\n  ipmi-bmc run --lan 127.0.0.1:9623\n  ipmi-bmc run rack.yaml --json`,
    )
    .action(async (file: string | undefined, options) =>
      ended(await (await import('./run.ts')).run(file, options)),
    );
}

/** What looks at a file. */
function fileCommands(program: Command, ended: Ended): void {
  program
    .command('check')
    .argument('<file>', 'YAML file')
    .option('--json', 'print the problems as JSON')
    .option(...PLUGIN)
    .option('--verbose', "show each sensor's range and the step of its readings")
    .description('say what is wrong with a config file')
    .addHelpText('after', '\nExample:\n  ipmi-bmc check rack.yaml')
    .action(async (file: string, options) =>
      ended(await (await import('./check.ts')).checkFile(file, options)),
    );
  program
    .command('handlers')
    .argument('[file]', 'YAML file; without it the default server')
    .option('--json', 'print them as JSON, a line a BMC')
    .option(...PLUGIN)
    .option('--running [bmc]', 'of a BMC that runs, with its workers and overrides')
    .option('--owner <owner>', 'with --running: those of this owner alone')
    .option('--name <part>', 'with --running: those whose name has this')
    .option('--socket <path>', 'with --running: the daemon at this Unix socket')
    .option('--url <url>', 'with --running: the daemon at this address')
    .option('--token-file <file>', 'with --url: a file with your token')
    .option('--ca <file>', 'with --url: who has signed its certificate (PEM)')
    .addOption(new Option('-o, --output <format>', 'with --running: how it is printed').choices(FORMATS))
    .description('list every command that is answered, by whom, and at which privilege')
    .addHelpText('after', '\nExample:\n  ipmi-bmc handlers rack.yaml\n  ipmi-bmc handlers --running node-1')
    .action(async (file: string | undefined, options) => {
      const { running, owner, name: part, socket, url, output } = options;
      const asksDaemon = [owner, part, socket, url, output].some((option) => option !== undefined);
      if (running === undefined && asksDaemon)
        throw new CliError('--owner, --name, --socket, --url and -o are for --running');
      if (running !== undefined && file !== undefined)
        throw new CliError(`${file}: a file, or --running, not both`);
      if (running === undefined)
        return ended(await (await import('./handlers.ts')).listHandlers(file, options));
      const name = running === true ? undefined : String(running);
      await (await import('./steering/machine.ts')).runningHandlers(name, options);
    });
}

/** What talks to a BMC that runs, by its handler socket. */
function socketCommands(program: Command, ended: Ended): void {
  program
    .command('worker')
    .argument('[socket]', "the BMC's handler socket; with --cluster there is none")
    .argument('[command...]', 'a program that reads and writes lines of JSON; put -- before it')
    .option('--cluster <urls>', 'for the BMCs of the cluster at nats://host:port, a comma between several')
    .option('--config <file>', 'the cluster of this file, with its user and files')
    .option('--shared', 'with --cluster: others that claim the same share the requests')
    .option('--bmcs <names>', 'with --cluster: for these BMCs alone; * for any text, a comma between several')
    .option('--label <key=value...>', 'with --cluster: for BMCs that have these labels')
    .description(
      "join a program's standard input and output to a handler socket, for languages without Unix sockets; or to a cluster",
    )
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc worker /run/bmc/handlers.sock -- ./handler.sh\n' +
        '  ipmi-bmc worker --cluster nats://10.0.0.1:4222 --shared -- ./handler.sh',
    )
    .action(async (socket: string | undefined, command: string[], options) => {
      const isCluster = options.cluster !== undefined || options.config !== undefined;
      if (!isCluster && (options.shared || options.bmcs !== undefined || options.label !== undefined))
        throw new CliError('--shared, --bmcs and --label are for --cluster');
      if (socket === undefined || (!isCluster && command.length === 0))
        throw new CliError(
          'which program? ipmi-bmc worker SOCKET -- PROGRAM, or worker --cluster URL -- PROGRAM',
        );
      ended(
        isCluster
          ? await (await import('./bus-worker.ts')).busWorker([socket, ...command], options)
          : await (await import('./worker.ts')).worker(socket, command),
      );
    });
  program
    .command('press')
    .argument('<socket>', "the BMC's handler socket")
    .argument('<button>', 'power, reset, nmi or sleep')
    .description('press a button of the front panel; exit code 1 if it is disabled or means nothing now')
    .addHelpText('after', '\nExample:\n  ipmi-bmc press /run/bmc/handlers.sock reset')
    .action(async (socket: string, button: string) =>
      ended(await (await import('./press.ts')).press(socket, button)),
    );
}

/** For editors. */
function schemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the JSON schema of config files, for editors that complete and check them')
    .option(...PLUGIN)
    .addHelpText('after', '\nExample:\n  ipmi-bmc schema > bmc.schema.json')
    .action(async ({ plugin }: { plugin?: readonly string[] }) => {
      process.stdout.write(await (await import('./schema.ts')).schemaText(plugin));
    });
}

/** A file to begin with. */
function initCommand(program: Command): void {
  program
    .command('init')
    .argument('[file]', 'where to write it', 'bmc.yaml')
    .description('write a commented sample config; never over a file that is there')
    .addHelpText('after', '\nExample:\n  ipmi-bmc init rack.yaml')
    .action(async (file: string) => (await import('./init.ts')).init(file));
}

/** More processes than this have no processors. */
const MOST_WORKERS = 256;

function workers(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_WORKERS)
    throw new InvalidArgumentError(`a whole number of 1 to ${MOST_WORKERS}`);
  return value;
}

function mebibytes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError('a whole number of 1 to 1000000');
  return value;
}

function stateCommands(program: Command, done: (code: number) => void): void {
  const state = program
    .command('state')
    .description('look at, check, save and restore what `run --state` keeps')
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc state show ./state bmc.yaml\n  ipmi-bmc state export ./state --secrets > backup.jsonl',
    );
  const sealKey = ['--seal-key <file>', 'the key of sealed secrets (else IPMI_BMC_SEAL_KEY)'] as const;
  state
    .command('show')
    .argument('<dir>', 'state directory; a BMC may be using it')
    .argument('[file]', 'the config file, to see which of its settings still hold')
    .option('--bmc <name>', 'this BMC alone')
    .option(...PLUGIN)
    .option('--json', 'print as JSON')
    .option(...sealKey)
    .description('every value that a client changed; secrets are not shown')
    .addHelpText('after', '\nExample:\n  ipmi-bmc state show ./state bmc.yaml')
    .action(async (dir: string, file: string | undefined, options) =>
      done(await (await import('./state.ts')).showState(dir, file, options)),
    );
  state
    .command('verify')
    .argument('<dir>', 'state directory')
    .option('--json', 'print as JSON')
    .option(...sealKey)
    .description('read everything; exit code 1 if something is damaged')
    .addHelpText('after', '\nExample:\n  ipmi-bmc state verify ./state')
    .action(async (dir: string, options) =>
      done(await (await import('./state.ts')).verifyState(dir, options)),
    );
  state
    .command('unlock')
    .argument('<dir>', 'state directory; no BMC may be using it')
    .option(...sealKey)
    .description(
      'say that what is left after a loss is right: what was locked holds as it is, the config file in the place of what is gone',
    )
    .addHelpText('after', '\nExample:\n  ipmi-bmc state unlock ./state')
    .action(async (dir: string, options) =>
      done(await (await import('./state.ts')).unlockState(dir, options)),
    );
  state
    .command('export')
    .argument('<dir>', 'state directory')
    .option('--secrets', 'passwords and keys too, readable')
    .option(...sealKey)
    .description('write every value to standard output, one JSON object a line')
    .addHelpText('after', '\nExample:\n  ipmi-bmc state export ./state --secrets > backup.jsonl')
    .action(async (dir: string, options) =>
      done(await (await import('./state.ts')).exportState(dir, options)),
    );
  state
    .command('import')
    .argument('<dir>', 'a directory that has no state yet')
    .argument('<file>', 'what export wrote; - for standard input')
    .option(...sealKey)
    .description('fill a state directory')
    .addHelpText('after', '\nExample:\n  ipmi-bmc state import ./new-state backup.jsonl')
    .action(async (dir: string, file: string, options) =>
      done(await (await import('./state.ts')).importState(dir, file, options)),
    );
}
