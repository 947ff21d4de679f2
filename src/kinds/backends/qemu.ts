import type { MachineReports, PowerAction, PowerBackend } from '../../machine/chassis/machine.ts';
import type { Clock, Program } from '../../world/world.ts';
import {
  commandLine,
  firstLineOf,
  wordsOf,
  type BackendKind,
  type BackendSurroundings,
  type BootDevice,
} from './backend.ts';
import { Qmp, type QmpEvent } from './qmp.ts';
import { settled } from '../../world/settled.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('qemu'),
    /** Program and arguments, or a line that is cut at its blanks; `-qmp` and `-boot` are put behind them. */
    command: commandLine(zod),
    /** Path of the Unix socket for QEMU's monitor, in a directory where nobody else can put one. */
    qmp: zod.string().min(1).max(107),
  });

/** A QEMU process of this BMC. */
export type QemuBackendOptions = Settings<typeof schema>;

/** Boot order letters of `-boot`. */
const BOOT: Readonly<Partial<Record<BootDevice, string>>> = {
  pxe: 'n',
  disk: 'c',
  safe: 'c',
  cdrom: 'd',
  floppy: 'a',
};
/** Milliseconds that QEMU has to begin, and to end. */
const START = 10_000;
const STOP = 5000;
const LOOK_AGAIN = 50;
/** Milliseconds in which all the resets that QEMU tells of are one. */
const ONE_RESET = 2000;

/**
 * A QEMU process, worked through its monitor (QMP): power on starts it, power off ends it. It ends with its
 * BMC; one that is left over from a BMC that was killed is found by its monitor's socket and taken over.
 */
export class QemuBackend implements PowerBackend {
  readonly restores = true;
  readonly #options: Omit<QemuBackendOptions, 'type'>;
  readonly #around: BackendSurroundings;
  #reports: MachineReports | undefined;
  #qmp: Qmp | undefined;
  #program: Program | undefined;
  /** Resolves the wait for the end of the process or, if it is not ours, of its monitor. */
  #gone: (() => void)[] = [];
  #resetAt = -Infinity;

  constructor(options: Omit<QemuBackendOptions, 'type'>, around: BackendSurroundings) {
    this.#options = options;
    this.#around = around;
  }

  get reachable(): boolean {
    return this.#qmp !== undefined;
  }

  async power(action: PowerAction): Promise<void> {
    switch (action) {
      case 'on':
        return this.#qmp ? undefined : this.#start();
      case 'off':
        return this.#stop();
      case 'reset':
        this.#resetAt = this.#clock.monotonic();
        await this.#bootFrom();
        return void (await this.#execute('system_reset'));
      case 'soft':
        return void (await this.#execute('system_powerdown'));
      case 'diag':
        return void (await this.#execute('inject-nmi'));
      case 'cycle':
        throw new Error('a cycle is an off and an on');
    }
  }

  async watch(reports: MachineReports): Promise<void> {
    this.#reports = reports;
    try {
      this.#use(await Qmp.connect(this.#around.world, { path: this.#options.qmp }));
      this.#around.log.info(
        `${this.#around.name}: took over a QEMU that was running at ${this.#options.qmp}`,
      );
      reports.power(true);
    } catch {
      reports.power(false);
    }
  }

  close(): Promise<void> {
    this.#reports = undefined;
    return this.#stop();
  }

  get #clock(): Clock {
    return this.#around.world.clock;
  }

  async #start(): Promise<void> {
    const [command, ...args] = wordsOf(this.#options.command);
    const { device, persistent } = this.#around.boot();
    const letter = BOOT[device];
    const boot =
      letter !== undefined
        ? ['-boot', `${persistent ? 'order' : 'once'}=${letter}`]
        : device === 'bios'
          ? ['-boot', 'menu=on']
          : [];
    // Only its monitor was lost: a second process on the same disks would destroy them.
    if (this.#program) return this.#use(await Qmp.connect(this.#around.world, { path: this.#options.qmp }));
    const program = await this.#around.world.programs.start(command, [
      ...args,
      ...boot,
      '-qmp',
      `unix:${this.#options.qmp},server=on,wait=off`,
    ]);
    this.#program = program;
    let said = '';
    program.onOutput = (text) => (said = (said + text).slice(-2000));
    program.onExit = (code) => {
      this.#program = undefined;
      if (code !== 0 && code !== null)
        this.#around.log.warn(`${this.#around.name}: QEMU ended with ${code}: ${firstLineOf(said)}`);
      this.#ended();
    };
    const until = this.#clock.monotonic() + START;
    while (this.#program === program) {
      try {
        this.#use(await Qmp.connect(this.#around.world, { path: this.#options.qmp }));
        return;
      } catch {
        if (this.#clock.monotonic() > until) program.kill('kill');
        await this.#wait(LOOK_AGAIN);
      }
    }
    throw new Error(`QEMU did not start: ${firstLineOf(said) || 'its monitor did not answer'}`);
  }

  #use(qmp: Qmp): void {
    this.#qmp = qmp;
    qmp.onEvent = (event) => this.#happened(event);
    qmp.onClose = () => {
      if (this.#qmp === qmp) this.#qmp = undefined;
      if (!this.#program) this.#ended();
    };
  }

  #ended(): void {
    this.#qmp = undefined;
    for (const resolve of this.#gone.splice(0)) resolve();
    this.#reports?.power(false);
  }

  async #stop(): Promise<void> {
    const program = this.#program;
    if (!program && !this.#qmp) return;
    const gone = new Promise<void>((resolve) => this.#gone.push(resolve));
    const timer = this.#clock.after(STOP, () => program?.kill('kill'));
    // It may end before it has answered.
    await settled(this.#qmp?.execute('quit'));
    if (!this.#qmp) program?.kill();
    await gone;
    timer.cancel();
  }

  /**
   * A machine that is only reset boots from elsewhere if its board can be told so while it runs (PCs can).
   */
  async #bootFrom(): Promise<void> {
    const letter = BOOT[this.#around.boot().device];
    if (letter === undefined) return;
    const answer = await this.#execute('human-monitor-command', { 'command-line': `boot_set ${letter}` });
    if (typeof answer === 'string' && answer.trim() !== '')
      this.#around.log.warn(`${this.#around.name}: boot device: ${firstLineOf(answer)}`);
  }

  #execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (!this.#qmp) throw new Error('QEMU does not run');
    return this.#qmp.execute(command, parameters);
  }

  #happened({ event, data }: QmpEvent): void {
    if (event !== 'RESET' || data?.guest !== true) return;
    const now = this.#clock.monotonic();
    const another = now - this.#resetAt > ONE_RESET;
    this.#resetAt = now;
    if (another) this.#reports?.reset();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

export const qemu: BackendKind<QemuBackendOptions> = {
  type: 'qemu',
  schema,
  make: (options, around) => ({ backend: new QemuBackend(options, around) }),
  places: ({ qmp }) => [{ key: 'qmp', what: 'path', place: qmp }],
};
