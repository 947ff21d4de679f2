import { decodeChange, RecordReader, type Change, type Entry } from './record.ts';
import type { Seal } from './seal.ts';
import type { OpenFile } from '../world/world.ts';

/** Read at once; small enough that others get their turn between two pieces. */
const PIECE = 256 * 1024;

/** The values that a journal's changes leave, by BMC, store and key. */
export class Contents {
  readonly #bmcs = new Map<string, Map<string, Map<string, unknown>>>();

  apply({ bmc, entries }: Change): void {
    const stores = this.#bmcs.get(bmc) ?? new Map<string, Map<string, unknown>>();
    this.#bmcs.set(bmc, stores);
    for (const { store, key, value } of entries) {
      const values = stores.get(store) ?? new Map<string, unknown>();
      stores.set(store, values);
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    }
  }

  /** A store's values, which are then the caller's alone: what is loaded is not kept twice. */
  take(bmc: string, store: string): ReadonlyMap<string, unknown> {
    const values = this.#bmcs.get(bmc)?.get(store);
    this.#bmcs.get(bmc)?.delete(store);
    return values ?? new Map<string, unknown>();
  }

  /** The BMCs of which something is here that nobody has taken, each with how many values. */
  left(): Map<string, number> {
    const counts = [...this.#bmcs].map(([bmc, stores]) => [bmc, [...stores.values()].reduce((sum, { size }) => sum + size, 0)] as const);
    return new Map(counts.filter(([, count]) => count > 0));
  }

  *entries(): IterableIterator<Entry & { readonly bmc: string }> {
    for (const [bmc, stores] of this.#bmcs) {
      for (const [store, values] of stores) for (const [key, value] of values) yield { bmc, store, key, value };
    }
  }
}

/** What reading a journal from its first record to `end` gives. */
export interface Reading {
  readonly contents: Contents;
  /** Where the last whole record ends, from the start of the file. */
  readonly whole: number;
  readonly damaged: number;
  readonly records: number;
}

/** Reads records from `start` to `end`, a piece at a time. */
export async function readRecords(file: OpenFile, start: number, end: number, seal: Seal | undefined): Promise<Reading> {
  const contents = new Contents();
  const reader = new RecordReader();
  let records = 0;
  let unreadable = 0;
  const take = (payloads: readonly Uint8Array[]): void => {
    for (const payload of payloads) {
      const change = decodeChange(payload, seal);
      if (change) {
        contents.apply(change);
        records++;
      } else unreadable++;
    }
  };
  for (let at = start; at < end; at += PIECE) take(reader.push(await file.readAt(at, Math.min(PIECE, end - at))));
  take(reader.finish());
  return { contents, whole: start + reader.whole, damaged: reader.damaged + unreadable, records };
}
