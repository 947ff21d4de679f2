/**
 * AES-128 (FIPS 197) in CBC mode, with the key expanded once and four tables of 32-bit words. Table look-ups
 * are not constant in time; docs/decisions says why that is accepted for session keys that live for one
 * session.
 */
const SBOX = new Uint8Array(256);
const INVERSE = new Uint8Array(256);
const E0 = new Int32Array(256);
const E1 = new Int32Array(256);
const E2 = new Int32Array(256);
const E3 = new Int32Array(256);
const D0 = new Int32Array(256);
const D1 = new Int32Array(256);
const D2 = new Int32Array(256);
const D3 = new Int32Array(256);

const double = (x: number): number => ((x << 1) ^ (x & 0x80 ? 0x1b : 0)) & 0xff;

function times(x: number, factor: number): number {
  let product = 0;
  for (let power = x; factor > 0; factor >>= 1, power = double(power)) if (factor & 1) product ^= power;
  return product;
}

function fillTables(): void {
  // p runs over the powers of 3, q over those of its inverse.
  let p = 1;
  let q = 1;
  do {
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    const r = (n: number): number => ((q << n) | (q >> (8 - n))) & 0xff;
    SBOX[p] = q ^ r(1) ^ r(2) ^ r(3) ^ r(4) ^ 0x63;
  } while (p !== 1);
  SBOX[0] = 0x63;
  const rotate = (x: number): number => (x >>> 8) | (x << 24);
  for (let i = 0; i < 256; i++) {
    const s = SBOX[i];
    INVERSE[s] = i;
    E0[i] = (times(s, 2) << 24) | (s << 16) | (s << 8) | times(s, 3);
    E1[i] = rotate(E0[i]);
    E2[i] = rotate(E1[i]);
    E3[i] = rotate(E2[i]);
  }
  for (let i = 0; i < 256; i++) {
    const s = INVERSE[i];
    D0[i] = (times(s, 14) << 24) | (times(s, 9) << 16) | (times(s, 13) << 8) | times(s, 11);
    D1[i] = rotate(D0[i]);
    D2[i] = rotate(D1[i]);
    D3[i] = rotate(D2[i]);
  }
}

const ROUNDS = 10;

export class Aes128 {
  readonly #encrypt = new Int32Array(44);
  readonly #decrypt = new Int32Array(44);

  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError('an AES-128 key has 16 bytes');
    const e = this.#encrypt;
    const d = this.#decrypt;
    for (let i = 0; i < 4; i++) e[i] = load(key, 4 * i);
    for (let i = 4, rcon = 1; i < 44; i++) {
      let t = e[i - 1];
      if (i % 4 === 0) {
        t = sub((t << 8) | (t >>> 24)) ^ (rcon << 24);
        rcon = double(rcon);
      }
      e[i] = e[i - 4] ^ t;
    }
    for (let round = 0; round <= ROUNDS; round++) {
      for (let i = 0; i < 4; i++) {
        const w = e[4 * (ROUNDS - round) + i];
        d[4 * round + i] =
          round === 0 || round === ROUNDS
            ? w
            : D0[SBOX[w >>> 24]] ^ D1[SBOX[(w >>> 16) & 255]] ^ D2[SBOX[(w >>> 8) & 255]] ^ D3[SBOX[w & 255]];
      }
    }
  }

  /**
   * Encrypts data[start..end) in place; its length is a multiple of 16, and the IV stands at `iv` of the same
   * array.
   */
  encryptCbc(data: Uint8Array, iv: number, start: number, end: number): void {
    let c0 = load(data, iv);
    let c1 = load(data, iv + 4);
    let c2 = load(data, iv + 8);
    let c3 = load(data, iv + 12);
    const k = this.#encrypt;
    for (let pos = start; pos < end; pos += 16) {
      let a = load(data, pos) ^ c0 ^ k[0];
      let b = load(data, pos + 4) ^ c1 ^ k[1];
      let c = load(data, pos + 8) ^ c2 ^ k[2];
      let d = load(data, pos + 12) ^ c3 ^ k[3];
      let n = 4;
      for (let round = 1; round < ROUNDS; round++, n += 4) {
        const ta = E0[a >>> 24] ^ E1[(b >>> 16) & 255] ^ E2[(c >>> 8) & 255] ^ E3[d & 255] ^ k[n];
        const tb = E0[b >>> 24] ^ E1[(c >>> 16) & 255] ^ E2[(d >>> 8) & 255] ^ E3[a & 255] ^ k[n + 1];
        const tc = E0[c >>> 24] ^ E1[(d >>> 16) & 255] ^ E2[(a >>> 8) & 255] ^ E3[b & 255] ^ k[n + 2];
        d = E0[d >>> 24] ^ E1[(a >>> 16) & 255] ^ E2[(b >>> 8) & 255] ^ E3[c & 255] ^ k[n + 3];
        a = ta;
        b = tb;
        c = tc;
      }
      c0 = last(SBOX, a, b, c, d) ^ k[40];
      c1 = last(SBOX, b, c, d, a) ^ k[41];
      c2 = last(SBOX, c, d, a, b) ^ k[42];
      c3 = last(SBOX, d, a, b, c) ^ k[43];
      store(data, pos, c0);
      store(data, pos + 4, c1);
      store(data, pos + 8, c2);
      store(data, pos + 12, c3);
    }
  }

  /** Decrypts data[start..end) into `out` from `at`, which may be itself; the IV stands at `iv` of `data`. */
  decryptCbc(data: Uint8Array, iv: number, start: number, end: number, out: Uint8Array, at = 0): void {
    let p0 = load(data, iv);
    let p1 = load(data, iv + 4);
    let p2 = load(data, iv + 8);
    let p3 = load(data, iv + 12);
    const k = this.#decrypt;
    for (let pos = start, to = at; pos < end; pos += 16, to += 16) {
      const i0 = load(data, pos);
      const i1 = load(data, pos + 4);
      const i2 = load(data, pos + 8);
      const i3 = load(data, pos + 12);
      let a = i0 ^ k[0];
      let b = i1 ^ k[1];
      let c = i2 ^ k[2];
      let d = i3 ^ k[3];
      let n = 4;
      for (let round = 1; round < ROUNDS; round++, n += 4) {
        const ta = D0[a >>> 24] ^ D1[(d >>> 16) & 255] ^ D2[(c >>> 8) & 255] ^ D3[b & 255] ^ k[n];
        const tb = D0[b >>> 24] ^ D1[(a >>> 16) & 255] ^ D2[(d >>> 8) & 255] ^ D3[c & 255] ^ k[n + 1];
        const tc = D0[c >>> 24] ^ D1[(b >>> 16) & 255] ^ D2[(a >>> 8) & 255] ^ D3[d & 255] ^ k[n + 2];
        d = D0[d >>> 24] ^ D1[(c >>> 16) & 255] ^ D2[(b >>> 8) & 255] ^ D3[a & 255] ^ k[n + 3];
        a = ta;
        b = tb;
        c = tc;
      }
      store(out, to, last(INVERSE, a, d, c, b) ^ k[40] ^ p0);
      store(out, to + 4, last(INVERSE, b, a, d, c) ^ k[41] ^ p1);
      store(out, to + 8, last(INVERSE, c, b, a, d) ^ k[42] ^ p2);
      store(out, to + 12, last(INVERSE, d, c, b, a) ^ k[43] ^ p3);
      p0 = i0;
      p1 = i1;
      p2 = i2;
      p3 = i3;
    }
  }
}

const load = (data: Uint8Array, pos: number): number =>
  (data[pos] << 24) | (data[pos + 1] << 16) | (data[pos + 2] << 8) | data[pos + 3];

function store(data: Uint8Array, pos: number, word: number): void {
  data[pos] = word >>> 24;
  data[pos + 1] = word >>> 16;
  data[pos + 2] = word >>> 8;
  data[pos + 3] = word;
}

const sub = (w: number): number =>
  (SBOX[w >>> 24] << 24) | (SBOX[(w >>> 16) & 255] << 16) | (SBOX[(w >>> 8) & 255] << 8) | SBOX[w & 255];

const last = (box: Uint8Array, a: number, b: number, c: number, d: number): number =>
  (box[a >>> 24] << 24) | (box[(b >>> 16) & 255] << 16) | (box[(c >>> 8) & 255] << 8) | box[d & 255];

fillTables();
