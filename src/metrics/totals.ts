import type { Counts } from '../joint/counters.ts';

/**
 * Counters of many BMCs as sums that never go down: a BMC that goes, and a client that clears its statistics,
 * take nothing away of what was added.
 */
export class Totals {
  readonly #sums = new Map<string, number>();
  readonly #seen = new WeakMap<Counts, Counts>();

  /** Adds what the counters have more than when they were last seen; all of it where they began again. */
  add(counters: Counts): void {
    const before = this.#seen.get(counters);
    for (const [name, count] of Object.entries(counters)) {
      const last = before?.[name] ?? 0;
      const more = count >= last ? count - last : count;
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + more);
    }
    this.#seen.set(counters, { ...counters });
  }

  get sums(): ReadonlyMap<string, number> {
    return this.#sums;
  }
}
