/**
 * What a mutation returns. Undefined: done, in memory or without any change. A promise: resolves when the change is on
 * disk, rejects with an IpmiError (C4h or the code that fits) when it could not be stored; memory is then as before.
 */
export type Durable = Promise<void> | undefined;

/** The value now, or when the change is on disk: `return after(bmc.sel.add(record), { recordId })`. */
export function after<T>(done: Durable, value: T): T | Promise<T> {
  return done === undefined ? value : done.then(() => value);
}

/** Both done. */
export function both(first: Durable, second: Durable): Durable {
  return first && second ? first.then(() => second) : (first ?? second);
}

export interface Change {
  readonly store: string;
  readonly key: string;
  /** Plain data (null, booleans, numbers, strings, Uint8Array, lists and records of them); undefined: deleted. */
  readonly value: unknown;
}

/** Where stores keep what must survive. Without one, everything is in memory. */
export interface Journal {
  /** What was stored under a store's name, as [key, value]. */
  load(store: string): Iterable<readonly [string, unknown]>;
  /** Stores all changes, or none. */
  write(changes: readonly Change[]): Durable;
}

/** Values by key, durable where there is a journal. All state that a user expects to survive lies in stores. */
export class Store<V> {
  readonly name: string;
  readonly #values = new Map<string, V>();
  readonly #journal: Journal | undefined;

  constructor(name: string, journal?: Journal) {
    this.name = name;
    this.#journal = journal;
    for (const [key, value] of journal?.load(name) ?? []) this.#values.set(key, value as V);
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string | number): V | undefined {
    return this.#values.get(String(key));
  }

  has(key: string | number): boolean {
    return this.#values.has(String(key));
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  entries(): IterableIterator<[string, V]> {
    return this.#values.entries();
  }

  set(key: string | number, value: V): Durable {
    return this.change([[key, value]]);
  }

  delete(key: string | number): Durable {
    return this.has(key) ? this.change([[key, undefined]]) : undefined;
  }

  clear(): Durable {
    return this.change([...this.#values.keys()].map((key) => [key, undefined] as const));
  }

  /** Several changes as one: all are stored, or none. */
  change(changes: readonly (readonly [string | number, V | undefined])[]): Durable {
    if (changes.length === 0) return undefined;
    if (!this.#journal) {
      for (const [key, value] of changes) this.#put(String(key), value);
      return undefined;
    }
    const undo = changes.map(([key]) => [String(key), this.#values.get(String(key))] as const);
    for (const [key, value] of changes) this.#put(String(key), value);
    const done = this.#journal.write(changes.map(([key, value]) => ({ store: this.name, key: String(key), value })));
    return done?.catch((error: unknown) => {
      // Back to what was stored, except where a later change has gone over it.
      for (const [i, [key, value]] of undo.entries()) if (this.#values.get(key) === changes[i][1]) this.#put(key, value);
      throw error;
    });
  }

  #put(key: string, value: V | undefined): void {
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }
}
