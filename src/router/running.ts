import type { Context } from '../joint/message.ts';

/** Counts requests under way; what `synchronize_rcu()` was to the RFC. */
export class Running {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Returns what ends the count, once: the answer or the deadline, whichever is first. */
  start(context: Context): () => void {
    this.#count++;
    let counted = true;
    const stop = (): void => {
      if (!counted) return;
      counted = false;
      if (--this.#count > 0) return;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
    context.whenDone(stop);
    return stop;
  }

  idle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
