import { LINEARIZATIONS } from './linearization.ts';

/** Ten bits, signed: M and B. */
export const LARGEST = 511;

/** How a raw reading becomes a value: y = L((M x + B 10^k1) 10^k2) (IPMI 2.0 §36.3). */
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
  /** One's complement; `signed` is then true as well. */
  readonly onesComplement?: boolean;
  /** Code of L, 0..11; 70h..7Fh non-linear. Default 0, linear. */
  readonly linearization?: number;
  /**
   * Of a non-linear sensor: raw readings, rising, and their values; straight lines lie between them. At
   * least two.
   */
  readonly curve?: readonly (readonly [number, number])[];
}

/**
 * The factors at one reading: a non-linear sensor's are those of the line that it lies on, all others' are
 * the same everywhere.
 */
export function factorsAt(
  factors: Factors,
  raw: number,
): { readonly factors: Factors; readonly next: number } {
  const { curve } = factors;
  if (!curve) return { factors, next: Math.min(raw + 1, 0xff) };
  const after = curve.findIndex(([at], i) => i > 0 && raw < at);
  const i = after < 0 ? curve.length - 1 : after;
  return {
    factors: lineThrough(curve[i - 1], curve[i], factors.signed),
    next: after < 0 ? 0xff : curve[i][0],
  };
}

/**
 * Factors of a straight line, with as many digits of M and B as there are; what is missing shows at both
 * ends alike.
 */
function lineThrough(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  signed: boolean,
): Factors {
  const slope = (y1 - y0) / (x1 - x0);
  const size = Math.max(Math.abs(slope), 1e-8);
  const k2 = Math.min(7, Math.max(-8, Math.ceil(Math.log10(size / LARGEST))));
  const m = Math.round(slope / 10 ** k2);
  let b = (y0 + y1) / 2 / 10 ** k2 - (m * (x0 + x1)) / 2;
  let k1 = 0;
  for (; Math.abs(b) > LARGEST && k1 < 7; k1++) b /= 10;
  for (; Math.abs(b) * 10 <= LARGEST && b % 1 !== 0 && k1 > -8; k1--) b *= 10;
  return { m, b: Math.round(b), k1, k2, signed };
}

/**
 * What lies between two neighbouring readings, in the sensor's unit; undefined where it is not the same
 * everywhere.
 */
export const stepOf = (factors: Factors): number | undefined =>
  !curveOf(factors) && !factors.curve
    ? Number((Math.abs(factors.m) * 10 ** factors.k2).toPrecision(12))
    : undefined;

/** The value of a raw reading, 0..255. */
export const toReal = (factors: Factors, raw: number): number =>
  // 10^k2 has no exact binary form: cut what its error adds.
  Number(nearlyReal(factors, raw).toPrecision(12));

/** The same to some 15 digits, for who compares only: cutting takes longer than all the rest. */
export function nearlyReal(factors: Factors, raw: number): number {
  const { m, b, k1, k2 } = factors.curve ? factorsAt(factors, raw).factors : factors;
  const y = (m * numberOf(factors, raw) + b * 10 ** k1) * 10 ** k2;
  return curveOf(factors)?.of(y) ?? y;
}

/** The nearest raw reading, 0..255; values out of reach give the end of the range. */
export function toRaw(factors: Factors, real: number): number {
  const { m, b, k1, k2, signed, onesComplement = false } = factors;
  if (factors.curve) return nearest(factors, real);
  const y = curveOf(factors)?.inverse(real) ?? real;
  const x = Math.round((y / 10 ** k2 - b * 10 ** k1) / m);
  const lowest = signed ? (onesComplement ? -127 : -128) : 0;
  // A value outside of the function's domain (the logarithm of 0) is no number: the lowest reading stands for
  // it.
  const limited = Math.min(Math.max(Number.isNaN(x) ? lowest : x, lowest), signed ? 127 : 255);
  return (onesComplement && limited < 0 ? limited - 1 : limited) & 0xff;
}

function nearest(factors: Factors, real: number): number {
  let best = 0;
  for (let raw = 1; raw < 256; raw++)
    if (Math.abs(toReal(factors, raw) - real) < Math.abs(toReal(factors, best) - real)) best = raw;
  return best;
}

/** The greater the reading, the smaller the value. */
export const falls = ({ m, linearization = 0, curve }: Factors): boolean =>
  curve
    ? curve[curve.length - 1][1] < curve[0][1]
    : m < 0 !== (LINEARIZATIONS[linearization]?.falls ?? false);

/** A raw reading as a number that grows with its value. */
export const ordered = (factors: Factors, raw: number): number =>
  falls(factors) ? -numberOf(factors, raw) : numberOf(factors, raw);

export const numberOf = ({ signed, onesComplement = false }: Factors, raw: number): number =>
  signed && raw > 127 ? raw - (onesComplement ? 255 : 256) : raw;

/** Codes that are reserved (0Ch to 6Fh) are taken for linear, as clients take them. */
const curveOf = ({ linearization = 0 }: Factors): (typeof LINEARIZATIONS)[number] | undefined =>
  linearization === 0 ? undefined : LINEARIZATIONS[linearization];
