import { CC, IpmiError } from '../../codec/index.ts';
import type { Clock } from '../../world/world.ts';
import { Listeners } from '../../state/listeners.ts';
import type { Log } from '../../state/setup.ts';
import type { Durable } from '../../state/store.ts';

/**
 * What Chassis Control, buttons, the watchdog and PEF do to a machine (IPMI 2.0 §28.3); `diag`: a diagnostic
 * interrupt.
 */
export type PowerAction = 'on' | 'off' | 'cycle' | 'reset' | 'diag' | 'soft';

/**
 * What a back end tells of its machine, whoever switched it. Telling twice what is known already does
 * nothing.
 */
export interface MachineReports {
  /** The machine is on or off now. */
  power(on: boolean): void;
  /** It was reset, and not by its BMC. */
  reset(): void;
}

/** What really switches the machine. Without one, it is simulated. */
export interface PowerBackend {
  /**
   * Throws, or rejects, where the machine did not do it: the requester gets D5h, or the code of an
   * IpmiError, and the log says why. `cycle` comes only to a back end that says `cycles`; others are
   * switched off and, after the interval, on.
   */
  power(action: PowerAction): void | Promise<void>;
  readonly cycles?: boolean;
  /**
   * Present: the chassis is what the back end reports, and a soft shutdown is over when it reports that.
   * Called as the BMC opens; resolves when the machine's present state has been reported.
   */
  watch?(reports: MachineReports): Promise<void>;
  /** There is no machine, and there never was one: until one comes, the chassis is simulated. */
  readonly absent?: boolean;
  /** Where the machine is reached by a connection: whether that stands. */
  readonly reachable?: boolean;
  /** The machine has no power without its BMC: the power restore policy decides as the BMC opens. */
  readonly restores?: boolean;
  /** The BMC stops; `endMachine`: and its machine with it, also one that would go on without its BMC. */
  close?(endMachine: boolean): Promise<void>;
}

/**
 * Milliseconds that an answer waits for the back end; what takes longer is under way, and its failure only
 * logged.
 */
const PATIENCE = 2000;

/** Drives a back end: one action at a time, failures as completion codes. */
export class Machine {
  readonly backend: PowerBackend;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #idleListeners = new Listeners<[]>();
  #running: PowerAction | undefined;

  constructor(backend: PowerBackend, clock: Clock, log: Log) {
    this.backend = backend;
    this.#clock = clock;
    this.#log = log;
  }

  /** The back end takes time over what it was told last. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** An action that took its time is over, done or not. Returns its undoing. */
  onIdle(listener: () => void): () => void {
    return this.#idleListeners.add(listener);
  }

  /**
   * `done` runs when the machine has done it. Throws or rejects with an IpmiError: C0h while another action
   * is under way, D5h where the machine did not do it.
   */
  run(action: PowerAction, done: () => Durable): Durable {
    if (this.#running) throw new IpmiError(CC.NodeBusy, `power ${action}: ${this.#running} is under way`);
    let answer: void | Promise<void>;
    try {
      answer = this.backend.power(action);
    } catch (error) {
      throw this.#failure(action, error);
    }
    if (!(answer instanceof Promise)) return done();
    this.#running = action;
    const finished = answer
      .catch((error: unknown) => Promise.reject(this.#failure(action, error)))
      .finally(() => (this.#running = undefined))
      .then(done)
      .finally(() => this.#idleListeners.tell());
    return this.#atMost(finished);
  }

  #failure(action: PowerAction, error: unknown): IpmiError {
    const why = error instanceof Error ? error.message : String(error);
    this.#log.warn(`power ${action} failed: ${why}`);
    return error instanceof IpmiError
      ? error
      : new IpmiError(CC.NotSupportedInState, `power ${action}: ${why}`);
  }

  #atMost(finished: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(PATIENCE, resolve);
      void finished.finally(() => timer.cancel()).then(resolve, reject);
    });
  }
}
