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
import { QemuBootOrder } from './qemu-boot-order.ts';
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
    /**
     * It goes on when its BMC ends, is killed or made anew, and the next one takes it over by `qmp`; what it
     * writes is in a file of that name with `.log` behind it. Default: it ends with its BMC.
     */
    keep: zod.boolean().optional(),
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
/** Milliseconds in which a reset that was asked for happens. */
const RESET = 2000;

/** Milliseconds until a monitor that does not answer is tried again. */
const HANGS = 1000;

/**
 * A QEMU process, worked through its monitor (QMP): power on starts it, power off ends it. It ends with its
 * BMC, or is kept; one that is left over from a BMC before is found by its monitor's socket and taken over.
 */
export class QemuBackend implements PowerBackend {
  readonly restores = true;
  readonly #options: Omit<QemuBackendOptions, 'type'>;
  readonly #surroundings: BackendSurroundings;
  #reports: MachineReports | undefined;
  #qmp: Qmp | undefined;
  #order: QemuBootOrder | undefined;
  #program: Program | undefined;
  /** Resolves the wait for the end of the process or, if it is not ours, of its monitor. */
  #gone: (() => void)[] = [];
  #resetAt = -Infinity;
  #wasReset: () => void = () => undefined;
  #isClosed = false;
  /** Somebody is at the monitor's socket, and does not answer. */
  #hangs = false;

  constructor(options: Omit<QemuBackendOptions, 'type'>, surroundings: BackendSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  get reachable(): boolean {
    return this.#qmp !== undefined;
  }

  async power(action: PowerAction): Promise<void> {
    switch (action) {
      case 'on':
        return this.#qmp ? undefined : this.#start();
      case 'off':
        this.#mustAnswer();
        return this.#stop();
      case 'reset':
        await this.#bootFrom();
        return this.#reset();
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
      this.#use(await Qmp.connect(this.#surroundings.world, { path: this.#options.qmp }));
      this.#surroundings.log.info(
        `${this.#surroundings.name}: took over a QEMU that was running at ${this.#options.qmp}`,
      );
      reports.power(true);
    } catch (error) {
      const isThere = !isNobody(error);
      reports.power(isThere);
      // Somebody is there who does not answer: a second one on the same disks would destroy them.
      if (!isThere) return;
      this.#isHanging();
      void this.#lookAgain();
    }
  }

  async close(endMachine: boolean): Promise<void> {
    this.#reports = undefined;
    this.#isClosed = true;
    if (!this.#options.keep || endMachine) return this.#stop();
    this.#program?.release();
    const qmp = this.#qmp;
    if (!qmp) return;
    this.#surroundings.log.info(
      `${this.#surroundings.name}: its QEMU goes on without it, at ${this.#options.qmp}`,
    );
    // The next BMC finds a monitor that is free: QEMU talks to one at a time.
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(HANGS, resolve);
      qmp.onClose = () => {
        timer.cancel();
        resolve();
      };
      qmp.close();
    });
  }

  get #clock(): Clock {
    return this.#surroundings.world.clock;
  }

  async #start(): Promise<void> {
    this.#mustAnswer();
    const [command, ...args] = wordsOf(this.#options.command);
    const { device, persistent } = this.#surroundings.boot();
    const letter = BOOT[device];
    const boot =
      letter !== undefined
        ? ['-boot', `${persistent ? 'order' : 'once'}=${letter}`]
        : device === 'bios'
          ? ['-boot', 'menu=on']
          : [];
    // Only its monitor was lost: a second process on the same disks would destroy them.
    if (this.#program)
      return this.#use(await Qmp.connect(this.#surroundings.world, { path: this.#options.qmp }));
    const { qmp, keep } = this.#options;
    const outlives = keep ? `${qmp}.log` : undefined;
    const program = await this.#surroundings.world.programs.start(
      command,
      [...args, ...boot, '-qmp', `unix:${qmp},server=on,wait=off`],
      outlives === undefined ? {} : { outlives },
    );
    this.#program = program;
    let heard = '';
    const output = async (): Promise<string> => (outlives === undefined ? heard : this.#lastOf(outlives));
    program.onOutput = (text) => (heard = (heard + text).slice(-2000));
    program.onExit = (code) => {
      this.#program = undefined;
      if (code !== 0 && code !== null)
        void output().then((text) =>
          this.#surroundings.log.warn(
            `${this.#surroundings.name}: QEMU ended with ${code}: ${firstLineOf(text)}`,
          ),
        );
      this.#ended();
    };
    const until = this.#clock.monotonic() + START;
    while (this.#program === program) {
      let monitor: Qmp;
      try {
        monitor = await Qmp.connect(this.#surroundings.world, { path: qmp });
      } catch {
        if (this.#clock.monotonic() > until) program.kill('kill');
        await this.#wait(LOOK_AGAIN);
        continue;
      }
      this.#use(monitor);
      // Its firmware has read the order by now: it begins again.
      if (await this.#isReordered()) await this.#reset();
      return;
    }
    throw new Error(`QEMU did not start: ${firstLineOf(await output()) || 'its monitor did not answer'}`);
  }

  /** What a QEMU that is kept has written last; nothing, where that cannot be read. */
  async #lastOf(path: string): Promise<string> {
    try {
      return new TextDecoder().decode((await this.#surroundings.world.files.read(path)).subarray(-2000));
    } catch {
      return '';
    }
  }

  #use(qmp: Qmp): void {
    this.#qmp = qmp;
    this.#order = new QemuBootOrder((command, parameters) => qmp.execute(command, parameters));
    this.#hangs = false;
    qmp.onEvent = (event) => this.#happened(event);
    qmp.onClose = () => {
      if (this.#qmp === qmp) this.#qmp = undefined;
      if (!this.#program) void this.#lookAgain();
    };
  }

  /**
   * Its monitor has closed. A QEMU that was taken over is gone if nobody is at its socket any more; one that
   * only hangs comes back to it.
   */
  async #lookAgain(): Promise<void> {
    while (!this.#isClosed && !this.#qmp && !this.#program) {
      try {
        return this.#use(await Qmp.connect(this.#surroundings.world, { path: this.#options.qmp }));
      } catch (error) {
        if (isNobody(error)) break;
        this.#isHanging();
        await this.#wait(HANGS);
      }
    }
    if (!this.#qmp && !this.#program) this.#ended();
  }

  #ended(): void {
    this.#qmp = undefined;
    this.#hangs = false;
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
   * A machine that is only reset boots from elsewhere if its board can be told so while it runs (PCs can), or
   * if its devices have places in an order.
   */
  async #bootFrom(): Promise<void> {
    await this.#isReordered();
    const letter = BOOT[this.#surroundings.boot().device];
    if (letter === undefined) return;
    const answer = await this.#execute('human-monitor-command', { 'command-line': `boot_set ${letter}` });
    if (typeof answer === 'string' && answer.trim() !== '') this.#bootWarning(firstLineOf(answer));
  }

  /** Whether the machine's devices were put into the order that is asked for. */
  async #isReordered(): Promise<boolean> {
    const { device } = this.#surroundings.boot();
    // Nothing was asked of it before, and nothing is now.
    if (device === 'none' && !this.#order?.isChanged) return false;
    try {
      return (await this.#order?.put(device)) ?? false;
    } catch (error) {
      this.#bootWarning((error as Error).message);
      await settled(this.#order?.restore());
      return false;
    }
  }

  /** What was ordered for one boot is as it was when the firmware has begun. */
  async #reset(): Promise<void> {
    this.#resetAt = this.#clock.monotonic();
    const { persistent } = this.#surroundings.boot();
    const done = new Promise<void>((resolve) => (this.#wasReset = resolve));
    await this.#execute('system_reset');
    if (persistent || !this.#order?.isChanged) return;
    const timer = this.#clock.after(RESET, () => this.#wasReset());
    await done;
    timer.cancel();
    await this.#order.restore();
  }

  #bootWarning(text: string): void {
    this.#surroundings.log.warn(`${this.#surroundings.name}: boot device: ${text}`);
  }

  #isHanging(): void {
    if (!this.#hangs)
      this.#surroundings.log.warn(`${this.#surroundings.name}: QEMU's monitor does not answer`);
    this.#hangs = true;
  }

  #mustAnswer(): void {
    if (this.#hangs) throw new Error('QEMU is there, and its monitor does not answer');
  }

  #execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (!this.#qmp) throw new Error('QEMU does not run');
    return this.#qmp.execute(command, parameters);
  }

  #happened({ event, data }: QmpEvent): void {
    if (event === 'RESET') this.#wasReset();
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

/** The system's own error: there is no such socket, or nobody is at it. */
const isNobody = (error: unknown): boolean => error instanceof Error && 'code' in error;

export const qemu: BackendKind<QemuBackendOptions> = {
  type: 'qemu',
  schema,
  make: (options, surroundings) => ({ backend: new QemuBackend(options, surroundings) }),
  places: ({ qmp }) => [{ key: 'qmp', what: 'path', place: qmp }],
};
