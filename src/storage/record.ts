import { hexBytes, hexText } from '../codec/index.ts';
import { crc32 } from './crc32.ts';
import type { Seal } from './seal.ts';

/**
 * A journal file: the magic line (a sealed file's salt and key check behind it), then records.
 *
 *   marker (4: 1Eh "bmc")   length (4, least significant first)   CRC-32 of the payload (4)   payload
 *
 * The payload is one change of one BMC, as a JSON list: [bmc, [store, key, value], [store, key, value] ...]; all of it counts, or
 * none. A value that is absent was deleted. Bytes are written as { "$bytes": "hex" }. In a sealed file the payload is encrypted.
 */
export const MAGIC = 'ipmi-bmc journal 1\n';
export const SEALED_MAGIC = 'ipmi-bmc journal 1 sealed\n';

/** One value of one BMC's store. */
export interface Entry {
  readonly store: string;
  readonly key: string;
  readonly value: unknown;
}

/** What is stored as one: all of its entries, or none. */
export interface Change {
  readonly bmc: string;
  readonly entries: readonly Entry[];
}

const MARKER = [0x1e, 0x62, 0x6d, 0x63] as const;
const HEADER = 12;
/** No record is longer; a length above it is damage. */
const LONGEST = 16 * 1024 * 1024;

export function encodeChange({ bmc, entries }: Change, seal?: Seal): Uint8Array {
  const list = [bmc, ...entries.map(({ store, key, value }) => (value === undefined ? [store, key] : [store, key, value]))];
  const plain = new TextEncoder().encode(JSON.stringify(list, pack));
  const payload = seal ? seal.close(plain) : plain;
  const out = new Uint8Array(HEADER + payload.length);
  const view = new DataView(out.buffer);
  out.set(MARKER);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, crc32(payload), true);
  out.set(payload, HEADER);
  return out;
}

/** Undefined for a payload that is no change, or sealed with another key. */
export function decodeChange(payload: Uint8Array, seal?: Seal): Change | undefined {
  const plain = seal ? seal.open(payload) : payload;
  if (!plain) return undefined;
  try {
    const [bmc, ...entries] = JSON.parse(new TextDecoder().decode(plain), unpack) as [string, ...[string, string, unknown][]];
    return { bmc, entries: entries.map(([store, key, value]) => ({ store, key, value })) };
  } catch {
    return undefined;
  }
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

  /** The payloads that are whole now. */
  push(piece: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    return this.#cut(bytes, false);
  }

  /** The end of the file: a length that reached beyond it was no length, so records may stand behind it. */
  finish(): Uint8Array[] {
    return this.#cut(this.#rest, true);
  }

  #cut(bytes: Uint8Array, isEnd: boolean): Uint8Array[] {
    const payloads: Uint8Array[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length) {
      const place = this.#recordAt(bytes, view, at);
      if (place === 'more' && !isEnd) break;
      if (typeof place === 'object') {
        // Damage counts only where something whole follows: at the end it is a torn tail.
        if (this.#lost) this.damaged++;
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

/** True where a marker stands, or its beginning at the end of what is read so far. */
function isMarker(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < MARKER.length && at + i < bytes.length; i++) if (bytes[at + i] !== MARKER[i]) return false;
  return true;
}

function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARKER[0], from); at >= 0; at = bytes.indexOf(MARKER[0], at + 1)) if (isMarker(bytes, at)) return at;
  return bytes.length;
}

export function pack(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $bytes: hexText(value) } : value;
}

export function unpack(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
  return hexBytes(String(value.$bytes));
}
