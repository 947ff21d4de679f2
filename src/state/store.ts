import { Locks } from './locks.ts';
import { Records, type ReadableValues, type Values } from './records.ts';
import { isGuard, undeclared, type StoreDeclaration } from './store-declaration.ts';
import { tolerated, type Durable } from './durable.ts';
import type { Journal } from './journal.ts';

export * from './durable.ts';
export * from './journal.ts';

const NOTHING: ReadableValues<never> = new Map<string, never>();

/** Told, a line each, of values that are not what their store holds. */
export type Warn = (message: string) => void;

/**
 * Values by key, durable where there is a journal. All state that a user expects to survive lies in stores.
 * Each BMC of a fleet has some twenty: what few of them have at a time lies in its `Records`, and what is
 * private is static, since an object with private methods is eight bytes longer.
 */
export class Store<V> {
  readonly declaration: StoreDeclaration<V>;
  /** Made with the first value: most stores of most BMCs of a fleet never have one. */
  #own: Values<V> | undefined;
  readonly #records: Records | undefined;

  /**
   * A name instead of a declaration: values of any kind. What does not fit the declaration is not loaded,
   * but told to `warn`. `kept`: the records of a BMC, or the journal of a store that stands alone.
   */
  constructor(
    declaration: StoreDeclaration<V> | string,
    kept?: Records | Journal,
    values?: Values<V>,
    warn: Warn = () => undefined,
  ) {
    this.declaration = typeof declaration === 'string' ? undeclared<V>(declaration) : declaration;
    this.#records = kept === undefined || kept instanceof Records ? kept : new Records(kept);
    this.#own = this.#records?.of<V>(this.name) ?? values;
    const { journal, isWoken } = this.#records ?? {};
    if (journal && !isWoken) Store.#load(this, journal, warn);
  }

  /** A program keeps its values: what it says is all there is, and it may say something else later. */
  get isBrought(): boolean {
    return false;
  }

  get name(): string {
    return this.declaration.name;
  }

  /**
   * True where what was stored under the key cannot be known, so that a setting must not take its place.
   * Ends when the key is set.
   */
  isLocked(key: string | number): boolean {
    return this.#records?.locks(this.name)?.has(String(key)) ?? false;
  }

  /** True where anything of the store may be locked. */
  get hasLocks(): boolean {
    return this.#records?.locks(this.name) !== undefined;
  }

  get size(): number {
    return (this.#own ?? NOTHING).size;
  }

  get(key: string | number): V | undefined {
    return (this.#own ?? NOTHING).get(String(key));
  }

  has(key: string | number): boolean {
    return (this.#own ?? NOTHING).has(String(key));
  }

  keys(): IterableIterator<string> {
    return (this.#own ?? NOTHING).keys();
  }

  entries(): IterableIterator<[string, V]> {
    return (this.#own ?? NOTHING).entries();
  }

  set(key: string | number, value: V): Durable {
    return this.change([[key, value]]);
  }

  delete(key: string | number): Durable {
    return this.has(key) ? this.change([[key, undefined]]) : undefined;
  }

  clear(): Durable {
    return this.change([...this.keys()].map((key) => [key, undefined] as const));
  }

  /** Several changes as one: all are stored, or none. */
  change(changes: readonly (readonly [string | number, V | undefined])[]): Durable {
    if (changes.length === 0) return undefined;
    const records = this.#records;
    if (!records?.journal) {
      for (const [key, value] of changes) Store.#put(this, String(key), value);
      return undefined;
    }
    for (const [key, value] of changes) Store.#begin(this, records, String(key), value, changes);
    const { name, version } = this.declaration;
    const written = changes.map(([key, value]) =>
      version === 1
        ? { store: name, key: String(key), value }
        : { store: name, key: String(key), value, version },
    );
    const done = records.journal.write(written);
    const settle = (isStored: boolean): void => {
      if (done) records.writing--;
      if (isStored) for (const [key] of changes) records.locks(name)?.free(String(key));
      for (const [key, value] of changes) Store.#settle(this, records, String(key), value, changes, isStored);
    };
    if (done === undefined) return void settle(true);
    records.writing++;
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

  static #begin<V>(
    store: Store<V>,
    records: Records,
    key: string,
    value: V | undefined,
    change: object,
  ): void {
    const all = records.pending(store.name);
    const pending = all.get(key) ?? { stored: store.get(key), latest: change, count: 0 };
    all.set(key, pending);
    pending.latest = change;
    pending.count++;
    Store.#put(store, key, value);
  }

  /**
   * Changes settle in the order in which they were made. One that failed leaves what is on disk, unless a
   * later one has gone over it.
   */
  static #settle<V>(
    store: Store<V>,
    records: Records,
    key: string,
    value: V | undefined,
    change: object,
    isStored: boolean,
  ): void {
    const all = records.pending(store.name);
    const pending = all.get(key);
    if (!pending) return; // one has begun for each that settles
    if (isStored) pending.stored = value;
    else if (pending.latest === change) Store.#put(store, key, pending.stored as V | undefined);
    if (--pending.count > 0) return;
    all.delete(key);
    if (all.size === 0) records.settled(store.name);
  }

  static #load<V>(store: Store<V>, journal: Journal, warn: Warn): void {
    const { declaration } = store;
    const guards = isGuard(declaration);
    const bad = new Set<string>();
    for (const [key, stored, version = 1] of journal.load(declaration.name)) {
      const value = present(declaration, key, stored, version);
      if (value !== undefined) {
        Store.#put(store, key, value);
        continue;
      }
      bad.add(key);
      const then = guards ? 'it is locked until it is set anew' : 'its default holds until it is set anew';
      const kind =
        version > declaration.version ? `a value of a newer version (${version})` : 'no value of this store';
      warn(`stored ${declaration.name}/${key.slice(0, 40)} is ${kind} and is left as it is: ${then}`);
    }
    if (!guards) return;
    const doubt = journal.doubt?.(declaration.name);
    if (bad.size > 0 || doubt) store.#records?.lock(declaration.name, new Locks(bad, doubt));
  }

  static #put<V>(store: Store<V>, key: string, value: V | undefined): void {
    if (value === undefined) store.#own?.delete(key);
    else {
      store.#own ??= new Map();
      if (store.#own.size === 0) store.#records?.begin(store.name, store.#own);
      store.#own.set(key, value);
    }
  }
}

/** The value in the present format; undefined: what is stored is none. */
export function present<V>(
  { version, upgrade, key: isKey, shape, fits }: StoreDeclaration<V>,
  key: string,
  stored: unknown,
  of: number,
): V | undefined {
  if (of > version || !isKey(key)) return undefined;
  try {
    const value = of < version ? upgrade?.(stored, of) : stored;
    return shape(value) && (fits?.(key, value) ?? true) ? value : undefined;
  } catch {
    // A value that cannot even be looked at is none.
    return undefined;
  }
}
