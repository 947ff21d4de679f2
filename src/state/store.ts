/**
 * What a mutation returns. Undefined: done, in memory or without any change. A promise: resolves when the change is on
 * disk, rejects with an IpmiError (C4h or the code that fits) when it could not be stored; memory is then as before.
 */
export type Durable = Promise<void> | undefined;

/** The value now, or when the change is on disk: `return after(bmc.sel.add(record), { recordId })`. */
export function after<T>(done: Durable, value: T): T | Promise<T> {
  return done === undefined ? value : done.then(() => value);
}

/** What others are told of a change, once it is stored: before its author hears of it, and never of one that was refused. */
export function whenStored(done: Durable, tell: () => void): Durable {
  if (done) return tolerated(done.then(tell));
  tell();
  return undefined;
}

/** Both done, or the first failure of the two. */
export function both(first: Durable, second: Durable): Durable {
  if (!first || !second) return first ?? second;
  return tolerated(
    Promise.allSettled([first, second]).then((results) => {
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }),
  );
}

/** A change that nobody waits for may fail without ending the process: whoever waits is told all the same. */
function tolerated(done: Promise<void>): Promise<void> {
  done.catch(() => undefined);
  return done;
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
  /** The journal of a controller that belongs to this one. */
  satellite(name: string): Journal;
}

/** Where a store has its values in memory: a Map, or what holds the same in fewer bytes. */
export interface Values<V> extends ReadableValues<V> {
  set(key: string, value: V): unknown;
  delete(key: string): boolean;
}

type ReadableValues<V> = Pick<ReadonlyMap<string, V>, 'size' | 'get' | 'has' | 'keys' | 'entries'>;

const NOTHING: ReadableValues<never> = new Map<string, never>();

/** A key that is being written. */
interface Pending<V> {
  /** What is on disk. */
  stored: V | undefined;
  /** The change that gave it its present value. */
  latest: object;
  /** Changes that are not settled. */
  count: number;
}

/** Values by key, durable where there is a journal. All state that a user expects to survive lies in stores. */
export class Store<V> {
  readonly name: string;
  /** Made with the first value: most stores of most BMCs of a fleet never have one. */
  #own: Values<V> | undefined;
  readonly #journal: Journal | undefined;
  #pending: Map<string, Pending<V>> | undefined;

  constructor(name: string, journal?: Journal, values?: Values<V>) {
    this.name = name;
    this.#journal = journal;
    this.#own = values;
    for (const [key, value] of journal?.load(name) ?? []) this.#put(key, value as V);
  }

  get #values(): ReadableValues<V> {
    return this.#own ?? NOTHING;
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
    for (const [key, value] of changes) this.#begin(String(key), value, changes);
    const done = this.#journal.write(changes.map(([key, value]) => ({ store: this.name, key: String(key), value })));
    const settle = (isStored: boolean): void => {
      for (const [key, value] of changes) this.#settle(String(key), value, changes, isStored);
    };
    if (done === undefined) return void settle(true);
    return tolerated(
      done.then(
        () => settle(true),
        (error: unknown) => {
          settle(false);
          throw error;
        },
      ),
    );
  }

  #begin(key: string, value: V | undefined, change: object): void {
    this.#pending ??= new Map();
    const pending = this.#pending.get(key) ?? { stored: this.#values.get(key), latest: change, count: 0 };
    this.#pending.set(key, pending);
    pending.latest = change;
    pending.count++;
    this.#put(key, value);
  }

  /** Changes settle in the order in which they were made. One that failed leaves what is on disk, unless a later one has gone over it. */
  #settle(key: string, value: V | undefined, change: object, isStored: boolean): void {
    const pending = this.#pending!.get(key)!;
    if (isStored) pending.stored = value;
    else if (pending.latest === change) this.#put(key, pending.stored);
    if (--pending.count === 0) this.#pending!.delete(key);
  }

  #put(key: string, value: V | undefined): void {
    if (value === undefined) this.#own?.delete(key);
    else (this.#own ??= new Map()).set(key, value);
  }
}
