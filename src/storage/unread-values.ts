import { decodeChanges, type Entry } from './record.ts';

/** Where the beginning of a record ends: `["bmc",["store","`. */
interface Prefix {
  readonly end: number;
  /** Where the names end. */
  readonly bmc: number;
  readonly store: number;
  readonly hash: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const FIRST = 256;
/** Bytes of the length before each record. */
const LENGTH = 4;
const NONE: readonly never[] = [];

/**
 * Records of one store of one BMC as a journal has them, until somebody wants their values: most BMCs of a
 * fleet sleep, and a record is a fifth of the objects that it stands for.
 */
export class UnreadValues {
  /** How many records. */
  count = 0;
  /** One of them at least deletes something. */
  deletes = false;
  /** Records that were read and say nothing that a record can say. */
  unreadable: readonly Uint8Array[] = NONE;
  #bytes = new Uint8Array(FIRST);
  #size = 0;

  add(payload: Uint8Array, deletes: boolean): void {
    const size = this.#size + LENGTH + payload.length;
    if (size > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = bytes;
    }
    new DataView(this.#bytes.buffer).setUint32(this.#size, payload.length, true);
    this.#bytes.set(payload, this.#size + LENGTH);
    this.#size = size;
    this.count++;
    this.deletes ||= deletes;
  }

  /**
   * In the order in which they were written. What is no change, though its code is right, is left out, and in
   * `unreadable` from then on.
   */
  *entries(): IterableIterator<Entry> {
    const view = new DataView(this.#bytes.buffer);
    this.unreadable = NONE;
    for (let at = 0; at < this.#size;) {
      const length = view.getUint32(at, true);
      at += LENGTH;
      const payload = this.#bytes.subarray(at, at + length);
      const changes = decodeChanges(payload);
      if (changes === undefined) this.unreadable = [...this.unreadable, payload.slice()];
      else for (const { entries } of changes) yield* entries;
      at += length;
    }
  }
}

/** Whose a record is. */
interface Owner {
  readonly bmc: string;
  readonly store: string;
}

/**
 * Sorts records by their beginning, which is the same for all of a BMC and store. `T`: what is kept for these.
 */
export class RecordSorter<T> {
  readonly #find: (of: Owner) => T | undefined;
  /** By a hash of the beginning. */
  readonly #known = new Map<number, { readonly prefix: Uint8Array; readonly found: T }>();

  /** `find` is asked once for each BMC and store; undefined: its records have to be read. */
  constructor(find: (of: Owner) => T | undefined) {
    this.#find = find;
  }

  /** Undefined: it has to be read to know. */
  sort(payload: Uint8Array): { readonly found: T; readonly deletes: boolean } | undefined {
    const prefix = prefixOf(payload);
    const deletes = prefix && doesDelete(payload, prefix.end);
    if (prefix === undefined || deletes === undefined) return undefined;
    const found = this.#of(payload, prefix);
    return found === undefined ? undefined : { found, deletes };
  }

  #of(payload: Uint8Array, { hash, bmc, store, end }: Prefix): T | undefined {
    const known = this.#known.get(hash);
    // Two with the same hash: of one of them all is read.
    if (known !== undefined) return startsWith(payload, known.prefix) ? known.found : undefined;
    const prefix = payload.slice(0, end);
    const text = String.fromCharCode(...prefix);
    const found = this.#find({ bmc: text.slice(2, bmc), store: text.slice(bmc + 4, store) });
    if (found !== undefined) this.#known.set(hash, { prefix, found });
    return found;
  }
}

function startsWith(payload: Uint8Array, prefix: Uint8Array): boolean {
  if (payload.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (payload[i] !== prefix[i]) return false;
  return true;
}

/** Undefined for what does not begin so, or has letters that are written in another way. */
function prefixOf(payload: Uint8Array): Prefix | undefined {
  if (payload[0] !== OPEN || payload[1] !== QUOTE) return undefined;
  const bmc = endOfText(payload, 2);
  // A BMC without a name: what the files know of each other.
  if (bmc === undefined || bmc === 2) return undefined;
  if (payload[bmc + 1] !== COMMA || payload[bmc + 2] !== OPEN || payload[bmc + 3] !== QUOTE) return undefined;
  const store = endOfText(payload, bmc + 4);
  if (store === undefined || payload[store + 1] !== COMMA || payload[store + 2] !== QUOTE) return undefined;
  // FNV-1a.
  let hash = 0x811c9dc5;
  for (let at = 2; at < store; at++) hash = Math.imul(hash ^ payload[at], 0x01000193);
  return { end: store + 3, bmc, store, hash };
}

/** Where the quotation mark stands that ends a text; undefined: nowhere, or behind what has to be read. */
function endOfText(payload: Uint8Array, from: number): number | undefined {
  for (let at = from; at < payload.length; at++) {
    const byte = payload[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte >= 0x80) return undefined;
  }
  return undefined;
}

/**
 * Whether the one entry that follows deletes something; undefined: there may be more than one, or it does not
 * end as an entry does.
 */
function doesDelete(payload: Uint8Array, from: number): boolean | undefined {
  const key = endOfText(payload, from);
  const last = payload.length - 1;
  if (key === undefined || payload[last] !== CLOSE || payload[last - 1] !== CLOSE) return undefined;
  for (let at = key; at < last - 2; at++)
    if (payload[at] === CLOSE && payload[at + 1] === COMMA && payload[at + 2] === OPEN) return undefined;
  return key === last - 2;
}
