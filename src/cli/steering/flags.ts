import { Option, type Command } from 'commander';

/** Which daemon is meant. */
export interface DaemonFlags {
  readonly socket?: string;
  readonly url?: string;
  /** Of a file with the caller's token, for `url`. */
  readonly tokenFile?: string;
  /** Of a file in PEM with who has signed the certificate at `url`. */
  readonly ca?: string;
}

export const FORMATS = ['wide', 'json', 'yaml'] as const;

/** How the answer is told. Default: as a table. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly output?: (typeof FORMATS)[number];
}

export type Flags = DaemonFlags & OutputFlags;

/** Options of every command that asks a daemon. */
export const daemonOptions = (command: Command): Command =>
  command
    .option(
      '--socket <path>',
      'the daemon at this Unix socket (else IPMI_BMC_SOCKET, else the one that runs here)',
    )
    .option('--url <url>', 'the daemon at this address, as https://host:8623')
    .option('--token-file <file>', 'with --url: a file with your token')
    .option('--ca <file>', 'with --url: who has signed its certificate (PEM)')
    .option('--json', 'print as JSON, like -o json')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(FORMATS));

/** Options that may stand before the command as well, and how many words each takes after itself. */
export const EARLY: Readonly<Record<string, number>> = {
  '--json': 0,
  '--socket': 1,
  '--url': 1,
  '--token-file': 1,
  '--ca': 1,
  '-o': 1,
  '--output': 1,
};
