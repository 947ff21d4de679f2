import { ROUNDS, TABLES } from './aes-rounds.ts';
import { bring, crypto, DATA, KEY, ROOM, type Machine } from './machine.ts';

const BLOCK = 16;
const WORDS = 4 * (ROUNDS + 1);
/** The tables that mix columns, as words. */
const MIX = TABLES.decrypt >> 2;

/**
 * AES-128 (FIPS 197) in CBC mode, with the key expanded once and tables of 32-bit words. Table look-ups are
 * not constant in time; docs/decisions says why that is accepted for session keys that live for one session.
 */
export class Aes128 {
  readonly #machine: Machine = crypto.machine;
  readonly #encrypt = new Int32Array(WORDS);
  readonly #decrypt = new Int32Array(WORDS);

  constructor(key: Uint8Array) {
    if (key.length !== BLOCK) throw new RangeError('an AES-128 key has 16 bytes');
    const { bytes, words } = this.#machine;
    const encrypt = this.#encrypt;
    const decrypt = this.#decrypt;
    for (let i = 0; i < BLOCK; i++) encrypt[i >> 2] |= key[i] << (8 * (i % 4));
    for (let i = 4, constant = 1; i < WORDS; i++) {
      let word = encrypt[i - 1];
      if (i % 4 === 0) {
        word = substituted(bytes, (word >>> 8) | (word << 24)) ^ constant;
        constant = ((constant << 1) ^ (constant & 0x80 ? 0x1b : 0)) & 0xff;
      }
      encrypt[i] = encrypt[i - 4] ^ word;
    }
    // Last round first; those between are mixed, by tables that undo the substitution before it.
    for (let i = 0; i < WORDS; i++) {
      const word = encrypt[4 * (ROUNDS - (i >> 2)) + (i % 4)];
      if (i < 4 || i >= WORDS - 4) {
        decrypt[i] = word;
        continue;
      }
      const s = substituted(bytes, word);
      decrypt[i] =
        words[MIX + (s & 255)] ^
        words[MIX + 256 + ((s >>> 8) & 255)] ^
        words[MIX + 512 + ((s >>> 16) & 255)] ^
        words[MIX + 768 + (s >>> 24)];
    }
  }

  /**
   * Encrypts data[start..end) in place; its length is a multiple of 16, and the IV stands at `iv` of the same
   * array.
   */
  encryptCbc(data: Uint8Array, iv: number, start: number, end: number): void {
    const { bytes, words, encrypt } = this.#machine;
    let before = iv;
    for (let pos = start; pos < end; pos += ROOM) {
      const to = Math.min(end, pos + ROOM);
      bring(bytes, DATA, data, before, before + BLOCK);
      bring(bytes, DATA + BLOCK, data, pos, to);
      words.set(this.#encrypt, KEY >> 2);
      encrypt(KEY, DATA, (to - pos) / BLOCK);
      take(bytes, data, pos, to - pos);
      before = to - BLOCK;
    }
  }

  /** Decrypts data[start..end) into `out` from `at`, which may be itself; the IV stands at `iv` of `data`. */
  decryptCbc(data: Uint8Array, iv: number, start: number, end: number, out: Uint8Array, at = 0): void {
    const { bytes, words, decrypt } = this.#machine;
    bring(bytes, DATA, data, iv, iv + BLOCK);
    for (let pos = start; pos < end; pos += ROOM) {
      const to = Math.min(end, pos + ROOM);
      bring(bytes, DATA + BLOCK, data, pos, to);
      // What the next part is mixed with would be gone.
      const next = to < end ? data.slice(to - BLOCK, to) : undefined;
      words.set(this.#decrypt, KEY >> 2);
      decrypt(KEY, DATA + to - pos - BLOCK, (to - pos) / BLOCK);
      take(bytes, out, at + pos - start, to - pos);
      if (next !== undefined) bytes.set(next, DATA);
    }
  }
}

/** Copies what was worked on to data[start..). */
function take(memory: Uint8Array, data: Uint8Array, start: number, length: number): void {
  const from = DATA + BLOCK;
  if (length > 256) data.set(memory.subarray(from, from + length), start);
  else for (let i = 0; i < length; i++) data[start + i] = memory[from + i];
}

/** Each byte of a word by the table. */
const substituted = (bytes: Uint8Array, word: number): number =>
  bytes[TABLES.substitute + (word & 255)] |
  (bytes[TABLES.substitute + ((word >>> 8) & 255)] << 8) |
  (bytes[TABLES.substitute + ((word >>> 16) & 255)] << 16) |
  (bytes[TABLES.substitute + (word >>> 24)] << 24);
