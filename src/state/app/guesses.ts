import type { Clock } from '../../world/world.ts';
import type { Sleeper } from '../sleeper.ts';

/** Wrong passwords in a row that cost a source nothing: people mistype. */
const FREE = 5;
/** Milliseconds until the next try after those, doubled by each further wrong one, and the most. */
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 60_000;
/** Milliseconds after the last wrong one when all are forgotten. */
const FORGOTTEN = 300_000;
/** Pairs of source and user that are remembered; the oldest make way. */
const REMEMBERED = 512;

export interface GuessesRow {
  readonly count: number;
  /** Monotonic milliseconds of the last one. */
  readonly last: number;
  /** No password is looked at before. */
  readonly until: number;
}

/**
 * Wrong passwords by source and user: who guesses waits longer each time, and nobody else does. It needs no
 * setting; LAN parameter 26 locks a user out for everybody (see LockOuts).
 */
export class Guesses implements Sleeper<Map<string, GuessesRow>> {
  readonly #clock: Clock;
  /** Made with the first wrong password; the longest untouched first. */
  #rows: Map<string, GuessesRow> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The source has to wait: what it sends now is neither compared nor counted. */
  isBarred(source: string, userId: number): boolean {
    const row = this.#rows?.get(`${source} ${userId}`);
    return row !== undefined && this.#clock.monotonic() < row.until;
  }

  /** `threshold`: that of the channel's own rule, which is to be reached before anybody waits. */
  wrong(source: string, userId: number, threshold: number): void {
    const rows = (this.#rows ??= new Map());
    const key = `${source} ${userId}`;
    const now = this.#clock.monotonic();
    const before = rows.get(key);
    const count = before && now - before.last < FORGOTTEN ? before.count + 1 : 1;
    const beyond = count - Math.max(FREE, threshold);
    const until = beyond < 0 ? 0 : now + Math.min(FIRST_DELAY * 2 ** beyond, LONGEST_DELAY);
    rows.delete(key);
    rows.set(key, { count, last: now, until });
    if (rows.size <= REMEMBERED) return;
    const [oldest] = rows.keys();
    rows.delete(oldest);
  }

  memento(): Map<string, GuessesRow> | undefined {
    return this.#rows?.size === 0 ? undefined : this.#rows;
  }

  recall(rows: Map<string, GuessesRow>): void {
    this.#rows = rows;
  }

  right(source: string, userId: number): void {
    this.#rows?.delete(`${source} ${userId}`);
  }
}
