import type { OpenFile } from '../world/world.ts';
import { Contents } from './contents.ts';
import { DAMAGE, decodeChanges, isTorn, RecordReader } from './record.ts';
import type { Seal } from './seal.ts';

/** Read at once; small enough that others get their turn between two pieces. */
const PIECE = 256 * 1024;
/** Most of a tail that is looked at to tell torn from damaged. */
const TAIL_MOST = 1024 * 1024;

/** What reading a journal from its first record to `end` gives. */
export interface Reading {
  readonly contents: Contents;
  /** Where the last whole record ends, from the start of the file. */
  readonly whole: number;
  readonly damaged: number;
  readonly records: number;
  /**
   * How the file ends: behind its last record, in one that a power loss cut short, or in one that was whole
   * once.
   */
  readonly tail: 'none' | 'torn' | 'damaged';
}

/** How a file is read. */
interface ReadOptions {
  /** The values in its records, too; else those that are asked for, then. */
  readonly readsAll?: boolean;
  /** For the lines. */
  readonly path?: string;
  /** Told, a line each, of records that say nothing when somebody asks for them. */
  readonly warn?: (message: string) => void;
}

/** Reads records from `start` to `end`, a piece at a time. */
export async function readRecords(
  file: OpenFile,
  start: number,
  end: number,
  seal: Seal | undefined,
  { readsAll = true, path, warn }: ReadOptions = {},
): Promise<Reading> {
  const contents = new Contents(
    warn && ((bmc, store, count) => warn(`${path}: ${unreadableLine(bmc, store, count)}`)),
  );
  const reader = new RecordReader();
  let records = 0;
  let unreadable = 0;
  const isLate = !readsAll && seal === undefined;
  const take = (payloads: readonly (Uint8Array | typeof DAMAGE)[]): void => {
    for (const payload of payloads) {
      if (isLate && payload !== DAMAGE && contents.applyUnread(payload)) {
        records++;
        continue;
      }
      const changes = decodeChanges(payload, seal);
      if (changes) {
        for (const change of changes) contents.apply(change);
        records += changes.length;
        continue;
      }
      contents.loseSome();
      if (payload !== DAMAGE) unreadable++;
    }
  };
  for (let at = start; at < end; at += PIECE)
    take(reader.push(await file.readAt(at, Math.min(PIECE, end - at))));
  take(reader.finish());
  contents.finish();
  const whole = start + reader.whole;
  const tail =
    whole >= end
      ? 'none'
      : isTorn(await file.readAt(whole, Math.min(TAIL_MOST, end - whole)), whole)
        ? 'torn'
        : 'damaged';
  if (tail === 'damaged') contents.loseSome();
  return {
    contents,
    whole,
    damaged: reader.damaged + unreadable + (tail === 'damaged' ? 1 : 0),
    records,
    tail,
  };
}

const unreadableLine = (bmc: string, store: string, count: number): string =>
  `${count} record(s) of ${store} of ${bmc} are whole and say nothing that can be read; serving without, they stay in the file`;
