/** What one counter counts: `unit`s (requests, datagrams, log-ins) that `counts` says more of. */
export interface CounterDeclaration {
  readonly unit: string;
  readonly counts: string;
}

/** The counters that there are of one thing, each declared once. */
export type CounterTable<N extends string = string> = Readonly<Record<N, CounterDeclaration>>;

/** Numbers by name, since their owner was made or a command cleared them. What each is: the owner's table. */
export type Counts<N extends string = string> = Readonly<Record<N, number>>;

/** Every counter of a table at nought: plain fields, so that counting is an addition and nothing else. */
export const noCounts = <N extends string>(table: CounterTable<N>): Record<N, number> =>
  Object.fromEntries(Object.keys(table).map((name) => [name, 0])) as Record<N, number>;

/** A table of reasons that say themselves what they count. */
export const reasonTable = <N extends string>(unit: string, reasons: readonly N[]): CounterTable<N> =>
  Object.fromEntries(
    reasons.map((reason): [string, CounterDeclaration] => [reason, { unit, counts: reason }]),
  ) as CounterTable<N>;

/** Adds some counts to others of the same table. */
export function addCounts<N extends string>(total: Record<N, number>, more: Counts<N>): void {
  for (const name in more) total[name] += more[name];
}
