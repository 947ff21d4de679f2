import { crc32 } from './crc32.ts';

/**
 * A journal file: the magic line, then records.
 *
 *   length (4, least significant first)   CRC-32 of the payload (4)   payload: one JSON list [bmc, store, key, value]
 *
 * A value that is absent was deleted. Bytes are written as { "$bytes": "hex" }.
 */
export const MAGIC = 'ipmi-bmc journal 1\n';

/** A change of one BMC of the process. */
export interface Entry {
  readonly bmc: string;
  readonly store: string;
  readonly key: string;
  readonly value: unknown;
}

const HEADER = 8;
/** No record is longer; a length above it is damage. */
const LONGEST = 16 * 1024 * 1024;

export function encodeEntry({ bmc, store, key, value }: Entry): Uint8Array {
  const list = value === undefined ? [bmc, store, key] : [bmc, store, key, value];
  const payload = new TextEncoder().encode(JSON.stringify(list, pack));
  const out = new Uint8Array(HEADER + payload.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(payload), true);
  out.set(payload, HEADER);
  return out;
}

export interface Scan {
  readonly entries: Entry[];
  /** Bytes from the start that are whole: what follows is a torn tail. */
  readonly whole: number;
  /** Records in the middle that could not be read. */
  readonly damaged: number;
}

/** Reads all records. A record cut at the end ends the scan; a damaged one with whole ones behind it is passed over. */
export function scan(bytes: Uint8Array): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Entry[] = [];
  let whole = MAGIC.length;
  let damaged = 0;
  let pending = 0;
  for (let at = MAGIC.length; at + HEADER <= bytes.length;) {
    const length = view.getUint32(at, true);
    const end = at + HEADER + length;
    if (length > LONGEST || end > bytes.length) break;
    const payload = bytes.subarray(at + HEADER, end);
    const entry = crc32(payload) === view.getUint32(at + 4, true) ? decode(payload) : undefined;
    if (entry) {
      entries.push(entry);
      // Damage counts only where something whole follows: at the end it is a torn tail.
      damaged += pending;
      pending = 0;
      whole = end;
    } else {
      pending++;
    }
    at = end;
  }
  return { entries, whole, damaged };
}

function decode(payload: Uint8Array): Entry | undefined {
  try {
    const [bmc, store, key, value] = JSON.parse(new TextDecoder().decode(payload), unpack) as [string, string, string, unknown];
    return { bmc, store, key, value };
  } catch {
    return undefined;
  }
}

function pack(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $bytes: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') } : value;
}

function unpack(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$bytes' in value)) return value;
  return Uint8Array.from(String(value.$bytes).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
