type Listener<A extends readonly unknown[]> = (...told: A) => void;

/** Those who want to know of something that happens to a piece of state, in the order in which they came. */
export class Listeners<A extends readonly unknown[]> {
  /** Nearly always one, or none: it needs no list. */
  #all: Listener<A> | readonly Listener<A>[] | undefined;

  // A list that is joined takes its size; one that is spread, room for sixteen more.
  /** Returns what takes the listener away again. */
  add(listener: Listener<A>): () => void {
    const before = this.#list;
    if (!before.includes(listener)) this.#keep(before.concat(listener));
    return () => this.#keep(this.#list.filter((other) => other !== listener));
  }

  /** Somebody listens. */
  get any(): boolean {
    return this.#all !== undefined;
  }

  /** Who comes meanwhile hears of the next; who goes meanwhile hears of nothing any more. */
  tell(...told: A): void {
    const all = this.#all;
    if (all === undefined) return;
    if (typeof all === 'function') return all(...told);
    for (const listener of all) if (this.#all === all || this.#list.includes(listener)) listener(...told);
  }

  get #list(): readonly Listener<A>[] {
    if (this.#all === undefined) return [];
    return typeof this.#all === 'function' ? [this.#all] : this.#all;
  }

  #keep(all: readonly Listener<A>[]): void {
    this.#all = all.length > 1 ? all : all[0];
  }
}
