/** Those who want to know of something that happens to a piece of state, in the order in which they came. */
export class Listeners<A extends readonly unknown[]> {
  /** Made with the first. */
  #all: Set<(...what: A) => void> | undefined;

  /** Returns what takes the listener away again. */
  add(listener: (...what: A) => void): () => void {
    (this.#all ??= new Set()).add(listener);
    return () => void this.#all?.delete(listener);
  }

  /** Somebody listens. */
  get any(): boolean {
    return this.#all !== undefined && this.#all.size > 0;
  }

  tell(...what: A): void {
    if (this.#all) for (const listener of this.#all) listener(...what);
  }
}
