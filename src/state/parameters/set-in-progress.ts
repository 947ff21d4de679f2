import { CC, IpmiError } from '../../codec/index.ts';
import { refused } from '../../commands/command.ts';
import { parameterCodes } from '../../commands/parameters/requests.ts';
import type { Clock } from '../../world/world.ts';

/** States of "set in progress", parameter 0 of every parameter table (IPMI 2.0 §23.2, §28.13). */
export const SetState = { Complete: 0, InProgress: 1, CommitWrite: 2 } as const;

/** Milliseconds after which a lock that nobody released is taken as given up. */
const GIVEN_UP = 30_000;
/**
 * Milliseconds that a lock stays when the session that took it ends: a client of several sessions may go on.
 */
export const AFTER_SESSION = 2000;

export interface LockOptions {
  /** Milliseconds that the lock is shown after its owner's session. Default 0. */
  readonly grace?: number;
  /** Meanwhile nobody else may take it. Default: anybody may. */
  readonly kept?: boolean;
  /** False: "commit write", which belongs to roll-back, is refused. Default true. */
  readonly commitWrite?: boolean;
}

/**
 * The lock of a parameter table. Clients forget to release it: it ends with its owner's session, and with
 * time.
 */
export class SetInProgress {
  readonly #clock: Clock;
  readonly #options: LockOptions;
  #owner: unknown;
  #until = 0;
  /** Its owner is gone: it is still shown, but anybody may take it. */
  #abandoned = false;

  constructor(clock: Clock, options: LockOptions = {}) {
    this.#clock = clock;
    this.#options = options;
  }

  get state(): number {
    return this.#owner !== undefined && this.#clock.monotonic() < this.#until
      ? SetState.InProgress
      : SetState.Complete;
  }

  /**
   * `owner`: the session, or the channel where there is none. Throws 81h while another one holds it, CCh for
   * a state that there is not.
   */
  set(state: number, owner: unknown): void {
    if (state > (this.#options.commitWrite === false ? SetState.InProgress : SetState.CommitWrite))
      throw new IpmiError(CC.InvalidDataField, `set in progress ${state}`);
    if (state === SetState.InProgress) {
      if (this.state === SetState.InProgress && this.#owner !== owner && !this.#abandoned)
        throw refused(parameterCodes, 'locked', 'another client is writing');
      this.#owner = owner;
      this.#abandoned = false;
      this.#until = this.#clock.monotonic() + GIVEN_UP;
    } else {
      this.#owner = undefined;
    }
  }

  /** Back to "set complete", as a power-off or reset of the system leaves it. */
  clear(): void {
    this.#owner = undefined;
  }

  get wakeful(): string | undefined {
    return this.state === SetState.InProgress ? 'parameters are being set' : undefined;
  }

  release(owner: unknown): void {
    if (this.#owner !== owner) return;
    this.#until = Math.min(this.#until, this.#clock.monotonic() + (this.#options.grace ?? 0));
    this.#abandoned = !this.#options.kept;
  }
}
