import { bring, crypto, DATA, ROOM, STATE, type Compression, type Machine } from './machine.ts';

export type HashName = 'md5' | 'sha1' | 'sha256';

/** A hash of 64-byte blocks over 32-bit words. */
export interface HashFunction {
  readonly name: HashName;
  /** Bytes of a digest. */
  readonly size: number;
  /** Copied, never changed. */
  readonly start: Int32Array;
  /** SHA counts and writes words most significant byte first, MD5 least. */
  readonly bigEndian: boolean;
}

/** RFC 1321 §3.3; FIPS 180-4 §5.3.1, §5.3.3. */
export const hashes: Readonly<Record<HashName, HashFunction>> = {
  md5: {
    name: 'md5',
    size: 16,
    start: Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476),
    bigEndian: false,
  },
  sha1: {
    name: 'sha1',
    size: 20,
    start: Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0),
    bigEndian: true,
  },
  sha256: {
    name: 'sha256',
    size: 32,
    start: Int32Array.from([
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ]),
    bigEndian: true,
  },
};

/** A running digest. Prepared once and then started again and again, it allocates nothing. */
export class Digest {
  readonly hash: HashFunction;
  readonly #state: Int32Array;
  readonly #tail = new Uint8Array(64);
  #fill = 0;
  #length = 0;

  constructor(hash: HashFunction) {
    this.hash = hash;
    this.#state = new Int32Array(hash.start.length);
    this.reset();
  }

  reset(): this {
    this.#state.set(this.hash.start);
    this.#fill = 0;
    this.#length = 0;
    return this;
  }

  /** Goes on from a saved state that `length` bytes (a multiple of 64) have gone into. */
  resume(state: Int32Array, length: number): this {
    // A handful of words: `set` would take longer to begin than this takes.
    for (let i = 0; i < state.length; i++) this.#state[i] = state[i];
    this.#fill = 0;
    this.#length = length;
    return this;
  }

  /** The state after whole blocks. */
  save(): Int32Array {
    return this.#state.slice();
  }

  update(data: Uint8Array, start = 0, end: number = data.length): this {
    this.#length += end - start;
    const tail = this.#tail;
    let pos = start;
    let fill = this.#fill;
    if (fill > 0) {
      while (fill < 64 && pos < end) tail[fill++] = data[pos++];
      if (fill === 64) {
        this.#blocks(tail, 0, 64);
        fill = 0;
      }
    }
    const whole = end - ((end - pos) % 64);
    if (whole > pos) {
      this.#blocks(data, pos, whole);
      pos = whole;
    }
    while (pos < end) tail[fill++] = data[pos++];
    this.#fill = fill;
    return this;
  }

  #blocks(data: Uint8Array, start: number, end: number): void {
    // Asked for only here: who prepares a digest may never need it.
    const { machine } = crypto;
    const { bytes, words } = machine;
    for (let pos = start; pos < end; pos += ROOM) {
      const to = Math.min(end, pos + ROOM);
      bring(bytes, DATA, data, pos, to);
      putState(words, this.#state);
      machine[this.hash.name](STATE, DATA, (to - pos) >> 6);
      for (let i = 0; i < this.#state.length; i++) this.#state[i] = words[(STATE >> 2) + i];
    }
  }

  /**
   * Writes `size` bytes of the digest, a multiple of four, to `out`; the digest must then be reset or resumed.
   */
  finishInto(out: Uint8Array, at = 0, size: number = this.hash.size): void {
    const { machine } = crypto;
    const { bytes, words } = machine;
    const { bigEndian, name } = this.hash;
    putState(words, this.#state);
    bring(bytes, DATA, this.#tail, 0, this.#fill);
    machine[name](STATE, DATA, pad(machine, this.#fill, this.#length, bigEndian));
    takeDigest(words, bigEndian, out, at, size);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.hash.size);
    this.finishInto(out);
    return out;
  }
}

function putState(words: Int32Array, state: Int32Array): void {
  for (let i = 0; i < state.length; i++) words[(STATE >> 2) + i] = state[i];
}

function takeDigest(words: Int32Array, bigEndian: boolean, out: Uint8Array, at: number, size: number): void {
  for (let i = 0, to = at; i < size; i += 4, to += 4) {
    const word = words[(STATE + i) >> 2];
    out[to] = bigEndian ? word >>> 24 : word;
    out[to + 1] = bigEndian ? word >>> 16 : word >>> 8;
    out[to + 2] = bigEndian ? word >>> 8 : word >>> 16;
    out[to + 3] = bigEndian ? word : word >>> 24;
  }
}

const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/**
 * Puts a message's end behind its last `fill` bytes, which lie at DATA (FIPS 180-4 §5.1.1, RFC 1321 §3.1, §3.2);
 * `length`: the bytes of all of it. Returns how many blocks lie there then.
 */
function pad({ bytes, words }: Machine, fill: number, length: number, bigEndian: boolean): number {
  const blocks = (fill + 72) >> 6;
  const end = (DATA >> 2) + 16 * blocks;
  let at = DATA + fill;
  bytes[at++] = 0x80;
  while (at % 4 !== 0) bytes[at++] = 0;
  for (let i = at >> 2; i < end - 2; i++) words[i] = 0;
  const bits = length << 3;
  const high = Math.floor(length / 2 ** 29);
  words[end - 2] = bigEndian ? swapped(high) : bits;
  words[end - 1] = bigEndian ? swapped(bits) : high;
  return blocks;
}

/** What the key is mixed with, byte by byte (RFC 2104 §2). */
const INNER = 0x36363636;
const OUTER = 0x5c5c5c5c;

/**
 * HMAC (RFC 2104) with the key's two blocks done once: per message only the message's own blocks are left.
 */
export class Hmac {
  readonly size: number;
  readonly #machine: Machine = crypto.machine;
  readonly #compress: Compression;
  readonly #hash: HashFunction;
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  constructor(name: HashName, key: Uint8Array) {
    this.#hash = hashes[name];
    this.#compress = this.#machine[name];
    this.size = this.#hash.size;
    const short = key.length > 64 ? hash(name, key) : key;
    const { bytes, words } = this.#machine;
    for (let i = 0; i < 16; i++) words[(DATA >> 2) + i] = 0;
    bring(bytes, DATA, short, 0, short.length);
    this.#inner = this.#padded(INNER);
    this.#outer = this.#padded(INNER ^ OUTER);
  }

  /** The state behind the block at DATA, with each word of that changed by `pad`. */
  #padded(pad: number): Int32Array {
    const { words } = this.#machine;
    for (let i = 0; i < 16; i++) words[(DATA >> 2) + i] ^= pad;
    putState(words, this.#hash.start);
    this.#compress(STATE, DATA, 1);
    const state = new Int32Array(this.#hash.start.length);
    for (let i = 0; i < state.length; i++) state[i] = words[(STATE >> 2) + i];
    return state;
  }

  /** Writes the first `size` bytes of the HMAC of data[start..end), a multiple of four, to `out`. */
  into(
    data: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at = 0,
    size: number = this.size,
  ): void {
    const { bytes, words } = this.#machine;
    const { bigEndian } = this.#hash;
    const length = end - start;
    if (length > ROOM) return this.#ofMuch(data.subarray(start, end), out, at, size);
    bring(bytes, DATA, data, start, end);
    putState(words, this.#inner);
    this.#compress(STATE, DATA, pad(this.#machine, length, 64 + length, bigEndian));
    // That digest is the message of the other one.
    for (let i = 0; i < this.size >> 2; i++) {
      const word = words[(STATE >> 2) + i];
      words[(DATA >> 2) + i] = bigEndian ? swapped(word) : word;
    }
    putState(words, this.#outer);
    this.#compress(STATE, DATA, pad(this.#machine, this.size, 64 + this.size, bigEndian));
    takeDigest(words, bigEndian, out, at, size);
  }

  #ofMuch(data: Uint8Array, out: Uint8Array, at: number, size: number): void {
    const digest = new Digest(this.#hash);
    const middle = digest.resume(this.#inner, 64).update(data).finish();
    digest.resume(this.#outer, 64).update(middle).finishInto(out, at, size);
  }

  of(data: Uint8Array, start = 0, end: number = data.length): Uint8Array {
    const out = new Uint8Array(this.size);
    this.into(data, start, end, out);
    return out;
  }
}

export const hash = (name: HashName, data: Uint8Array): Uint8Array =>
  new Digest(hashes[name]).update(data).finish();
export const hmac = (name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Hmac(name, key).of(data);

/** Compares in a time that does not depend on where the bytes differ. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  if (aStart + length > a.length || bStart + length > b.length) return false;
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= a[aStart + i] ^ b[bStart + i];
  return difference === 0;
}
