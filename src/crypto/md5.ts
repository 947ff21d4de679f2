/** MD5, RFC 1321. */
export const md5Start = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

const K = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** Four rounds at a time, in which the variables take each other's parts. */
export function md5Block(state: Int32Array, data: Uint8Array, pos: number, w: Int32Array): void {
  for (let i = 0; i < 16; i++, pos += 4)
    w[i] = data[pos] | (data[pos + 1] << 8) | (data[pos + 2] << 16) | (data[pos + 3] << 24);
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  for (let i = 0; i < 16; i += 4) {
    a = (b + rotl(a + (d ^ (b & (c ^ d))) + K[i] + w[i], 7)) | 0;
    d = (a + rotl(d + (c ^ (a & (b ^ c))) + K[i + 1] + w[i + 1], 12)) | 0;
    c = (d + rotl(c + (b ^ (d & (a ^ b))) + K[i + 2] + w[i + 2], 17)) | 0;
    b = (c + rotl(b + (a ^ (c & (d ^ a))) + K[i + 3] + w[i + 3], 22)) | 0;
  }
  for (let i = 16; i < 32; i += 4) {
    a = (b + rotl(a + (c ^ (d & (b ^ c))) + K[i] + w[(5 * i + 1) & 15], 5)) | 0;
    d = (a + rotl(d + (b ^ (c & (a ^ b))) + K[i + 1] + w[(5 * i + 6) & 15], 9)) | 0;
    c = (d + rotl(c + (a ^ (b & (d ^ a))) + K[i + 2] + w[(5 * i + 11) & 15], 14)) | 0;
    b = (c + rotl(b + (d ^ (a & (c ^ d))) + K[i + 3] + w[(5 * i + 16) & 15], 20)) | 0;
  }
  for (let i = 32; i < 48; i += 4) {
    a = (b + rotl(a + (b ^ c ^ d) + K[i] + w[(3 * i + 5) & 15], 4)) | 0;
    d = (a + rotl(d + (a ^ b ^ c) + K[i + 1] + w[(3 * i + 8) & 15], 11)) | 0;
    c = (d + rotl(c + (d ^ a ^ b) + K[i + 2] + w[(3 * i + 11) & 15], 16)) | 0;
    b = (c + rotl(b + (c ^ d ^ a) + K[i + 3] + w[(3 * i + 14) & 15], 23)) | 0;
  }
  for (let i = 48; i < 64; i += 4) {
    a = (b + rotl(a + (c ^ (b | ~d)) + K[i] + w[(7 * i) & 15], 6)) | 0;
    d = (a + rotl(d + (b ^ (a | ~c)) + K[i + 1] + w[(7 * i + 7) & 15], 10)) | 0;
    c = (d + rotl(c + (a ^ (d | ~b)) + K[i + 2] + w[(7 * i + 14) & 15], 15)) | 0;
    b = (c + rotl(b + (d ^ (c | ~a)) + K[i + 3] + w[(7 * i + 21) & 15], 21)) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

const rotl = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
