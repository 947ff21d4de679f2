import type { Clock } from '../../world/world.ts';
import type { Sleeper } from '../sleeper.ts';

/**
 * LAN parameter 26; a threshold of 0: guessing has no consequence. A lock-out of 0 lasts until the user is
 * enabled again.
 */
export interface BadPasswordRule {
  /** A lock-out is an event. */
  readonly event: boolean;
  readonly threshold: number;
  /** Milliseconds after which failures are forgotten; 0: never. */
  readonly forgetAfter: number;
  /** Milliseconds. */
  readonly lockOut: number;
}

/** Of a user on a channel. */
export interface Guessed {
  readonly count: number;
  /** Monotonic milliseconds of the last one. */
  readonly last: number;
  /** Locked out until then. */
  readonly until: number;
}

/**
 * Users whose passwords were guessed at too often (IPMI 2.0 §23.2, LAN parameter 26). At most one entry a
 * user and channel.
 */
export class LockOuts implements Sleeper<Map<string, Guessed>> {
  readonly #clock: Clock;
  readonly #guesses = new Map<string, Guessed>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a wrong password. True: the user is locked out from now on. */
  failed(userId: number, channel: number, { threshold, forgetAfter, lockOut }: BadPasswordRule): boolean {
    if (threshold === 0) return false;
    const now = this.#clock.monotonic();
    const key = `${userId}/${channel}`;
    const before = this.#guesses.get(key);
    // Who is locked out stays so: a guess more neither lengthens nor ends it.
    if (before && now < before.until) return false;
    const forgotten = !before || (forgetAfter > 0 && now - before.last >= forgetAfter);
    const count = (forgotten ? 0 : before.count) + 1;
    const locked = count >= threshold;
    this.#guesses.set(key, { count: locked ? 0 : count, last: now, until: locked ? now + lockOut : 0 });
    return locked;
  }

  isLocked(userId: number, channel: number): boolean {
    const guesses = this.#guesses.get(`${userId}/${channel}`);
    return guesses !== undefined && this.#clock.monotonic() < guesses.until;
  }

  /** The right password was given: what was counted before no longer counts. */
  succeeded(userId: number, channel: number): void {
    this.#guesses.delete(`${userId}/${channel}`);
  }

  /** What was guessed, by user and channel. */
  memento(): Map<string, Guessed> | undefined {
    return this.#guesses.size === 0 ? undefined : this.#guesses;
  }

  recall(guesses: ReadonlyMap<string, Guessed>): void {
    for (const [key, guessed] of guesses) this.#guesses.set(key, guessed);
  }

  /** Somebody gave the user rights again. */
  free(userId: number): void {
    for (const key of this.#guesses.keys()) if (key.startsWith(`${userId}/`)) this.#guesses.delete(key);
  }
}
