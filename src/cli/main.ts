import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { clusterCommands } from './cluster-commands.ts';
import { completionCommands } from './completion-commands.ts';
import type { Ended } from './ended.ts';
import { explainCommands } from './explain-commands.ts';
import { ControlError } from '../control/problem.ts';
import { CliError, complain, problemOf, systemProblem } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { firmwareCommands } from './firmware-commands.ts';
import { localCommands } from './local-commands.ts';
import { program as typed, surviveReaders } from './output.ts';
import { steeringCommands } from './steering/commands.ts';
import { complaintOf } from './steering/complaint.ts';
import { EARLY } from './steering/flags.ts';
import { unreachable } from './steering/unreachable.ts';
import { tapeCommands } from './tape-commands.ts';
import { version } from './version.ts';
import { withCommand } from './with-command.ts';

/**
 * Runs the command line and returns the exit code: 0 done, 1 failed, 2 a mistake of the caller with one line
 * that names it.
 */
export async function main(commandLine: readonly string[]): Promise<number> {
  surviveReaders();
  const args = commandFirst(commandLine);
  const json = args.includes('--json') || /(?:^|\s)(?:-o|--output)[= ]?json(?:\s|$)/.test(args.join(' '));
  const program = new Command('ipmi-bmc')
    .enablePositionalOptions()
    .description('A BMC: serves IPMI to real clients, from a YAML file or with a believable default.')
    .version(version)
    .exitOverride()
    .configureOutput(oneLine('ipmi-bmc', json));
  let code = 0;
  const ended: Ended = (result) => void (code = result);
  localCommands(program, ended);
  withCommand(program, ended);
  steeringCommands(program, ended);
  firmwareCommands(program, ended);
  tapeCommands(program, ended);
  explainCommands(program, ended);
  clusterCommands(program, ended);
  completionCommands(program, ended);
  for (const command of program.commands) {
    command.configureOutput(oneLine(`ipmi-bmc ${command.name()}`, json));
    for (const sub of command.commands)
      sub.configureOutput(oneLine(`ipmi-bmc ${command.name()} ${sub.name()}`, json));
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const tell = (lines: string): void => complain(lines, json, (text) => process.stderr.write(text));
    if (error instanceof ControlError) {
      const { lines, exit } = complaintOf(error.problem);
      tell(lines);
      return exit;
    }
    const url = urlIn(args);
    const why = url === undefined ? undefined : unreachable(error, url);
    if (why !== undefined && !(error instanceof CliError)) {
      tell(why);
      return EXIT.noDaemon;
    }
    if (isNoHttp(error)) {
      tell('what listens there does not speak HTTP: is it an ipmi-bmc?');
      return EXIT.noDaemon;
    }
    if (isCutOff(error)) {
      tell('the daemon has ended');
      return EXIT.failed;
    }
    if (!(error instanceof CliError) && systemProblem(error) === undefined) throw error;
    tell(problemOf(error));
    return error instanceof CliError ? error.exit : isNobody(error) ? EXIT.noDaemon : EXIT.mistake;
  }
}

/** What `--url` says, if it is said. */
function urlIn(args: readonly string[]): string | undefined {
  const at = args.findIndex((word) => /^--url(=|$)/.test(word));
  return at < 0 ? undefined : args[at].split('=').slice(1).join('=') || args[at + 1];
}

/** Nobody is at the socket or address that was connected to. */
const isNobody = (error: unknown): boolean => (error as NodeJS.ErrnoException).syscall === 'connect';

/** What came was refused by Node's parser of HTTP. */
const isNoHttp = (error: unknown): boolean =>
  /^HPE_(?!INVALID_EOF_STATE)/.test((error as NodeJS.ErrnoException).code ?? '');

/** An answer that ends in its midst: of Node's HTTP client, no failure of a call of the system. */
function isCutOff(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (code === 'ECONNRESET' && syscall === undefined) || code === 'HPE_INVALID_EOF_STATE';
}

/** Options of every command may stand before it as well: `ipmi-bmc --socket PATH list`. */
function commandFirst(args: readonly string[]): string[] {
  let at = 0;
  while (at < args.length && Object.hasOwn(EARLY, args[at])) at += 1 + EARLY[args[at]];
  return at === 0 || at >= args.length ? [...args] : [args[at], ...args.slice(0, at), ...args.slice(at + 1)];
}

/** A mistake is one line, which says where to read on. */
const oneLine = (command: string, json: boolean): OutputConfiguration => ({
  outputError(text, write) {
    const problem = text
      .replace(/^error: /, '')
      .trim()
      .replaceAll('\n', ' ')
      .replace(/\.$/, '');
    complain(`${problem}; see ${command.replace('ipmi-bmc', typed())} --help`, json, write);
  },
});
