/** How a raw reading becomes a value: y = (M x + B 10^k1) 10^k2 (IPMI 2.0 §36.3). */
export interface Factors {
  /** 10 bits, signed. */
  readonly m: number;
  readonly b: number;
  /** Exponent of B, -8..7. */
  readonly k1: number;
  /** Exponent of the result, -8..7. */
  readonly k2: number;
  /** Two's complement readings, for values below zero. */
  readonly signed: boolean;
}

/** Ten bits, signed. */
const LARGEST = 511;

/** Round factors in which 256 readings reach from `min` to `max`. */
export function factorsFor(min: number, max: number): Factors {
  const signed = min < 0;
  const span = signed ? 2 * Math.max(-min, max) : max - min;
  const step = (span > 0 ? span : 1) / (signed ? 254 : 255);
  // Two digits of M, shortened where it ends in 0.
  let k2 = Math.max(-8, Math.floor(Math.log10(step)) - 1);
  let m = Math.ceil(step / 10 ** k2 - 1e-6);
  while (m % 10 === 0 && m > 0 && k2 < 7) {
    m /= 10;
    k2++;
  }
  if (signed || min === 0) return { m, b: 0, k1: 0, k2, signed };
  let b = min / 10 ** k2;
  let k1 = 0;
  while (Math.abs(b) > LARGEST && k1 < 7) {
    b /= 10;
    k1++;
  }
  return { m, b: Math.floor(b), k1, k2, signed };
}

/** The value of a raw reading, 0..255. */
export function toReal({ m, b, k1, k2, signed }: Factors, raw: number): number {
  const x = signed && raw > 127 ? raw - 256 : raw;
  const y = (m * x + b * 10 ** k1) * 10 ** k2;
  // 10^k2 has no exact binary form: cut what its error adds.
  return Number(y.toPrecision(12));
}

/** The nearest raw reading, 0..255; values out of reach give the end of the range. */
export function toRaw({ m, b, k1, k2, signed }: Factors, real: number): number {
  const x = Math.round((real / 10 ** k2 - b * 10 ** k1) / m);
  const limited = Math.min(Math.max(x, signed ? -128 : 0), signed ? 127 : 255);
  return limited & 0xff;
}

/** A raw reading as a number that can be compared. */
export const ordered = ({ signed }: Factors, raw: number): number => (signed && raw > 127 ? raw - 256 : raw);
