import { Argument, type Command } from 'commander';
import type { Shell } from './completion.ts';
import type { Ended } from './ended.ts';

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** `completion`, and what its scripts ask. */
export function completionCommands(program: Command, ended: Ended): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .description('print what a shell needs to complete commands, options and names of BMCs')
    .addHelpText(
      'after',
      '\nExample:\n  source <(ipmi-bmc completion bash)\n  ipmi-bmc completion zsh > ~/.zfunc/_ipmi-bmc\n  ipmi-bmc completion fish > ~/.config/fish/completions/ipmi-bmc.fish',
    )
    .action(async (shell: Shell) => {
      process.stdout.write((await import('./completion.ts')).scriptOf(shell));
      ended(0);
    });
  program
    .command('complete', { hidden: true })
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .argument('[words...]', 'what was typed behind the name of the program; the last is to be completed')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (shell: Shell, words: string[]) => {
      const { candidates, written } = await import('./completion.ts');
      process.stdout.write(written(shell, await candidates(program, words)));
      ended(0);
    });
}
