import { md5Block, md5Start } from './md5.ts';
import { sha1Block, sha1Start } from './sha1.ts';
import { sha256Block, sha256Start } from './sha256.ts';

/** A hash of 64-byte blocks over 32-bit words. */
export interface HashFunction {
  /** Bytes of a digest. */
  readonly size: number;
  /** Copied, never changed. */
  readonly start: Int32Array;
  /** SHA counts and writes words most significant byte first, MD5 least. */
  readonly bigEndian: boolean;
  /** Takes 64 bytes of `data` from `pos` into `state`; `work` is scratch of at least 80 words. */
  block(state: Int32Array, data: Uint8Array, pos: number, work: Int32Array): void;
}

export type HashName = 'md5' | 'sha1' | 'sha256';

export const hashes: Readonly<Record<HashName, HashFunction>> = {
  md5: { size: 16, start: md5Start, bigEndian: false, block: md5Block },
  sha1: { size: 20, start: sha1Start, bigEndian: true, block: sha1Block },
  sha256: { size: 32, start: sha256Start, bigEndian: true, block: sha256Block },
};

/** Scratch of whichever block is under way: nothing is kept in it from one to the next. */
const WORK = new Int32Array(80);

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
        this.hash.block(this.#state, tail, 0, WORK);
        fill = 0;
      }
    }
    for (; pos + 64 <= end; pos += 64) this.hash.block(this.#state, data, pos, WORK);
    while (pos < end) tail[fill++] = data[pos++];
    this.#fill = fill;
    return this;
  }

  /**
   * Writes `size` bytes of the digest, a multiple of four, to `out`; the digest must then be reset or resumed.
   */
  finishInto(out: Uint8Array, at = 0, size: number = this.hash.size): void {
    const tail = this.#tail;
    const state = this.#state;
    const { bigEndian } = this.hash;
    let fill = this.#fill;
    tail[fill++] = 0x80;
    if (fill > 56) {
      while (fill < 64) tail[fill++] = 0;
      this.hash.block(state, tail, 0, WORK);
      fill = 0;
    }
    while (fill < 56) tail[fill++] = 0;
    const bits = this.#length << 3;
    const high = Math.floor(this.#length / 2 ** 29);
    putWord(tail, 56, bigEndian ? high : bits, bigEndian);
    putWord(tail, 60, bigEndian ? bits : high, bigEndian);
    this.hash.block(state, tail, 0, WORK);
    for (let i = 0; i < size; i += 4) putWord(out, at + i, state[i >> 2], bigEndian);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.hash.size);
    this.finishInto(out);
    return out;
  }
}

function putWord(out: Uint8Array, at: number, value: number, bigEndian: boolean): void {
  out[at] = bigEndian ? value >>> 24 : value;
  out[at + 1] = bigEndian ? value >>> 16 : value >>> 8;
  out[at + 2] = bigEndian ? value >>> 8 : value >>> 16;
  out[at + 3] = bigEndian ? value : value >>> 24;
}

/**
 * HMAC (RFC 2104) with the key's two blocks done once: per message only the message's own blocks are left.
 */
export class Hmac {
  readonly size: number;
  readonly #digest: Digest;
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;
  readonly #middle: Uint8Array;

  constructor(name: HashName, key: Uint8Array) {
    const hash = hashes[name];
    this.size = hash.size;
    this.#digest = new Digest(hash);
    this.#middle = new Uint8Array(hash.size);
    const block = new Uint8Array(64);
    block.set(key.length > 64 ? new Digest(hash).update(key).finish() : key);
    this.#inner = this.#pad(block, 0x36);
    this.#outer = this.#pad(block, 0x5c);
  }

  /** Writes the first `size` bytes of the HMAC of data[start..end) to `out`. */
  into(
    data: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at = 0,
    size: number = this.size,
  ): void {
    this.#digest.resume(this.#inner, 64).update(data, start, end).finishInto(this.#middle);
    this.#digest.resume(this.#outer, 64).update(this.#middle).finishInto(out, at, size);
  }

  of(data: Uint8Array, start = 0, end: number = data.length): Uint8Array {
    const out = new Uint8Array(this.size);
    this.into(data, start, end, out);
    return out;
  }

  #pad(key: Uint8Array, value: number): Int32Array {
    const padded = new Uint8Array(64);
    for (let i = 0; i < 64; i++) padded[i] = key[i] ^ value;
    return this.#digest.reset().update(padded).save();
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
