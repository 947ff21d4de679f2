/** SHA-1, FIPS 180-4 §6.1. */
export const sha1Start = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

const rotl1 = (x: number): number => (x << 1) | (x >>> 31);
const rotl5 = (x: number): number => (x << 5) | (x >>> 27);
const rotl30 = (x: number): number => (x << 30) | (x >>> 2);

/**
 * Sixteen words at a time in variables, and five rounds at a time in which these take each other's parts: in
 * an array or moved from one to the next they would take three times as long.
 */
export function sha1Block(state: Int32Array, data: Uint8Array, pos: number, w: Int32Array): void {
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
  for (let i = 16; i < 80; i += 16) {
    w[i] = w0 = rotl1(w13 ^ w8 ^ w2 ^ w0);
    w[i + 1] = w1 = rotl1(w14 ^ w9 ^ w3 ^ w1);
    w[i + 2] = w2 = rotl1(w15 ^ w10 ^ w4 ^ w2);
    w[i + 3] = w3 = rotl1(w0 ^ w11 ^ w5 ^ w3);
    w[i + 4] = w4 = rotl1(w1 ^ w12 ^ w6 ^ w4);
    w[i + 5] = w5 = rotl1(w2 ^ w13 ^ w7 ^ w5);
    w[i + 6] = w6 = rotl1(w3 ^ w14 ^ w8 ^ w6);
    w[i + 7] = w7 = rotl1(w4 ^ w15 ^ w9 ^ w7);
    w[i + 8] = w8 = rotl1(w5 ^ w0 ^ w10 ^ w8);
    w[i + 9] = w9 = rotl1(w6 ^ w1 ^ w11 ^ w9);
    w[i + 10] = w10 = rotl1(w7 ^ w2 ^ w12 ^ w10);
    w[i + 11] = w11 = rotl1(w8 ^ w3 ^ w13 ^ w11);
    w[i + 12] = w12 = rotl1(w9 ^ w4 ^ w14 ^ w12);
    w[i + 13] = w13 = rotl1(w10 ^ w5 ^ w15 ^ w13);
    w[i + 14] = w14 = rotl1(w11 ^ w6 ^ w0 ^ w14);
    w[i + 15] = w15 = rotl1(w12 ^ w7 ^ w1 ^ w15);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 20; i += 5) {
    e = (e + rotl5(a) + (d ^ (b & (c ^ d))) + 0x5a827999 + w[i]) | 0;
    b = rotl30(b);
    d = (d + rotl5(e) + (c ^ (a & (b ^ c))) + 0x5a827999 + w[i + 1]) | 0;
    a = rotl30(a);
    c = (c + rotl5(d) + (b ^ (e & (a ^ b))) + 0x5a827999 + w[i + 2]) | 0;
    e = rotl30(e);
    b = (b + rotl5(c) + (a ^ (d & (e ^ a))) + 0x5a827999 + w[i + 3]) | 0;
    d = rotl30(d);
    a = (a + rotl5(b) + (e ^ (c & (d ^ e))) + 0x5a827999 + w[i + 4]) | 0;
    c = rotl30(c);
  }
  for (let i = 20; i < 40; i += 5) {
    e = (e + rotl5(a) + (b ^ c ^ d) + 0x6ed9eba1 + w[i]) | 0;
    b = rotl30(b);
    d = (d + rotl5(e) + (a ^ b ^ c) + 0x6ed9eba1 + w[i + 1]) | 0;
    a = rotl30(a);
    c = (c + rotl5(d) + (e ^ a ^ b) + 0x6ed9eba1 + w[i + 2]) | 0;
    e = rotl30(e);
    b = (b + rotl5(c) + (d ^ e ^ a) + 0x6ed9eba1 + w[i + 3]) | 0;
    d = rotl30(d);
    a = (a + rotl5(b) + (c ^ d ^ e) + 0x6ed9eba1 + w[i + 4]) | 0;
    c = rotl30(c);
  }
  for (let i = 40; i < 60; i += 5) {
    e = (e + rotl5(a) + ((b & c) | (d & (b | c))) + 0x8f1bbcdc + w[i]) | 0;
    b = rotl30(b);
    d = (d + rotl5(e) + ((a & b) | (c & (a | b))) + 0x8f1bbcdc + w[i + 1]) | 0;
    a = rotl30(a);
    c = (c + rotl5(d) + ((e & a) | (b & (e | a))) + 0x8f1bbcdc + w[i + 2]) | 0;
    e = rotl30(e);
    b = (b + rotl5(c) + ((d & e) | (a & (d | e))) + 0x8f1bbcdc + w[i + 3]) | 0;
    d = rotl30(d);
    a = (a + rotl5(b) + ((c & d) | (e & (c | d))) + 0x8f1bbcdc + w[i + 4]) | 0;
    c = rotl30(c);
  }
  for (let i = 60; i < 80; i += 5) {
    e = (e + rotl5(a) + (b ^ c ^ d) + 0xca62c1d6 + w[i]) | 0;
    b = rotl30(b);
    d = (d + rotl5(e) + (a ^ b ^ c) + 0xca62c1d6 + w[i + 1]) | 0;
    a = rotl30(a);
    c = (c + rotl5(d) + (e ^ a ^ b) + 0xca62c1d6 + w[i + 2]) | 0;
    e = rotl30(e);
    b = (b + rotl5(c) + (d ^ e ^ a) + 0xca62c1d6 + w[i + 3]) | 0;
    d = rotl30(d);
    a = (a + rotl5(b) + (c ^ d ^ e) + 0xca62c1d6 + w[i + 4]) | 0;
    c = rotl30(c);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}
