/** MD2, RFC 1319: only IPMI 1.5 still asks for it. */
class WhenAsked {
  #substitution: Uint8Array | undefined;

  get substitution(): Uint8Array {
    return (this.#substitution ??= substitution());
  }
}

/** One table for the process, made when somebody asks for MD2: hardly anybody does. */
const table = new WhenAsked();

/** A permutation of 0..255 shuffled by the digits of pi. */
function substitution(): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, i) => i);
  const digits = digitsOfPi(800);
  let next = 0;
  const below = (n: number): number => {
    for (;;) {
      const width = n > 100 ? 3 : n > 10 ? 2 : 1;
      const value = Number(digits.slice(next, (next += width)));
      if (value < n * Math.floor(10 ** width / n)) return value % n;
    }
  };
  for (let i = 2; i <= 256; i++) {
    const j = below(i);
    [table[j], table[i - 1]] = [table[i - 1], table[j]];
  }
  return table;
}

/** Machin's formula, in whole numbers scaled by a power of ten. */
function digitsOfPi(count: number): string {
  const unit = 10n ** BigInt(count + 10);
  const arctan = (inverse: bigint): bigint => {
    let term = unit / inverse;
    let sum = term;
    for (let n = 3n, sign = -1n; term !== 0n; n += 2n, sign = -sign) {
      term /= inverse * inverse;
      sum += (sign * term) / n;
    }
    return sum;
  };
  return String(4n * (4n * arctan(5n) - arctan(239n))).slice(0, count);
}

export function md2(data: Uint8Array): Uint8Array {
  const S = table.substitution;
  const padding = 16 - (data.length % 16);
  const message = new Uint8Array(data.length + padding + 16).fill(padding, data.length);
  message.set(data);
  let last = 0;
  const checksum = new Uint8Array(16);
  for (let pos = 0; pos < message.length - 16; pos += 16)
    for (let i = 0; i < 16; i++) last = checksum[i] ^= S[message[pos + i] ^ last];
  message.set(checksum, message.length - 16);
  const state = new Uint8Array(48);
  for (let pos = 0; pos < message.length; pos += 16) {
    for (let i = 0; i < 16; i++) {
      state[16 + i] = message[pos + i];
      state[32 + i] = state[16 + i] ^ state[i];
    }
    let t = 0;
    for (let round = 0; round < 18; round++) {
      for (let i = 0; i < 48; i++) t = state[i] ^= S[t];
      t = (t + round) & 0xff;
    }
  }
  return state.slice(0, 16);
}
