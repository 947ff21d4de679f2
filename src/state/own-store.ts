import { isGuard, type StoreDeclaration } from './store-declaration.ts';
import { allOf, present, Store, tolerated, type Durable, type Warn } from './store.ts';
import type { stores } from './stores.ts';

/**
 * Values that a program keeps by itself, in place of memory and journal; a `Map` is one. Keys are texts:
 * ids and numbers in decimal. `set` and `delete` may return a promise: who asked for the change is answered
 * when it resolves, and refused when it rejects (an IpmiError by its code, anything else by FFh); `get` has
 * to say the old value then. Values are looked at when they are read: what does not fit is told, and is not
 * there. Changes that come from elsewhere are seen with the next look, but for the keys of the SEL and of
 * the SDR repository: these are read once.
 */
export interface OwnStore<V> {
  keys(): Iterable<string>;
  get(key: string): V | undefined;
  set(key: string, value: V): unknown;
  delete(key: string): unknown;
  /** Everything at once; without it, key by key. */
  clear?(): unknown;
}

type ValueOf<D> = D extends StoreDeclaration<infer V> ? V : never;

/** Stores that a program brings, by the names of the declarations (docs/stores.md). */
export type OwnStores = { readonly [S in keyof typeof stores]?: OwnStore<ValueOf<(typeof stores)[S]>> };

/** The store of a declaration over values that a program keeps. */
export class BroughtStore<V> extends Store<V> {
  readonly #brought: OwnStore<V>;
  readonly #warn: Warn;
  /** Keys whose values were told to be none; each once. */
  readonly #told = new Set<string>();

  constructor(declaration: StoreDeclaration<V>, brought: OwnStore<V>, warn: Warn) {
    super(declaration);
    this.#brought = brought;
    this.#warn = warn;
  }

  override get isBrought(): boolean {
    return true;
  }

  /** What is there and is no value cannot be believed, and no setting may take its place. */
  override isLocked(key: string | number): boolean {
    return (
      isGuard(this.declaration) && this.#brought.get(String(key)) !== undefined && this.get(key) === undefined
    );
  }

  override get hasLocks(): boolean {
    return isGuard(this.declaration);
  }

  override get size(): number {
    return [...this.keys()].length;
  }

  override get(key: string | number): V | undefined {
    const text = String(key);
    const found = this.#brought.get(text);
    if (found === undefined) return undefined;
    const { name, version } = this.declaration;
    const value = present(this.declaration, text, found, version);
    if (value === undefined && this.#told.size < MOST_TOLD && !this.#told.has(text)) {
      this.#told.add(text);
      this.#warn(`the program's store ${name}: ${text.slice(0, 40)} is no value of it`);
    }
    return value;
  }

  override has(key: string | number): boolean {
    return this.get(key) !== undefined;
  }

  override *keys(): IterableIterator<string> {
    for (const key of this.#brought.keys()) if (this.has(key)) yield key;
  }

  override *entries(): IterableIterator<[string, V]> {
    for (const key of this.#brought.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Each by itself, in their order. */
  override change(changes: readonly (readonly [string | number, V | undefined])[]): Durable {
    return allOf(changes.map(([key, value]) => this.#put(String(key), value)));
  }

  override clear(): Durable {
    return this.#brought.clear === undefined ? super.clear() : durable(() => this.#brought.clear?.());
  }

  #put(key: string, value: V | undefined): Durable {
    return durable(() => (value === undefined ? this.#brought.delete(key) : this.#brought.set(key, value)));
  }
}

function durable(keep: () => unknown): Durable {
  try {
    const kept = keep();
    return kept instanceof Promise ? tolerated(kept.then(() => undefined)) : undefined;
  } catch (error) {
    return tolerated(Promise.reject(error));
  }
}

/** Lines about values that are none, of one store. */
const MOST_TOLD = 100;
