import { InvalidArgumentError, type Command } from 'commander';
import type { Ended } from './ended.ts';

/** Serves BMCs for as long as a command runs. */
export function withCommand(program: Command, ended: Ended): void {
  program
    .command('with')
    .argument('[command...]', 'a program and what it is told; put -- before it')
    .option(
      '-f, --file <file>',
      'YAML file of one or many BMCs (default: a two-socket server on a free port)',
    )
    .option('-n, --count <n>', 'so many of the default server', counted)
    .option('--free-ports', "let the system choose the ports of the file's LAN interfaces")
    .option('--options <json>', 'what each of them is: a list of what startBmc of ipmi-bmc/testing takes')
    .option('--until-eof', 'no command: print a line of JSON, and serve until standard input ends')
    .option('--pcap <file>', 'where the capture is written when the command fails', 'ipmi-bmc-failed.pcapng')
    .option('--no-pcap', 'write none')
    .description(
      'run a command that finds BMCs in IPMI_HOST, IPMI_PORT, IPMI_USER, IPMI_PASSWORD, IPMI_ARGS, and end with its exit code',
    )
    .addHelpText(
      'after',
      "\nExample:\n  ipmi-bmc with -- sh -c 'ipmitool $IPMI_ARGS mc info'\n  ipmi-bmc with -f rack.yaml --free-ports -- pytest",
    )
    .action(async (command: string[], options) => {
      const { runWith } = await import('./with.ts');
      ended(await runWith(command, options));
    });
}

function counted(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError('a whole number of 1 to 10000');
  return value;
}
