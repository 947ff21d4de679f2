import type { Timer } from '../../world/world.ts';
import { Machine, type PowerAction } from './machine.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import { powerAfterLoss, restoreCause, RestorePolicy } from './restore-policy.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import { both, type Durable, type Store, unwaited } from '../../state/store.ts';
import { Occasion } from '../../state/occasions.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import { MINUTES_PER_COUNT, NO_EVENT, NO_FAULTS, NOT_BY_COMMAND, WHOLE_CHASSIS } from './power-change.ts';
import type { ChassisCapabilities, ChassisOptions, LastPowerEvent } from './power-change.ts';
import type { PowerChange, PowerLoss } from './power-change.ts';

export type * from './power-change.ts';
export { RestorePolicy } from './restore-policy.ts';

/** Whether the machine is on, since when its hours are counted, and its faults. */
type ChassisMemento = readonly [on: boolean, since: number, faults: Chassis['faults']];

/** The machine that the BMC manages: power, faults, hours. */
export class Chassis implements Sleeper<ChassisMemento> {
  /** Faults that a test or a sensor may set (§28.2). */
  faults = { ...NO_FAULTS };
  readonly #setup: Setup;
  readonly #machine: Machine | undefined;
  readonly #softOffDelay: number;
  static readonly power = new Occasion<[change: PowerChange]>();
  static readonly restart = new Occasion<[cause: number]>();
  static readonly intrusion = new Occasion<[open: boolean]>();
  /** A fault: what becomes of a power action; `carryOut` does it. */
  intervene: ((action: PowerAction, carryOut: () => Durable) => Durable) | undefined = undefined;
  readonly #kept: Store<number>;
  readonly #capabilities: Store<ChassisCapabilities>;
  readonly #lastEvent: Store<LastPowerEvent>;
  #stopListening: (() => void) | undefined;
  readonly #defaultPolicy: number;
  #on: boolean;
  /** Monotonic milliseconds since when the hours counter runs. */
  #since: number;
  #pending: Timer | undefined;
  #life: 'opening' | 'open' | 'closed' = 'open';
  /** What a machine that is busy reported last. */
  #heard: boolean | undefined;

  constructor(setup: Setup, options: ChassisOptions = {}) {
    this.#setup = setup;
    this.#machine = options.backend && new Machine(options.backend, setup.clock, setup.log);
    this.#softOffDelay = options.softOffDelay ?? 5000;
    this.#kept = setup.store(stores.chassis);
    this.#capabilities = setup.store(stores.chassisCapabilities);
    this.#lastEvent = setup.store(stores.lastPowerEvent);
    this.#defaultPolicy = options.restorePolicy ?? RestorePolicy.Previous;
    const believed = this.#remembered ?? options.power !== 'off';
    // A machine that has power without its BMC is what it is, whenever its BMC starts.
    this.#on = this.#isIndependent ? believed : powerAfterLoss(this.restorePolicy, believed);
    if (
      this.#on &&
      !setup.isWoken &&
      !this.#isIndependent &&
      (this.#remembered !== undefined || this.restorePolicy === RestorePolicy.AlwaysOn)
    )
      unwaited(this.#setCause(restoreCause(this.restorePolicy), 0), this.#setup.log, 'restart cause');
    this.#since = this.#setup.clock.monotonic();
  }

  get wakeful(): string | undefined {
    return this.#machine === undefined ? undefined : 'its machine is elsewhere';
  }

  memento(): ChassisMemento {
    return [this.#on, this.#since, this.faults];
  }

  recall([on, since, faults]: ChassisMemento): void {
    this.#on = on;
    this.#since = since;
    this.faults = faults;
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** Whether there is a machine, and whether it can be reached as far as its back end knows. */
  get machine(): 'simulated' | 'connected' | 'away' {
    const backend = this.#machine?.backend;
    if (backend === undefined || backend.absent) return 'simulated';
    return (backend.reachable ?? true) ? 'connected' : 'away';
  }

  get restorePolicy(): number {
    return this.#kept.get('policy') ?? this.#defaultPolicy;
  }

  setRestorePolicy(policy: number): Durable {
    return this.#kept.set('policy', policy);
  }

  get capabilities(): ChassisCapabilities {
    return this.#capabilities.get('all') ?? WHOLE_CHASSIS;
  }

  setCapabilities(capabilities: ChassisCapabilities): Durable {
    return this.#capabilities.set('all', capabilities);
  }

  /** Seconds that the machine stays off in a power cycle. */
  get cycleInterval(): number {
    return this.#kept.get('cycle') ?? 2;
  }

  setCycleInterval(seconds: number): Durable {
    return this.#kept.set('cycle', seconds);
  }

  /** Why the machine started last, and by which channel (§28.11). */
  get restartCause(): { readonly cause: number; readonly channel: number } {
    const kept = this.#kept.get('cause') ?? RestartCause.Unknown;
    return { cause: kept & 0x0f, channel: kept >> 8 };
  }

  get lastPowerEvent(): LastPowerEvent {
    return this.#lastEvent.get('last') ?? NO_EVENT;
  }

  /** After every power change, reset and diagnostic interrupt. */
  onPower(listener: (change: PowerChange) => void): () => void {
    return this.#setup.occasions.listen(Chassis.power, listener);
  }

  /** Before the machine starts or is reset, and a back end hears of it: the next boot may depend on that. */
  onRestart(listener: (cause: number) => void): () => void {
    return this.#setup.occasions.listen(Chassis.restart, listener);
  }

  onIntrusion(listener: (open: boolean) => void): () => void {
    return this.#setup.occasions.listen(Chassis.intrusion, listener);
  }

  /** Opens or closes the chassis. */
  setIntrusion(open: boolean): void {
    if (this.faults.intrusion === open) return;
    this.faults.intrusion = open;
    this.#setup.occasions.tell(Chassis.intrusion, open);
  }

  /**
   * The back end's machine is looked at, and restored: one that has no power without its BMC as the policy
   * says, any other where the policy says "always on" (§28.8).
   */
  async open(): Promise<void> {
    const machine = this.#machine;
    if (!machine) return;
    const { backend } = machine;
    const wanted = backend.restores
      ? this.#on
      : this.#isIndependent && this.restorePolicy === RestorePolicy.AlwaysOn;
    if (backend.watch) {
      // That the machine is off without its BMC is no change of its power that the restore policy should
      // remember.
      this.#life = backend.restores ? 'opening' : 'open';
      this.#stopListening?.();
      this.#stopListening = machine.onIdle(() => this.#listenAgain());
      await backend.watch({ power: (on) => this.#reported(on), reset: () => this.#wasReset() });
      this.#life = 'open';
    }
    if (!wanted || this.#on) return;
    try {
      await this.control('on', backend.restores ? this.restartCause.cause : RestartCause.AlwaysRestore);
    } catch {
      // The log has it; the BMC serves without its machine.
    }
  }

  /**
   * Does what Chassis Control asks for; a cycle and a soft shutdown take their time. Rejects where the
   * machine does not do it.
   */
  control(action: PowerAction, cause: number = RestartCause.ChassisControl, channel = 0): Durable {
    return this.intervene === undefined
      ? this.#control(action, cause, channel)
      : this.intervene(action, () => this.#control(action, cause, channel));
  }

  #control(action: PowerAction, cause: number, channel: number): Durable {
    // A diagnostic interrupt leaves a shutdown that is under way alone.
    if (action !== 'diag') {
      this.#pending?.cancel();
      this.#pending = undefined;
    }
    const starts = this.#starts(action);
    if (starts && !this.#machine?.busy) this.#setup.occasions.tell(Chassis.restart, cause);
    const machine = this.#driven;
    if (!machine) return this.#controlled(action, cause, channel);
    const step = action !== 'cycle' ? action : !this.#on ? 'on' : machine.backend.cycles ? 'cycle' : 'off';
    return machine.run(step, () => this.#controlled(action, cause, channel));
  }

  /**
   * What nobody waits for and nobody is told of: a machine that refuses, or is busy, is a line in the log.
   */
  async attempt(action: PowerAction, cause: number, who: string): Promise<void> {
    try {
      await this.control(action, cause);
      this.#setup.log.info(`power ${action} by ${who}`, { event: 'power', action });
    } catch (error) {
      this.#setup.log.error(`${who}: power ${action}`, error);
    }
  }

  /** The power goes away without a command. */
  losePower(loss: PowerLoss): Durable {
    this.#pending?.cancel();
    this.#pending = undefined;
    if (loss === 'fault') this.faults.powerFault = true;
    else if (loss !== 'acFailed') this.faults[loss] = true;
    return both(
      this.#lastEvent.set('last', { ...NO_EVENT, [loss]: true }),
      this.#switch(false, 'off', { loss }),
    );
  }

  /** The machine boots by it. */
  #starts(action: PowerAction): boolean {
    return (action === 'on' && !this.#on) || action === 'cycle' || action === 'reset';
  }

  #controlled(action: PowerAction, cause: number, channel: number): Durable {
    const starts = this.#starts(action);
    const by = { by: cause };
    const done = both(
      starts ? this.#setCause(cause, channel) : undefined,
      this.#remember(action, starts, cause),
    );
    if (action === 'soft') {
      if (this.#on && !this.#driven?.backend.watch)
        this.#pending = this.#setup.clock.after(this.#softOffDelay, () =>
          unwaited(this.#switch(false, 'soft', by), this.#setup.log, 'power state'),
        );
      return done;
    }
    if (action === 'cycle' && this.#on) {
      if (this.#driven?.backend.cycles) return both(done, this.#switch(true, 'cycle', by));
      this.#pending = this.#setup.clock.after(this.cycleInterval * 1000, () => this.#backOn(cause));
      return both(done, this.#switch(false, 'cycle', by));
    }
    if (action === 'diag') {
      this.#setup.occasions.tell(Chassis.power, {
        on: this.#on,
        action,
        cause,
        changed: false,
        starts: false,
        ...by,
      });
      return done;
    }
    return both(done, this.#switch(action !== 'off', action, by));
  }

  /** What was the last power event (§28.2). A reset is none. */
  #remember(action: PowerAction, starts: boolean, cause: number): Durable {
    const stops = this.#on && (action === 'off' || action === 'soft');
    if (action === 'reset' || !(starts || stops)) return undefined;
    return this.#lastEvent.set('last', { ...NO_EVENT, byCommand: starts && !NOT_BY_COMMAND.has(cause) });
  }

  /**
   * Whether the machine was on when the restore policy last had to know; undefined: it was never switched.
   */
  get #remembered(): boolean | undefined {
    const power = this.#kept.get('power');
    return power === undefined ? undefined : power === 1;
  }

  /** Its machine has power without its BMC. */
  get #isIndependent(): boolean {
    return this.#driven !== undefined && !this.#driven.backend.restores;
  }

  /** What switches the machine; undefined: the chassis is simulated. */
  get #driven(): Machine | undefined {
    return this.#machine?.backend.absent ? undefined : this.#machine;
  }

  /** The second half of a power cycle. */
  #backOn(cause: number): void {
    try {
      const on = (): Durable => this.#switch(true, 'cycle', { by: cause });
      const machine = this.#driven;
      unwaited(machine ? machine.run('on', on) : on(), this.#setup.log, 'second half of a power cycle');
    } catch {
      // The log has it.
    }
  }

  /** What the machine reported while it was busy comes after what it was told. */
  #listenAgain(): void {
    const heard = this.#heard;
    this.#heard = undefined;
    if (heard !== undefined) this.#reported(heard);
  }

  /** The machine says that it went on or off. */
  #reported(on: boolean): void {
    if (this.#machine?.busy) {
      this.#heard = on;
      return;
    }
    if (on === this.#on || this.#life === 'closed') return;
    if (this.#life === 'opening') {
      this.#on = on;
      return;
    }
    this.#pending?.cancel();
    this.#pending = undefined;
    if (on) this.#startsByItself(RestartCause.Unknown);
    unwaited(
      both(this.#lastEvent.set('last', NO_EVENT), this.#switch(on, on ? 'on' : 'off')),
      this.#setup.log,
      'power state',
    );
  }

  #wasReset(): void {
    if (this.#life !== 'open') return;
    this.#startsByItself(RestartCause.SoftReset);
    unwaited(this.#switch(true, 'reset'), this.#setup.log, 'power state');
  }

  #startsByItself(cause: number): void {
    this.#setup.occasions.tell(Chassis.restart, cause);
    unwaited(this.#setCause(cause, 0), this.#setup.log, 'restart cause');
  }

  /** Power-on hours as counts of `minutesPerCount` (§28.14). */
  get powerOnHours(): { readonly minutesPerCount: number; readonly count: number } {
    return { minutesPerCount: MINUTES_PER_COUNT, count: Math.floor(this.#minutesOn() / MINUTES_PER_COUNT) };
  }

  /**
   * What somebody is about to see is kept: after a crash the counter never shows less. A disk that fails
   * keeps nobody from reading it.
   */
  keepPowerOnHours(): Promise<void> | undefined {
    const minutes = this.#minutesOn();
    const kept = Math.floor((this.#kept.get('minutes') ?? 0) / MINUTES_PER_COUNT);
    if (Math.floor(minutes / MINUTES_PER_COUNT) <= kept) return undefined;
    this.#since = this.#setup.clock.monotonic();
    return this.#kept
      .set('minutes', minutes)
      ?.catch((error: unknown) => this.#setup.log.warn(`power-on hours: ${(error as Error).message}`));
  }

  /** The BMC stops: its power-on hours are kept. */
  stop(endMachine = false): Durable {
    this.#pending?.cancel();
    const minutes = this.#minutesOn();
    this.#since = this.#setup.clock.monotonic();
    this.#life = 'closed';
    this.#stopListening?.();
    const closed = this.#machine?.backend.close?.(endMachine);
    return both(closed, this.#on ? this.#kept.set('minutes', minutes) : undefined);
  }

  #minutesOn(): number {
    const running = this.#on ? (this.#setup.clock.monotonic() - this.#since) / 60_000 : 0;
    return (this.#kept.get('minutes') ?? 0) + running;
  }

  #setCause(cause: number, channel: number): Durable {
    return this.#kept.set('cause', cause | (channel << 8));
  }

  #switch(on: boolean, action: PowerAction, { loss, by }: Pick<PowerChange, 'loss' | 'by'> = {}): Durable {
    const minutes = this.#minutesOn();
    const changed = on !== this.#on;
    this.#on = on;
    this.#since = this.#setup.clock.monotonic();
    if (on) Object.assign(this.faults, { powerFault: false, interlock: false, overload: false });
    this.#setup.occasions.tell(Chassis.power, {
      on,
      action,
      cause: this.restartCause.cause,
      changed,
      starts: on && (changed || action === 'reset' || action === 'cycle'),
      loss,
      by,
    });
    // Without mains, and between the halves of a cycle, the machine is one that was on.
    const remembered = loss === 'acFailed' || (action === 'cycle' && !on) ? (this.#remembered ?? true) : on;
    if (!changed)
      return this.#remembered === !remembered ? this.#kept.set('power', remembered ? 1 : 0) : undefined;
    return this.#kept.change([
      ['power', remembered ? 1 : 0],
      ['minutes', minutes],
    ]);
  }
}
