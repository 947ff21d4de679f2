import type { Change, Entry } from './record.ts';
import { RecordSorter, UnreadValues } from './unread-values.ts';
import type { Doubt, Stored } from '../state/store.ts';

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
/** Of a store, by key; or its records, until somebody asks for one. */
type Values = Map<string, Kept> | UnreadValues;

/** Stores that are read to guess how much of all is history. */
const SAMPLES = 64;

/** The values that a journal's changes leave, by BMC, store and key. */
export class Contents {
  readonly #tell: ((bmc: string, store: string, count: number) => void) | undefined;
  /** Records that say nothing, though their codes are right, by BMC: they stay in the file as they are. */
  readonly #unreadable = new Map<string, readonly Uint8Array[]>();
  readonly #bmcs = new Map<string, Map<string, Values>>();
  /** While records are taken that nobody has read. */
  #sorter: RecordSorter<UnreadValues> | undefined;
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

  /** `unreadable`: told, once of each store, of records that say nothing, though their codes are right. */
  constructor(unreadable?: (bmc: string, store: string, count: number) => void) {
    this.#tell = unreadable;
  }

  /**
   * A record as a file that is not sealed has it, which is read when somebody asks for its store. False: it
   * has to be read at once.
   */
  applyUnread(payload: Uint8Array): boolean {
    // Of what may be lost, it counts what was written since.
    if (this.#certain) return false;
    this.#sorter ??= new RecordSorter(({ bmc, store }) => this.#unread(bmc, store));
    const sorted = this.#sorter.sort(payload);
    if (sorted === undefined) return false;
    sorted.found.add(payload, sorted.deletes);
    this.#endsWithStamp = false;
    this.#count++;
    this.#written++;
    return true;
  }

  /** Undefined: some of its records have been read. */
  #unread(bmc: string, store: string): UnreadValues | undefined {
    const stores = storesOf(this.#bmcs, bmc);
    const known = stores.get(store);
    if (known !== undefined) return known instanceof UnreadValues ? known : undefined;
    const values = new UnreadValues();
    stores.set(store, values);
    return values;
  }

  /** All records are taken. */
  finish(): void {
    this.#sorter = undefined;
  }

  /** A store's values, read. */
  #read(bmc: string, store: string): Map<string, Kept> | undefined {
    const stores = this.#bmcs.get(bmc);
    const values = stores?.get(store);
    if (!(values instanceof UnreadValues)) return values;
    const read = readFrom(values);
    stores?.set(store, read);
    this.#keepUnreadable(bmc, store, values);
    // It may have more records, which are to be read as well.
    this.#sorter = undefined;
    return read;
  }

  #keepUnreadable(bmc: string, store: string, { unreadable }: UnreadValues): void {
    if (unreadable.length === 0) return;
    this.#unreadable.set(bmc, [...(this.#unreadable.get(bmc) ?? []), ...unreadable]);
    this.#tell?.(bmc, store, unreadable.length);
  }

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
      const values = this.#read(bmc, store) ?? this.#begun(bmc, store);
      const kept = value === undefined ? undefined : { value, version };
      if (kept) values.set(key, kept);
      else values.delete(key);
      if (this.#certain) valuesOf(this.#certain, bmc, store).set(key, kept);
      this.#written++;
    }
  }

  #begun(bmc: string, store: string): Map<string, Kept> {
    const values = new Map<string, Kept>();
    storesOf(this.#bmcs, bmc).set(store, values);
    return values;
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
    const values = this.#read(bmc, store);
    this.#bmcs.get(bmc)?.delete(store);
    for (const [key, { value, version }] of values ?? []) yield [key, value, version];
  }

  /**
   * What a later reading of the same file has of one BMC, for whoever takes it next. Of what is lost, it
   * knows more: what was written since is certain.
   */
  putBack(bmc: string, later: Contents): void {
    const stores = later.#bmcs.get(bmc);
    // Those of stores that nobody has read yet are with them.
    this.#unreadable.delete(bmc);
    const unreadable = later.#unreadable.get(bmc);
    if (unreadable) this.#unreadable.set(bmc, unreadable);
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
    const values = this.#bmcs.get(bmc)?.get(store);
    if (values instanceof UnreadValues && !values.deletes) return true;
    return (this.#read(bmc, store)?.size ?? 0) > 0;
  }

  has(bmc: string, store: string, key: string): boolean {
    return this.#read(bmc, store)?.has(key) ?? false;
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

  /** Stores of which something is here, or was. */
  get stores(): ReadonlySet<string> {
    return new Set([...this.#bmcs.values()].flatMap((stores) => [...stores.keys()]));
  }

  /** BMCs beside the known ones of which something is here that nobody has taken, with how many values. */
  left(known: ReadonlySet<string>): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [bmc, stores] of this.#bmcs) {
      if (known.has(bmc)) continue;
      const count = [...stores.values()].reduce((sum, values) => sum + readFrom(values).size, 0);
      if (count > 0) counts.set(bmc, count);
    }
    return counts;
  }

  /** True where less than half of what was written is left; of many stores that nobody has read, a guess. */
  get isMostlyHistory(): boolean {
    let left = 0;
    const unread: UnreadValues[] = [];
    for (const stores of this.#bmcs.values())
      for (const values of stores.values())
        if (values instanceof UnreadValues) unread.push(values);
        else left += values.size;
    const every = Math.max(1, Math.floor(unread.length / SAMPLES));
    const samples = unread.filter((_values, i) => i % every === 0);
    const sampled = samples.reduce((sum, values) => sum + readFrom(values).size, 0);
    const written = (some: readonly UnreadValues[]): number =>
      some.reduce((sum, { count }) => sum + count, 0);
    if (samples.length > 0) left += (sampled * written(unread)) / written(samples);
    return this.#written > 2 * left;
  }

  *entries(): IterableIterator<Entry & { readonly bmc: string }> {
    for (const [bmc, stores] of this.#bmcs)
      for (const [store, values] of stores)
        for (const [key, kept] of readFrom(values)) yield { bmc, ...entryOf(store, key, kept) };
  }

  /**
   * What a new file has to say: of two parts, where something is lost, because what is certain stands behind
   * what is not.
   */
  *changes(): IterableIterator<Change> {
    for (const record of this.records()) if (!(record instanceof Uint8Array)) yield record;
  }

  /** As `changes`, and the payloads of records that could not be read. */
  *records(): IterableIterator<Change | Uint8Array> {
    for (const { bmc, ...entry } of this.entries())
      if (!this.doubt(bmc, entry.store)?.isCertain(entry.key)) yield { bmc, entries: [entry] };
    for (const unreadable of this.#unreadable.values()) yield* unreadable;
    for (const stores of this.#bmcs.values())
      for (const values of stores.values()) if (values instanceof UnreadValues) yield* values.unreadable;
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

function storesOf<V>(bmcs: Map<string, Map<string, V>>, bmc: string): Map<string, V> {
  const stores = bmcs.get(bmc) ?? new Map<string, V>();
  bmcs.set(bmc, stores);
  return stores;
}

function valuesOf<T>(bmcs: Map<string, Stores<T>>, bmc: string, store: string): Map<string, T> {
  const stores = storesOf(bmcs, bmc);
  const values = stores.get(store) ?? new Map<string, T>();
  stores.set(store, values);
  return values;
}

/** Of records that nobody has read, for this once. */
function readFrom(values: Values): Map<string, Kept> {
  if (!(values instanceof UnreadValues)) return values;
  const read = new Map<string, Kept>();
  for (const { key, value, version } of values.entries())
    if (value === undefined) read.delete(key);
    else read.set(key, { value, version });
  return read;
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
