import type { Bmc } from '../bmc.ts';

/** What the view needs of the fleet. */
interface Rows {
  readonly names: () => Iterable<string>;
  readonly has: (name: string) => boolean;
  readonly count: () => number;
  /** Wakes it, and keeps it awake. */
  readonly hold: (name: string) => Bmc | undefined;
}

/**
 * The BMCs of a fleet as programs have them. Who takes one out may keep it: it is awake from then on. Names
 * and their number cost nothing.
 */
export class AwakeView implements ReadonlyMap<string, Bmc> {
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  get size(): number {
    return this.#rows.count();
  }

  has(name: string): boolean {
    return this.#rows.has(name);
  }

  get(name: string): Bmc | undefined {
    return this.#rows.hold(name);
  }

  *keys(): MapIterator<string> {
    yield* this.#rows.names();
  }

  *entries(): MapIterator<[string, Bmc]> {
    for (const name of this.#rows.names()) {
      const bmc = this.#rows.hold(name);
      if (bmc) yield [name, bmc];
    }
  }

  *values(): MapIterator<Bmc> {
    for (const [, bmc] of this.entries()) yield bmc;
  }

  [Symbol.iterator](): MapIterator<[string, Bmc]> {
    return this.entries();
  }

  forEach(call: (bmc: Bmc, name: string, map: ReadonlyMap<string, Bmc>) => void): void {
    for (const [name, bmc] of this.entries()) call(bmc, name, this);
  }
}
