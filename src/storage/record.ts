import { hexBytes, hexText } from '../codec/index.ts';
import { crc32 } from './crc32.ts';
import type { Seal } from './seal.ts';

/**
 * A journal file: the magic line (a sealed file's salt and key check behind it), then records.
 *
 *   marker (4: 1Eh "bmc")   length (4, least significant first)   CRC-32 of the payload (4)   payload
 *
 * The payload is one change of one BMC, as a JSON list: [bmc, [store, key, value], [store, key, value] ...],
 * or a list of such; all of it counts, or none. A value that is absent was deleted; a fourth member is the
 * version of a value whose version is not 1. Bytes are written as { "$bytes": "hex" }. In a sealed file the
 * payload is encrypted. Of a BMC without a name is what the files know of each other.
 */
export const MAGIC = 'ipmi-bmc journal 1\n';
export const SEALED_MAGIC = 'ipmi-bmc journal 1 sealed\n';

/** One value of one BMC's store. */
export interface Entry {
  readonly store: string;
  readonly key: string;
  readonly value: unknown;
  /** Format of the value, where it is not 1. */
  readonly version?: number;
}

/** What is stored as one: all of its entries, or none. */
export interface Change {
  readonly bmc: string;
  readonly entries: readonly Entry[];
}

const MARKER = [0x1e, 0x62, 0x6d, 0x63] as const;
const HEADER = 12;
const TEXT = new TextDecoder();
/** No record is longer; a length above it is damage. */
const LONGEST = 16 * 1024 * 1024;

/** A stretch that could not be read, with something whole behind it. */
export const DAMAGE: unique symbol = Symbol('damage');

export const encodeChange = (change: Change, seal?: Seal): Uint8Array => encoded(listOf(change), seal);

/** Several changes as one record: a loss of power leaves all of them, or none. */
export const encodeChanges = (changes: readonly Change[], seal?: Seal): Uint8Array =>
  encoded(changes.length === 1 ? listOf(changes[0]) : changes.map(listOf), seal);

const listOf = ({ bmc, entries }: Change): unknown[] => [bmc, ...entries.map(listed)];

function encoded(list: readonly unknown[], seal: Seal | undefined): Uint8Array {
  const plain = new TextEncoder().encode(JSON.stringify(list, pack));
  return encodePayload(seal ? seal.close(plain) : plain);
}

/** A record of a payload as a file has it, whatever that says. */
export function encodePayload(payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER + payload.length);
  const view = new DataView(out.buffer);
  out.set(MARKER);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, crc32(payload), true);
  out.set(payload, HEADER);
  return out;
}

function listed({ store, key, value, version }: Entry): unknown[] {
  if (value === undefined) return [store, key];
  return version === undefined ? [store, key, value] : [store, key, value, version];
}

/** Undefined for a payload that is no change, or sealed with another key. */
export function decodeChange(payload: Uint8Array | typeof DAMAGE, seal?: Seal): Change | undefined {
  return decodeChanges(payload, seal)?.[0];
}

/** Undefined for a payload that holds something else than changes, or is sealed with another key. */
export function decodeChanges(payload: Uint8Array | typeof DAMAGE, seal?: Seal): Change[] | undefined {
  if (payload === DAMAGE) return undefined;
  const plain = seal ? seal.open(payload) : payload;
  if (!plain) return undefined;
  try {
    const list: unknown = JSON.parse(TEXT.decode(plain));
    if (!Array.isArray(list) || list.length === 0) return undefined;
    const changes = (Array.isArray(list[0]) ? list : [list]).map(changeIn);
    return changes.every((change) => change !== undefined) ? changes : undefined;
  } catch {
    return undefined;
  }
}

function changeIn(list: unknown): Change | undefined {
  if (!Array.isArray(list)) return undefined;
  const [bmc, ...entries] = list as unknown[];
  return typeof bmc === 'string' && entries.every(isEntry)
    ? { bmc, entries: entries.map(entryOf) }
    : undefined;
}

type ListedEntry = readonly [store: string, key: string, value?: unknown, version?: number];

const isEntry = (entry: unknown): entry is ListedEntry =>
  Array.isArray(entry) &&
  typeof entry[0] === 'string' &&
  typeof entry[1] === 'string' &&
  (entry[3] === undefined || Number.isSafeInteger(entry[3]));

const entryOf = ([store, key, value, version]: ListedEntry): Entry =>
  version === undefined
    ? { store, key, value: unpacked(value) }
    : { store, key, value: unpacked(value), version };

/** Bytes where `pack` has written them. A reviver would be called for each digit's surroundings, too. */
function unpacked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return hexBytes(String(value.$bytes));
  if (Array.isArray(value)) return value.map(unpacked);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unpacked(member)]));
}

/** Cuts a file that is read in pieces into records, and finds its way again behind damage. */
export class RecordReader {
  /** Where the last whole record ends, in bytes from where reading began; what follows is a torn tail. */
  whole = 0;
  /** Stretches between whole records that could not be read. */
  damaged = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #restAt = 0;
  #lost = false;

  /** The payloads that are whole now, and where between them something could not be read. */
  push(piece: Uint8Array): (Uint8Array | typeof DAMAGE)[] {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    return this.#cut(bytes, false);
  }

  /** The end of the file: a length that reached beyond it was no length, so records may stand behind it. */
  finish(): (Uint8Array | typeof DAMAGE)[] {
    return this.#cut(this.#rest, true);
  }

  #cut(bytes: Uint8Array, isEnd: boolean): (Uint8Array | typeof DAMAGE)[] {
    const payloads: (Uint8Array | typeof DAMAGE)[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length) {
      const place = this.#recordAt(bytes, view, at);
      if (place === 'more' && !isEnd) break;
      if (typeof place === 'object') {
        // Damage counts only where something whole follows: at the end it is a torn tail.
        if (this.#lost) {
          this.damaged++;
          payloads.push(DAMAGE);
        }
        this.#lost = false;
        payloads.push(place);
        at += HEADER + place.length;
        this.whole = this.#restAt + at;
      } else {
        this.#lost = true;
        at = nextMarker(bytes, at + 1);
      }
    }
    this.#rest = bytes.slice(at);
    this.#restAt += at;
    return payloads;
  }

  #recordAt(bytes: Uint8Array, view: DataView, at: number): Uint8Array | 'more' | 'damage' {
    if (bytes.length - at < HEADER) return isMarker(bytes, at) ? 'more' : 'damage';
    if (!isMarker(bytes, at)) return 'damage';
    const length = view.getUint32(at + 4, true);
    if (length > LONGEST) return 'damage';
    if (at + HEADER + length > bytes.length) return 'more';
    const payload = bytes.subarray(at + HEADER, at + HEADER + length);
    return crc32(payload) === view.getUint32(at + 8, true) ? payload : 'damage';
  }
}

/**
 * A lost page or sector is zeros as far as a sector's or the file's end; no shorter row of them is believed.
 */
const SECTOR = 512;
const FEWEST_ZEROS = 8;

/**
 * Whether a file that ends in `tail` (of a file, from byte `at` on) may have been cut short by a loss of
 * power while it was written: then nobody was told that it is stored. False: what stands there was whole
 * once, and was changed since.
 */
export function isTorn(tail: Uint8Array, at: number): boolean {
  if (hasHole(tail, at)) return true;
  if (!isMarker(tail, 0)) return false;
  if (tail.length < HEADER) return true;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  const length = view.getUint32(4, true);
  // A length that lies over a payload that does not.
  if (crc32(tail.subarray(HEADER)) === view.getUint32(8, true)) return false;
  return length <= LONGEST && HEADER + length > tail.length;
}

function hasHole(tail: Uint8Array, at: number): boolean {
  let zeros = 0;
  for (let i = 0; i < tail.length; i++) {
    zeros = tail[i] === 0 ? zeros + 1 : 0;
    const isEnd = i + 1 === tail.length || (at + i + 1) % SECTOR === 0;
    if (isEnd && (zeros >= FEWEST_ZEROS || zeros === i + 1)) return true;
  }
  return false;
}

/** True where a marker stands, or its beginning at the end of what is read so far. */
function isMarker(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < MARKER.length && at + i < bytes.length; i++)
    if (bytes[at + i] !== MARKER[i]) return false;
  return true;
}

function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARKER[0], from); at >= 0; at = bytes.indexOf(MARKER[0], at + 1))
    if (isMarker(bytes, at)) return at;
  return bytes.length;
}

export function pack(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $bytes: hexText(value) } : value;
}

export function unpack(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
  return hexBytes(String(value.$bytes));
}
