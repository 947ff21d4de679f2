import { DAMAGE, decodeChanges, isTorn, RecordReader, type Change, type Entry } from './record.ts';
import type { Seal } from './seal.ts';
import type { Doubt, Stored } from '../state/store.ts';
import type { OpenFile } from '../world/world.ts';

/** Read at once; small enough that others get their turn between two pieces. */
const PIECE = 256 * 1024;
/** Most of a tail that is looked at to tell torn from damaged. */
const TAIL_MOST = 1024 * 1024;

/** Of nobody: what the files of a directory know of each other. No BMC has this name. */
const DIRECTORY = '';
const FILES = 'files';
/** Keys that the other file that guards has, so that its loss locks those and no others. */
const NOTES = 'keys';

/**
 * What the files of one directory have in common: a file that does not have it is lost, foreign, or older
 * than the others.
 */
export interface Stamp {
  /** Made with the directory. */
  readonly id: string;
  /** Counts the starts. */
  readonly generation: number;
  /** How many changes the files that guard had taken by then, by file: one that has fewer now was cut. */
  readonly counts?: Readonly<Record<string, number>>;
}

interface Kept {
  readonly value: unknown;
  readonly version: number | undefined;
}

type Stores<T> = Map<string, Map<string, T>>;

/** The values that a journal's changes leave, by BMC, store and key. */
export class Contents {
  readonly #bmcs = new Map<string, Stores<Kept>>();
  /** Something is lost: keys that were written after that, by BMC and store; undefined: nothing is. */
  #certain: Map<string, Stores<Kept | undefined>> | undefined;
  #stamp: Stamp | undefined;
  /** The last change was the stamp. */
  #endsWithStamp = false;
  readonly #notes = new Set<string>();
  /** Every key of the other file is noted. */
  #hasAllNotes = false;
  /**
   * Changes of BMCs that this file has taken since it was made, those that a compaction left out included.
   */
  #count = 0;
  /** Values that were written; how many of them are left tells what is history. */
  #written = 0;

  apply({ bmc, entries }: Change): void {
    this.#endsWithStamp = false;
    if (bmc === DIRECTORY) {
      for (const { store, key, value } of entries) {
        if (store === FILES) this.#applyOwn(key, value);
        else if (store === NOTES) this.#notes.add(key);
      }
      return;
    }
    this.#count++;
    for (const { store, key, value, version } of entries) {
      const values = valuesOf(this.#bmcs, bmc, store);
      const kept = value === undefined ? undefined : { value, version };
      if (kept) values.set(key, kept);
      else values.delete(key);
      if (this.#certain) valuesOf(this.#certain, bmc, store).set(key, kept);
      this.#written++;
    }
  }

  #applyOwn(key: string, value: unknown): void {
    if (key === 'doubt') this.loseSome();
    else if (key === 'trust') this.trust();
    else if (key === 'notes') this.#hasAllNotes = true;
    else if (key === 'count' && Number.isSafeInteger(value)) this.#count = value as number;
    else if (key === 'stamp' && isStamp(value)) {
      this.#stamp = value;
      this.#endsWithStamp = true;
    }
  }

  get stamp(): Stamp | undefined {
    return this.#stamp;
  }

  get endsWithStamp(): boolean {
    return this.#endsWithStamp;
  }

  get count(): number {
    return this.#count;
  }

  /** Something of what was written until now cannot be read. */
  loseSome(): void {
    this.#certain = new Map();
  }

  /** Somebody has looked: what is there holds. */
  trust(): void {
    this.#certain = undefined;
  }

  get isInDoubt(): boolean {
    return this.#certain !== undefined;
  }

  /** A store's values, which are then the caller's alone: what is loaded is not kept twice. */
  *take(bmc: string, store: string): IterableIterator<Stored> {
    const values = this.#bmcs.get(bmc)?.get(store);
    this.#bmcs.get(bmc)?.delete(store);
    for (const [key, { value, version }] of values ?? []) yield [key, value, version];
  }

  /**
   * What a later reading of the same file has of one BMC, for whoever takes it next. Of what is lost, it
   * knows more: what was written since is certain.
   */
  putBack(bmc: string, later: Contents): void {
    const stores = later.#bmcs.get(bmc);
    if (stores) this.#bmcs.set(bmc, stores);
    else this.#bmcs.delete(bmc);
    const certain = later.#certain?.get(bmc);
    if (this.#certain && certain) this.#certain.set(bmc, certain);
  }

  /**
   * `other`: the file that has noted the keys of this one; where it cannot be sure of them, any key may have
   * been here.
   */
  doubt(bmc: string, store: string, other?: Contents): Doubt | undefined {
    const certain = this.#certain;
    if (!certain) return undefined;
    if (other && other.#hasAllNotes && !other.isInDoubt) {
      const prefix = noteOf(bmc, store, '').slice(0, -2);
      const noted = [...other.#notes].filter((note) => note.startsWith(prefix));
      const lost = new Set(
        noted.filter(
          (note) =>
            !certain
              .get(bmc)
              ?.get(store)
              ?.has((JSON.parse(note) as string[])[2]),
        ),
      );
      return lost.size === 0 ? undefined : { isCertain: (key) => !lost.has(noteOf(bmc, store, key)) };
    }
    return { isCertain: (key) => certain.get(bmc)?.get(store)?.has(key) ?? false };
  }

  /** Some of a store is there that nobody has taken. */
  holds(bmc: string, store: string): boolean {
    return (this.#bmcs.get(bmc)?.get(store)?.size ?? 0) > 0;
  }

  has(bmc: string, store: string, key: string): boolean {
    return this.#bmcs.get(bmc)?.get(store)?.has(key) ?? false;
  }

  /** The notes of an entry's keys in this file that are still to be written; undefined: none. */
  missingNotes(changes: Iterable<Change>): Change | undefined {
    const missing: Entry[] = [];
    for (const { bmc, entries } of changes) {
      if (bmc === DIRECTORY) continue;
      for (const { store, key } of entries) {
        const note = noteOf(bmc, store, key);
        if (!this.#notes.has(note)) missing.push({ store: NOTES, key: note, value: true });
      }
    }
    return missing.length === 0 ? undefined : { bmc: DIRECTORY, entries: missing };
  }

  get hasAllNotes(): boolean {
    return this.#hasAllNotes;
  }

  /** The BMCs of which something is here that nobody has taken, each with how many values. */
  left(): Map<string, number> {
    const counts = [...this.#bmcs].map(
      ([bmc, stores]) => [bmc, [...stores.values()].reduce((sum, { size }) => sum + size, 0)] as const,
    );
    return new Map(counts.filter(([, count]) => count > 0));
  }

  /** True where less than half of what was written is left. */
  get isMostlyHistory(): boolean {
    const left = [...this.left().values()].reduce((sum, count) => sum + count, 0);
    return this.#written > 2 * left;
  }

  *entries(): IterableIterator<Entry & { readonly bmc: string }> {
    for (const [bmc, stores] of this.#bmcs)
      for (const [store, values] of stores)
        for (const [key, kept] of values) yield { bmc, ...entryOf(store, key, kept) };
  }

  /**
   * What a new file has to say: of two parts, where something is lost, because what is certain stands behind
   * what is not.
   */
  *changes(): IterableIterator<Change> {
    for (const { bmc, ...entry } of this.entries())
      if (!this.doubt(bmc, entry.store)?.isCertain(entry.key)) yield { bmc, entries: [entry] };
    if (this.#certain) {
      yield doubtChange();
      for (const [bmc, stores] of this.#certain)
        for (const [store, values] of stores)
          for (const [key, kept] of values) yield { bmc, entries: [entryOf(store, key, kept)] };
    }
    if (this.#notes.size > 0)
      yield { bmc: DIRECTORY, entries: [...this.#notes].map((key) => ({ store: NOTES, key, value: true })) };
    if (this.#hasAllNotes) yield allNotesChange();
    // Behind the values, each of which counts as it is read.
    yield { bmc: DIRECTORY, entries: [{ store: FILES, key: 'count', value: this.#count }] };
    if (this.#stamp) yield stampChange(this.#stamp);
  }
}

const noteOf = (bmc: string, store: string, key: string): string => JSON.stringify([bmc, store, key]);

/** A change of a BMC, and not what the files know of each other. */
export const isOfBmc = ({ bmc }: Change): boolean => bmc !== DIRECTORY;

export const allNotesChange = (): Change => ({
  bmc: DIRECTORY,
  entries: [{ store: FILES, key: 'notes', value: true }],
});
export const doubtChange = (): Change => ({
  bmc: DIRECTORY,
  entries: [{ store: FILES, key: 'doubt', value: true }],
});
export const trustChange = (): Change => ({
  bmc: DIRECTORY,
  entries: [{ store: FILES, key: 'trust', value: true }],
});
export const stampChange = (stamp: Stamp): Change => ({
  bmc: DIRECTORY,
  entries: [{ store: FILES, key: 'stamp', value: stamp }],
});

function valuesOf<T>(bmcs: Map<string, Stores<T>>, bmc: string, store: string): Map<string, T> {
  const stores = bmcs.get(bmc) ?? new Map<string, Map<string, T>>();
  bmcs.set(bmc, stores);
  const values = stores.get(store) ?? new Map<string, T>();
  stores.set(store, values);
  return values;
}

const entryOf = (store: string, key: string, kept: Kept | undefined): Entry =>
  kept?.version === undefined
    ? { store, key, value: kept?.value }
    : { store, key, value: kept.value, version: kept.version };

function isStamp(value: unknown): value is Stamp {
  if (typeof value !== 'object' || value === null) return false;
  const { id, generation, counts = {} } = value as Partial<Stamp>;
  return (
    typeof id === 'string' &&
    Number.isSafeInteger(generation) &&
    Object.values(counts).every((count) => Number.isSafeInteger(count))
  );
}

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

/** Reads records from `start` to `end`, a piece at a time. */
export async function readRecords(
  file: OpenFile,
  start: number,
  end: number,
  seal: Seal | undefined,
): Promise<Reading> {
  const contents = new Contents();
  const reader = new RecordReader();
  let records = 0;
  let unreadable = 0;
  const take = (payloads: readonly (Uint8Array | typeof DAMAGE)[]): void => {
    for (const payload of payloads) {
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
