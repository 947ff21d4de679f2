import { InvalidArgumentError, type Command } from 'commander';
import type { Ended } from './ended.ts';

/** `flash`, `update` and `hpm`; `done` takes the exit code. */
export function firmwareCommands(program: Command, done: Ended): void {
  reaching(program.command('flash').argument('<image>', 'what to put there'))
    .option('--via <protocol>', 'hpm, or blob (OpenBMC)', 'hpm')
    .option('--component <id>', 'this component alone; may be said again', collect)
    .option('--blob <path>', "with --via blob: the image's path (default: /flash/image)")
    .option('--path <way>', 'with --via blob: how the bytes go, ipmi, net or window', 'ipmi')
    .option('--window <file>', 'with --path window: the shared file; ,lpc or ,p2a and an address may follow')
    .option(
      '--block <bytes>',
      'with --via blob: bytes of one write (default: the most that the BMC takes)',
      number(60_000),
    )
    .option('--no-activate', 'upload only; the image waits for activation')
    .option('--force', 'even for another device, or over a firmware that is too old')
    .option('--json', 'print the result as JSON')
    .description("update a BMC's firmware by LAN")
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc flash update.hpm --to 127.0.0.1:9623 -U admin -P PASSWORD\n  ipmi-bmc flash bios.bin --via blob --blob /flash/bios --to 127.0.0.1:9623 -U admin -P PASSWORD',
    )
    .action(async (image: string, options) => done(await (await import('./flash.ts')).flash(image, options)));

  const update = program
    .command('update')
    .description('see what of a running BMC can be updated, and end an update')
    .addHelpText('after', '\nExample:\n  ipmi-bmc update list --to 127.0.0.1:9623 -U admin -P PASSWORD');
  reaching(update.command('list'))
    .option('--json', 'print as JSON')
    .description('components with their versions, and the upload that is under way')
    .addHelpText('after', '\nExample:\n  ipmi-bmc update list --to 127.0.0.1:9623 -U admin -P PASSWORD')
    .action(async (options) => done(await (await import('./update.ts')).listUpdates(options)));
  reaching(update.command('kill'))
    .option('--json', 'print what was given up as JSON')
    .description('end the upload that is under way, whoever owns it, and give up what waits for activation')
    .addHelpText('after', '\nExample:\n  ipmi-bmc update kill --to 127.0.0.1:9623 -U admin -P PASSWORD')
    .action(async (options) => done(await (await import('./update.ts')).killUpdates(options)));

  const hpm = program
    .command('hpm')
    .description('build and look at HPM.1 images')
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc hpm pack update.hpm 0=bmc.bin,2.05,BMC --manufacturer 4753 --product 3842',
    );
  hpm
    .command('pack')
    .argument('<image>', 'where to write it')
    .argument('<part...>', 'ID=FILE,VERSION[,NAME]: a component, its firmware and its version')
    .requiredOption('--manufacturer <id>', 'IANA number of whom it is for', number(0xfffff))
    .requiredOption('--product <id>', 'product it is for', number(0xffff))
    .option('--device <id>', 'device it is for', number(0xff), 0x20)
    .option('--earliest <version>', 'the oldest firmware that may be updated with it', '0.00')
    .option('--firmware <version>', "the image's own version (default: its first part's)")
    .option('--sign <key>', 'sign each part with this Ed25519 private key (PEM)')
    .option('--plain', 'parts as they are, without the descriptor that tells version and digest')
    .description('build an image')
    .addHelpText(
      'after',
      '\nExample:\n  ipmi-bmc hpm pack update.hpm 0=bmc.bin,2.05,BMC 1=bios.bin,2.20,BIOS --manufacturer 4753 --product 3842',
    )
    .action(async (image: string, parts: string[], options) =>
      done(await (await import('./hpm.ts')).packHpm(image, parts, options)),
    );
  hpm
    .command('show')
    .argument('<image>', 'an HPM.1 image')
    .option('--json', 'print as JSON')
    .description('check an image and say what is in it; exit code 1 if it is damaged')
    .addHelpText('after', '\nExample:\n  ipmi-bmc hpm show update.hpm')
    .action(async (image: string, options) => done(await (await import('./hpm.ts')).showHpm(image, options)));
}

const reaching = (command: Command): Command =>
  command
    .requiredOption('--to <host:port>', 'the BMC; port 623 unless you say')
    .requiredOption('-U, --user <name>', 'who')
    .option('-P, --password <password>', 'default: IPMI_PASSWORD of the environment');

const number =
  (most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new InvalidArgumentError(`expected 0..${most} (0x.. is hex)`);
    return value;
  };

const collect = (text: string, before: number[] | undefined): number[] => [
  ...(before ?? []),
  number(7)(text),
];
