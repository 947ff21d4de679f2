/**
 * Functions that make a linear reading the value of its sensor (SDR linearization, IPMI 2.0 §43.1 byte 24).
 */
export interface Linearization {
  readonly name: string;
  readonly of: (x: number) => number;
  /** The argument of a value. */
  readonly inverse: (y: number) => number;
  /** The greater the reading, the smaller the value. */
  readonly falls?: boolean;
}

/** By their codes, 0..11. */
export const LINEARIZATIONS: readonly Linearization[] = [
  { name: 'linear', of: (x) => x, inverse: (y) => y },
  { name: 'ln', of: Math.log, inverse: Math.exp },
  { name: 'log10', of: Math.log10, inverse: (y) => 10 ** y },
  { name: 'log2', of: Math.log2, inverse: (y) => 2 ** y },
  { name: 'e', of: Math.exp, inverse: Math.log },
  { name: 'exp10', of: (x) => 10 ** x, inverse: Math.log10 },
  { name: 'exp2', of: (x) => 2 ** x, inverse: Math.log2 },
  { name: '1/x', of: (x) => 1 / x, inverse: (y) => 1 / y, falls: true },
  { name: 'sqr', of: (x) => x ** 2, inverse: Math.sqrt },
  { name: 'cube', of: (x) => x ** 3, inverse: Math.cbrt },
  { name: 'sqrt', of: Math.sqrt, inverse: (y) => y ** 2 },
  { name: 'cbrt', of: Math.cbrt, inverse: (y) => y ** 3 },
];

/** Non-linear: each reading has factors of its own (§36.2), which Get Sensor Reading Factors gives. */
export const NON_LINEAR = 0x70;
