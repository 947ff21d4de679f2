import type { Journal, Values } from './store.ts';

/**
 * What the stores of one BMC hold, by store, and the journal that keeps it. It outlives the objects of a BMC
 * that sleeps: who wakes is made with the same one, and finds everything where it was.
 */
export class Records {
  /** Undefined: memory only. */
  readonly journal: Journal | undefined;
  /** Changes that are not on disk yet. */
  writing = 0;
  /** Something of a store that guards is lost. */
  hasLocks = false;
  /** The BMC was there before: its journal has nothing more to say. */
  isWoken = false;
  /** Made with the first value of any store. */
  #values: Map<string, { readonly size: number }> | undefined;

  constructor(journal?: Journal) {
    this.journal = journal;
  }

  /** What a store held when its BMC fell asleep. */
  of<V>(store: string): Values<V> | undefined {
    return this.#values?.get(store) as Values<V> | undefined;
  }

  /** A store has a value, for the first time. */
  begin(store: string, values: { readonly size: number }): void {
    (this.#values ??= new Map()).set(store, values);
  }

  /** Something is stored there and has not been loaded yet, or may have been and is lost. */
  holds(store: string): boolean {
    if ((this.#values?.get(store)?.size ?? 0) > 0) return true;
    if (this.isWoken || this.journal === undefined) return false;
    return this.journal.holds?.(store) ?? true;
  }
}
