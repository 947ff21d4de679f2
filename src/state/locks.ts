import type { Doubt } from './journal.ts';

/** Keys of a store that guards whose last value is not known. */
export class Locks {
  readonly #bad: ReadonlySet<string>;
  readonly #doubt: Doubt | undefined;
  /** Set since. */
  readonly #free = new Set<string>();

  constructor(bad: ReadonlySet<string>, doubt: Doubt | undefined) {
    this.#bad = bad;
    this.#doubt = doubt;
  }

  has(key: string): boolean {
    if (this.#free.has(key)) return false;
    return this.#bad.has(key) || (this.#doubt !== undefined && !this.#doubt.isCertain(key));
  }

  free(key: string): void {
    this.#free.add(key);
  }
}
