/** The smallest part of a list that still fails, and how many parts were tried. */
export interface Shrunk<T> {
  readonly kept: readonly T[];
  readonly tried: number;
  /** The limit was reached: there may be a smaller one. */
  readonly isCut: boolean;
}

/**
 * Delta debugging: halves, then smaller pieces, are taken out for as long as what is left still fails. The
 * order of `items` stays, and what is tried follows from `items` and the answers of `fails` alone. `fails`
 * has to be true of the whole list; it is asked at most `limit` times.
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
  limit = 500,
): Promise<Shrunk<T>> {
  let kept = items;
  let pieces = 2;
  let tried = 0;
  while (kept.length > 1) {
    const size = Math.ceil(kept.length / pieces);
    let smaller: readonly T[] | undefined;
    for (let at = 0; at < kept.length && smaller === undefined; at += size) {
      if (tried === limit) return { kept, tried, isCut: true };
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      tried++;
      if (await fails(without)) smaller = without;
    }
    if (smaller !== undefined) {
      kept = smaller;
      pieces = Math.max(pieces - 1, 2);
    } else {
      // No single one can go.
      if (size === 1) break;
      pieces = Math.min(pieces * 2, kept.length);
    }
  }
  return { kept, tried, isCut: false };
}
