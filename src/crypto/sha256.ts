/** SHA-256, FIPS 180-4 §6.2. */
export const sha256Start = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = Int32Array.from(firstPrimes(64), (prime) => Math.floor((Math.cbrt(prime) % 1) * 2 ** 32));

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

const rotr = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** Words in variables, and rounds in which these take each other's parts, as in SHA-1. */
export function sha256Block(state: Int32Array, data: Uint8Array, pos: number, w: Int32Array): void {
  for (let i = 0; i < 16; i++, pos += 4)
    w[i] = (data[pos] << 24) | (data[pos + 1] << 16) | (data[pos + 2] << 8) | data[pos + 3];
  let w0 = w[0];
  let w1 = w[1];
  let w2 = w[2];
  let w3 = w[3];
  let w4 = w[4];
  let w5 = w[5];
  let w6 = w[6];
  let w7 = w[7];
  let w8 = w[8];
  let w9 = w[9];
  let w10 = w[10];
  let w11 = w[11];
  let w12 = w[12];
  let w13 = w[13];
  let w14 = w[14];
  let w15 = w[15];
  for (let i = 16; i < 64; i += 16) {
    w0 += (rotr(w1, 7) ^ rotr(w1, 18) ^ (w1 >>> 3)) + w9 + (rotr(w14, 17) ^ rotr(w14, 19) ^ (w14 >>> 10));
    w[i] = w0 |= 0;
    w1 += (rotr(w2, 7) ^ rotr(w2, 18) ^ (w2 >>> 3)) + w10 + (rotr(w15, 17) ^ rotr(w15, 19) ^ (w15 >>> 10));
    w[i + 1] = w1 |= 0;
    w2 += (rotr(w3, 7) ^ rotr(w3, 18) ^ (w3 >>> 3)) + w11 + (rotr(w0, 17) ^ rotr(w0, 19) ^ (w0 >>> 10));
    w[i + 2] = w2 |= 0;
    w3 += (rotr(w4, 7) ^ rotr(w4, 18) ^ (w4 >>> 3)) + w12 + (rotr(w1, 17) ^ rotr(w1, 19) ^ (w1 >>> 10));
    w[i + 3] = w3 |= 0;
    w4 += (rotr(w5, 7) ^ rotr(w5, 18) ^ (w5 >>> 3)) + w13 + (rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >>> 10));
    w[i + 4] = w4 |= 0;
    w5 += (rotr(w6, 7) ^ rotr(w6, 18) ^ (w6 >>> 3)) + w14 + (rotr(w3, 17) ^ rotr(w3, 19) ^ (w3 >>> 10));
    w[i + 5] = w5 |= 0;
    w6 += (rotr(w7, 7) ^ rotr(w7, 18) ^ (w7 >>> 3)) + w15 + (rotr(w4, 17) ^ rotr(w4, 19) ^ (w4 >>> 10));
    w[i + 6] = w6 |= 0;
    w7 += (rotr(w8, 7) ^ rotr(w8, 18) ^ (w8 >>> 3)) + w0 + (rotr(w5, 17) ^ rotr(w5, 19) ^ (w5 >>> 10));
    w[i + 7] = w7 |= 0;
    w8 += (rotr(w9, 7) ^ rotr(w9, 18) ^ (w9 >>> 3)) + w1 + (rotr(w6, 17) ^ rotr(w6, 19) ^ (w6 >>> 10));
    w[i + 8] = w8 |= 0;
    w9 += (rotr(w10, 7) ^ rotr(w10, 18) ^ (w10 >>> 3)) + w2 + (rotr(w7, 17) ^ rotr(w7, 19) ^ (w7 >>> 10));
    w[i + 9] = w9 |= 0;
    w10 += (rotr(w11, 7) ^ rotr(w11, 18) ^ (w11 >>> 3)) + w3 + (rotr(w8, 17) ^ rotr(w8, 19) ^ (w8 >>> 10));
    w[i + 10] = w10 |= 0;
    w11 += (rotr(w12, 7) ^ rotr(w12, 18) ^ (w12 >>> 3)) + w4 + (rotr(w9, 17) ^ rotr(w9, 19) ^ (w9 >>> 10));
    w[i + 11] = w11 |= 0;
    w12 += (rotr(w13, 7) ^ rotr(w13, 18) ^ (w13 >>> 3)) + w5 + (rotr(w10, 17) ^ rotr(w10, 19) ^ (w10 >>> 10));
    w[i + 12] = w12 |= 0;
    w13 += (rotr(w14, 7) ^ rotr(w14, 18) ^ (w14 >>> 3)) + w6 + (rotr(w11, 17) ^ rotr(w11, 19) ^ (w11 >>> 10));
    w[i + 13] = w13 |= 0;
    w14 += (rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >>> 3)) + w7 + (rotr(w12, 17) ^ rotr(w12, 19) ^ (w12 >>> 10));
    w[i + 14] = w14 |= 0;
    w15 += (rotr(w0, 7) ^ rotr(w0, 18) ^ (w0 >>> 3)) + w8 + (rotr(w13, 17) ^ rotr(w13, 19) ^ (w13 >>> 10));
    w[i + 15] = w15 |= 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i += 8) {
    h += (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + K[i] + w[i];
    d = (d + h) | 0;
    h = (h + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)))) | 0;
    g += (rotr(d, 6) ^ rotr(d, 11) ^ rotr(d, 25)) + (f ^ (d & (e ^ f))) + K[i + 1] + w[i + 1];
    c = (c + g) | 0;
    g = (g + (rotr(h, 2) ^ rotr(h, 13) ^ rotr(h, 22)) + ((h & a) | (b & (h | a)))) | 0;
    f += (rotr(c, 6) ^ rotr(c, 11) ^ rotr(c, 25)) + (e ^ (c & (d ^ e))) + K[i + 2] + w[i + 2];
    b = (b + f) | 0;
    f = (f + (rotr(g, 2) ^ rotr(g, 13) ^ rotr(g, 22)) + ((g & h) | (a & (g | h)))) | 0;
    e += (rotr(b, 6) ^ rotr(b, 11) ^ rotr(b, 25)) + (d ^ (b & (c ^ d))) + K[i + 3] + w[i + 3];
    a = (a + e) | 0;
    e = (e + (rotr(f, 2) ^ rotr(f, 13) ^ rotr(f, 22)) + ((f & g) | (h & (f | g)))) | 0;
    d += (rotr(a, 6) ^ rotr(a, 11) ^ rotr(a, 25)) + (c ^ (a & (b ^ c))) + K[i + 4] + w[i + 4];
    h = (h + d) | 0;
    d = (d + (rotr(e, 2) ^ rotr(e, 13) ^ rotr(e, 22)) + ((e & f) | (g & (e | f)))) | 0;
    c += (rotr(h, 6) ^ rotr(h, 11) ^ rotr(h, 25)) + (b ^ (h & (a ^ b))) + K[i + 5] + w[i + 5];
    g = (g + c) | 0;
    c = (c + (rotr(d, 2) ^ rotr(d, 13) ^ rotr(d, 22)) + ((d & e) | (f & (d | e)))) | 0;
    b += (rotr(g, 6) ^ rotr(g, 11) ^ rotr(g, 25)) + (a ^ (g & (h ^ a))) + K[i + 6] + w[i + 6];
    f = (f + b) | 0;
    b = (b + (rotr(c, 2) ^ rotr(c, 13) ^ rotr(c, 22)) + ((c & d) | (e & (c | d)))) | 0;
    a += (rotr(f, 6) ^ rotr(f, 11) ^ rotr(f, 25)) + (h ^ (f & (g ^ h))) + K[i + 7] + w[i + 7];
    e = (e + a) | 0;
    a = (a + (rotr(b, 2) ^ rotr(b, 13) ^ rotr(b, 22)) + ((b & c) | (d & (b | c)))) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
