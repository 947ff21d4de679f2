import type { Journal } from './journal.ts';
import type { Locks } from './locks.ts';

/** Where a store has its values in memory: a Map, or what holds the same in fewer bytes. */
export interface Values<V> extends ReadableValues<V> {
  set(key: string, value: V): unknown;
  delete(key: string): boolean;
}

export type ReadableValues<V> = Pick<ReadonlyMap<string, V>, 'size' | 'get' | 'has' | 'keys' | 'entries'>;

/** A key that is being written. */
interface Pending {
  /** What is on disk. */
  stored: unknown;
  /** The change that gave it its present value. */
  latest: object;
  /** Changes that are not settled. */
  count: number;
}

/**
 * What the stores of one BMC hold, by store, and the journal that keeps it. It outlives the objects of a BMC
 * that sleeps: who wakes is made with the same one, and finds everything where it was.
 */
export class Records {
  /** Undefined: memory only. */
  readonly journal: Journal | undefined;
  /** Changes that are not on disk yet. */
  writing = 0;
  /** The BMC was there before: its journal has nothing more to say. */
  isWoken = false;
  /** Made with the first value of any store. */
  #values: Map<string, { readonly size: number }> | undefined;

  #locks: Map<string, Locks> | undefined = undefined;
  #pending: Map<string, Map<string, Pending>> | undefined = undefined;

  constructor(journal?: Journal) {
    this.journal = journal;
  }

  /** Something of a store that guards is lost. */
  get hasLocks(): boolean {
    return this.#locks !== undefined;
  }

  /** What is lost of a store that guards, or cannot be understood; undefined: nothing. */
  locks(store: string): Locks | undefined {
    return this.#locks?.get(store);
  }

  lock(store: string, locks: Locks): void {
    (this.#locks ??= new Map()).set(store, locks);
  }

  /** Keys of a store that are being written. */
  pending(store: string): Map<string, Pending> {
    const all = (this.#pending ??= new Map());
    let keys = all.get(store);
    if (keys === undefined) all.set(store, (keys = new Map()));
    return keys;
  }

  /** No key of the store is being written any more. */
  settled(store: string): void {
    this.#pending?.delete(store);
    if (this.#pending?.size === 0) this.#pending = undefined;
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
