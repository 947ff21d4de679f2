import type { Change } from './record.ts';

/** What is stored of BMCs, on their way from one state directory to another one. */
export interface Belongings {
  /** Theirs, whether something is stored or not. */
  readonly bmcs: readonly string[];
  readonly changes: readonly Change[];
}

/** Most entries of one record: a record is a piece that is whole or not there. */
const AT_ONCE = 256;

/** Entries of one BMC and store go together. */
export function changesOf(entries: Iterable<Change['entries'][number] & { readonly bmc: string }>): Change[] {
  const open = new Map<string, { readonly bmc: string; entries: Change['entries'][number][] }>();
  const changes: Change[] = [];
  for (const { bmc, ...entry } of entries) {
    const key = JSON.stringify([bmc, entry.store]);
    const known = open.get(key);
    if (known !== undefined && known.entries.length < AT_ONCE) {
      known.entries.push(entry);
      continue;
    }
    const change = { bmc, entries: [entry] };
    open.set(key, change);
    changes.push(change);
  }
  return changes;
}
