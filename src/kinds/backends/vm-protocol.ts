import type { MachineReports, PowerAction, PowerBackend } from '../../machine/chassis/machine.ts';
import { VmCapability, VmCode } from '../../wire/vm.ts';
import type { Program, Timer } from '../../world/world.ts';
import {
  cannot,
  commandLine,
  firstLineOf,
  wordsOf,
  type BackendKind,
  type BackendSurroundings,
  type Power,
} from './backend.ts';
import { SettingsError } from '../../settings/errors.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('vm-protocol'),
    /**
     * Program and arguments, or a line that is cut at its blanks: it starts the machine, which then connects.
     * Without it nobody can switch it on.
     */
    start: commandLine(zod).optional(),
  });

/**
 * The machine behind the `vm` interface, by the protocol's own operations. The default where there is such an
 * interface.
 */
export type VmProtocolBackendOptions = Settings<typeof schema>;

/**
 * Milliseconds after which a machine that is not connected is off: its monitor would have connected again.
 */
const GRACE = 3000;
/**
 * Milliseconds that a monitor has to connect again to a BMC that has just started, before a second machine is
 * started.
 */
const COMING_BACK = 1500;
const STOP = 10_000;

const OPERATIONS: Readonly<
  Record<Exclude<PowerAction, 'on'>, { readonly code: number; readonly needs: number }>
> = {
  off: { code: VmCode.PowerOff, needs: VmCapability.PowerOff },
  reset: { code: VmCode.Reset, needs: VmCapability.Reset },
  // The nearest that a machine can do which nobody could switch on again.
  cycle: { code: VmCode.Reset, needs: VmCapability.Reset },
  diag: { code: VmCode.Nmi, needs: VmCapability.Nmi },
  soft: { code: VmCode.GracefulShutdown, needs: VmCapability.GracefulShutdown },
};

/**
 * The machine at the other end of the VM interface: worked by the protocol's operations, on while it is
 * connected.
 */
export class VmProtocolBackend implements PowerBackend {
  readonly cycles: boolean;
  readonly restores: boolean;
  readonly #options: Omit<VmProtocolBackendOptions, 'type'>;
  readonly #surroundings: BackendSurroundings;
  readonly #optional: boolean;
  #reports: MachineReports | undefined;
  #operate: ((code: number) => void) | undefined;
  #capabilities = 0xff;
  #program: Program | undefined;
  #grace: Timer | undefined;
  /** The machine was told to go off, so that the end of its connection is no accident. */
  #leaving = false;
  #seen = false;
  #changed: (() => void)[] = [];

  /** `optional`: there may never be a machine; until one connects, the chassis is simulated. */
  constructor(
    options: Omit<VmProtocolBackendOptions, 'type'>,
    surroundings: BackendSurroundings,
    optional = false,
  ) {
    this.#options = options;
    this.#optional = optional;
    this.#surroundings = surroundings;
    this.cycles = options.start === undefined;
    this.restores = options.start !== undefined;
  }

  get absent(): boolean {
    return this.#optional && !this.#seen;
  }

  get reachable(): boolean {
    return this.#operate !== undefined;
  }

  power(action: PowerAction): void | Promise<void> {
    if (action === 'on') return this.#operate || this.#program ? undefined : this.#start();
    const { code, needs } = OPERATIONS[action];
    if (!this.#operate) {
      if (action === 'off' || action === 'soft') return this.#end();
      throw cannot('no machine is connected');
    }
    if ((this.#capabilities & needs) === 0) throw cannot(`the machine cannot do ${action}`);
    this.#leaving = action === 'off' || action === 'soft';
    this.#operate(code);
    // With a program of ours, off is when it has ended: it could not be started again before.
    return action === 'off' && this.#program ? this.#end() : undefined;
  }

  async watch(reports: MachineReports): Promise<void> {
    this.#reports = reports;
    if (this.#operate) return reports.power(true);
    if (!this.restores) return this.absent ? undefined : this.#miss(GRACE);
    await Promise.race([this.#change(), this.#wait(COMING_BACK)]);
    reports.power(this.#operate !== undefined);
  }

  close(): Promise<void> {
    this.#reports = undefined;
    this.#grace?.cancel();
    this.#program?.kill();
    return Promise.resolve();
  }

  connected(operate: (code: number) => void): void {
    this.#operate = operate;
    this.#capabilities = 0xff;
    this.#seen = true;
    this.#leaving = false;
    this.#grace?.cancel();
    this.#reports?.power(true);
    this.#tell();
  }

  capable(capabilities: number): void {
    this.#capabilities = capabilities;
  }

  wasReset(): void {
    this.#reports?.reset();
  }

  disconnected(): void {
    this.#operate = undefined;
    this.#tell();
    if (this.#leaving) this.#reports?.power(false);
    else this.#miss(GRACE);
  }

  async #start(): Promise<void> {
    const { start } = this.#options;
    if (!start) throw cannot('nothing says how this machine is started: chassis.backend.start');
    const [command, ...args] = wordsOf(start);
    const program = await this.#surroundings.world.programs.start(command, args);
    this.#program = program;
    let output = '';
    program.onOutput = (text) => (output = (output + text).slice(-2000));
    program.onExit = (code) => {
      this.#program = undefined;
      if (code !== 0 && code !== null)
        this.#surroundings.log.warn(
          `${this.#surroundings.name}: the machine ended with ${code}: ${firstLineOf(output)}`,
        );
      this.#grace?.cancel();
      this.#tell();
      this.#reports?.power(false);
    };
  }

  /** Waits for the end of the machine's program, and makes it. */
  async #end(): Promise<void> {
    const timer = this.#surroundings.world.clock.after(STOP, () => this.#program?.kill('kill'));
    if (!this.#operate) this.#program?.kill();
    while (this.#program) await this.#change();
    timer.cancel();
  }

  #miss(ms: number): void {
    this.#grace = this.#surroundings.world.clock.after(ms, () => this.#reports?.power(false));
  }

  /** Resolves at the next change of what is connected or runs. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#surroundings.world.clock.after(ms, resolve));
  }
}

export const vmProtocol: BackendKind<VmProtocolBackendOptions> = {
  type: 'vm-protocol',
  schema,
  make(options, surroundings) {
    if (!surroundings.hasVm) throw new SettingsError('vm-protocol needs an interface of type vm');
    const machine = new VmProtocolBackend(options, surroundings);
    return { backend: machine, machine };
  },
};

/** What follows from a `vm` interface where no back end is asked for. */
export function machineOfVm(surroundings: BackendSurroundings): Power {
  const machine = new VmProtocolBackend({}, surroundings, true);
  return { backend: machine, machine };
}
