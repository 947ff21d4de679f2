import { Records } from './records.ts';
import { isGuard, undeclared, type StoreDeclaration } from './store-declaration.ts';
import { settled } from '../world/settled.ts';

/**
 * What a mutation returns. Undefined: done, in memory or without any change. A promise: resolves when the
 * change is on disk, rejects with an IpmiError (C4h or the code that fits) when it could not be stored;
 * memory is then as before.
 */
export type Durable = Promise<void> | undefined;

/** The value now, or when the change is on disk: `return after(bmc.sel.add(record), { recordId })`. */
export function after<T>(done: Durable, value: T): T | Promise<T> {
  return done === undefined ? value : done.then(() => value);
}

/**
 * What others are told of a change, once it is stored: before its author hears of it, and never of one that
 * was refused.
 */
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

/** Work that nobody waits for: its failure is a line of the log, which says what could not be kept. */
export function unwaited(
  done: Promise<unknown> | undefined,
  log: { warn(message: string): void },
  what: string,
): void {
  done?.catch((error: unknown) =>
    log.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`),
  );
}

/**
 * A change that nobody waits for may fail without ending the process: whoever waits is told all the same.
 */
export function tolerated(done: Promise<void>): Promise<void> {
  void settled(done);
  return done;
}

export interface Change {
  readonly store: string;
  readonly key: string;
  /**
   * Plain data (null, booleans, numbers, strings, Uint8Array, lists and records of them); undefined:
   * deleted.
   */
  readonly value: unknown;
  /** Format of the value, where it is not 1. */
  readonly version?: number;
}

/** A value as it was stored; `version`: its format, 1 where nothing is said. */
export type Stored = readonly [key: string, value: unknown, version?: number];

/**
 * Something of what was stored is lost: what each key had last is certain only where it was written after
 * that.
 */
export interface Doubt {
  isCertain(key: string): boolean;
}

/** Where stores keep what must survive. Without one, everything is in memory. */
export interface Journal {
  /** What was stored under a store's name. */
  load(store: string): Iterable<Stored>;
  /** Something is stored under a store's name and not loaded yet, or lost. Default: it may be. */
  holds?(store: string): boolean;
  /** Undefined: nothing of the store is lost. */
  doubt?(store: string): Doubt | undefined;
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

/** Told, a line each, of values that are not what their store holds. */
export type Warn = (message: string) => void;

/**
 * Values by key, durable where there is a journal. All state that a user expects to survive lies in stores.
 */
export class Store<V> {
  readonly declaration: StoreDeclaration<V>;
  /** Made with the first value: most stores of most BMCs of a fleet never have one. */
  #own: Values<V> | undefined;
  readonly #records: Records | undefined;
  #pending: Map<string, Pending<V>> | undefined;

  /** What is lost or cannot be understood, in stores that guard; undefined: nothing. */
  #locks: Locks | undefined;

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
    if (journal && !isWoken) this.#load(journal, warn);
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
    return this.#locks?.has(String(key)) ?? false;
  }

  /** True where anything of the store may be locked. */
  get hasLocks(): boolean {
    return this.#locks !== undefined;
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
    return this.change([...this.keys()].map((key) => [key, undefined] as const));
  }

  /** Several changes as one: all are stored, or none. */
  change(changes: readonly (readonly [string | number, V | undefined])[]): Durable {
    if (changes.length === 0) return undefined;
    const records = this.#records;
    if (!records?.journal) {
      for (const [key, value] of changes) this.#put(String(key), value);
      return undefined;
    }
    for (const [key, value] of changes) this.#begin(String(key), value, changes);
    const { name, version } = this.declaration;
    const written = changes.map(([key, value]) =>
      version === 1
        ? { store: name, key: String(key), value }
        : { store: name, key: String(key), value, version },
    );
    const done = records.journal.write(written);
    const settle = (isStored: boolean): void => {
      if (done) records.writing--;
      if (isStored) for (const [key] of changes) this.#locks?.free(String(key));
      for (const [key, value] of changes) this.#settle(String(key), value, changes, isStored);
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

  #begin(key: string, value: V | undefined, change: object): void {
    this.#pending ??= new Map();
    const pending = this.#pending.get(key) ?? { stored: this.#values.get(key), latest: change, count: 0 };
    this.#pending.set(key, pending);
    pending.latest = change;
    pending.count++;
    this.#put(key, value);
  }

  /**
   * Changes settle in the order in which they were made. One that failed leaves what is on disk, unless a
   * later one has gone over it.
   */
  #settle(key: string, value: V | undefined, change: object, isStored: boolean): void {
    const pending = this.#pending?.get(key);
    if (!pending) return; // one has begun for each that settles
    if (isStored) pending.stored = value;
    else if (pending.latest === change) this.#put(key, pending.stored);
    if (--pending.count === 0) this.#pending?.delete(key);
  }

  #load(journal: Journal, warn: Warn): void {
    const { declaration } = this;
    const guards = isGuard(declaration);
    const bad = new Set<string>();
    for (const [key, stored, version = 1] of journal.load(declaration.name)) {
      const value = present(declaration, key, stored, version);
      if (value !== undefined) {
        this.#put(key, value);
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
    if (bad.size === 0 && !doubt) return;
    this.#locks = new Locks(bad, doubt);
    if (this.#records) this.#records.hasLocks = true;
  }

  #put(key: string, value: V | undefined): void {
    if (value === undefined) this.#own?.delete(key);
    else {
      this.#own ??= new Map();
      if (this.#own.size === 0) this.#records?.begin(this.name, this.#own);
      this.#own.set(key, value);
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

/** Keys of a store that guards whose last value is not known. */
class Locks {
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
