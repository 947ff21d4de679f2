import type { Command } from 'commander';
import type { Ended } from './ended.ts';

/** What looks at what passed. */
export function explainCommands(program: Command, ended: Ended): void {
  withCandidates(program.command('explain'))
    .argument(
      '[input...]',
      'a capture (pcapng, pcap), a log of ipmitool -vvv, a file of hexadecimal bytes, or the bytes, or raw 6 1; - or nothing: standard input',
    )
    .option('--json', 'print JSON, a line each')
    .description('say what messages are, what a BMC would answer, and why a log-in failed')
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc explain failed.pcapng --password secret\n  ipmi-bmc explain raw 6 1',
    )
    .action(async (input: string[], options) => {
      const { explain } = await import('./explain.ts');
      ended(await explain(input, options));
    });
}

/** Passwords and K_g that may have been used. */
export const withCandidates = (command: Command): Command =>
  command
    .option(
      '-P, --password <password>',
      'a password that may have been used (else IPMI_PASSWORD); again for another',
      many,
    )
    .option('--password-file <file>', 'passwords that may have been used, a line each')
    .option('-E', 'the password is in IPMI_PASSWORD of the environment')
    .option(
      '--kg <key>',
      'a K_g that may have been used: text, or 0x and hexadecimal digits; again for another',
      many,
    )
    .option('--kg-file <file>', 'such K_g, a line each');

const many = (value: string, before: readonly string[] = []): string[] => [...before, value];
