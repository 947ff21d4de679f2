import { CC, IpmiError } from '../../codec/index.ts';
import type { MachineReports, PowerAction, PowerBackend } from '../../machine/chassis/machine.ts';
import type { Ran } from '../../world/world.ts';
import {
  cannot,
  commandLine,
  firstLineOf,
  Poll,
  seconds,
  type BackendKind,
  type BackendSurroundings,
} from './backend.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { milliseconds } from '../../settings/durations.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('command'),
    /** Switches the machine on. */
    on: commandLine(zod),
    /** Switches it off. */
    off: commandLine(zod),
    /** Default: off and on. */
    reset: commandLine(zod).optional(),
    /** Default: off, the power cycle interval, on. */
    cycle: commandLine(zod).optional(),
    /** Asks its system to shut down. Default: cannot be done. */
    soft: commandLine(zod).optional(),
    /** Interrupts it for a diagnosis. Default: cannot be done. */
    diag: commandLine(zod).optional(),
    /** Prints `on` or `off`. Without it the power is what was asked for last. */
    status: commandLine(zod).optional(),
    /** Seconds for one command. Default 10. */
    timeout: seconds(zod),
    /** Seconds between two looks at the status. Default 10. */
    interval: seconds(zod),
  });

/**
 * A command for each action; the environment says what is wanted (IPMI_ACTION, IPMI_BOOT_DEVICE,
 * IPMI_BMC_NAME ...).
 */
export type CommandBackendOptions = Settings<typeof schema>;

/**
 * A command for each action. It learns from its environment what is wanted, and says by its exit code whether
 * it was done.
 */
export class CommandBackend implements PowerBackend {
  readonly cycles: boolean;
  readonly watch?: (reports: MachineReports) => Promise<void>;
  readonly #options: Omit<CommandBackendOptions, 'type'>;
  readonly #surroundings: BackendSurroundings;
  #poll: Poll | undefined;

  constructor(options: Omit<CommandBackendOptions, 'type'>, surroundings: BackendSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.cycles = options.cycle !== undefined;
    const { status, interval = 10 } = options;
    if (status !== undefined)
      this.watch = (reports) => {
        this.#poll = new Poll(surroundings.world.clock, interval, () => this.#look(status, reports));
        return this.#poll.start();
      };
  }

  async power(action: PowerAction): Promise<void> {
    // A reset that nobody can do is an off and an on.
    if (action === 'reset' && this.#options.reset === undefined) {
      await this.#do('off', this.#options.off);
      return this.#do('on', this.#options.on);
    }
    const command = this.#options[action];
    if (command === undefined) throw cannot(`there is no command for ${action}`);
    return this.#do(action, command);
  }

  close(): Promise<void> {
    this.#poll?.stop();
    return Promise.resolve();
  }

  async #do(action: PowerAction, command: string | readonly string[]): Promise<void> {
    const { code, stderr } = await this.#run(action, command);
    if (code === null) throw new IpmiError(CC.Timeout, 'the command took too long');
    if (code !== 0)
      throw new Error(`the command ended with ${code}${stderr.trim() && `: ${firstLineOf(stderr)}`}`);
  }

  async #look(command: string | readonly string[], reports: MachineReports): Promise<void> {
    try {
      const { code, stdout } = await this.#run('status', command);
      const [, word] = /\b(on|off)\b/i.exec(stdout) ?? [];
      if (code === 0 && word) reports.power(word.toLowerCase() === 'on');
      else
        this.#surroundings.log.warn(
          `${this.#surroundings.name}: power status: expected on or off, received '${firstLineOf(stdout)}' and exit code ${code}`,
        );
    } catch (error) {
      this.#surroundings.log.warn(`${this.#surroundings.name}: power status: ${(error as Error).message}`);
    }
  }

  #run(action: string, command: string | readonly string[]): Promise<Ran> {
    const { device, persistent, efi } = this.#surroundings.boot();
    const env = {
      IPMI_BMC_NAME: this.#surroundings.name,
      IPMI_ACTION: action,
      IPMI_BOOT_DEVICE: device,
      IPMI_BOOT_PERSISTENT: persistent ? '1' : '0',
      IPMI_BOOT_EFI: efi ? '1' : '0',
    };
    const [program, ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
    return this.#surroundings.world.programs.run(program, args, {
      env,
      timeout: milliseconds(this.#options.timeout ?? 10),
    });
  }
}

export const command: BackendKind<CommandBackendOptions> = {
  type: 'command',
  schema,
  make: (options, surroundings) => ({ backend: new CommandBackend(options, surroundings) }),
};
