import { LINEARIZATIONS } from './linearization.ts';
import { LARGEST, stepOf, type Factors } from './sensor-factors.ts';

/** Steps from one end of the readings to the other. */
const STEPS = 255;
const LEAST_EXPONENT = -8;
const MOST_EXPONENT = 7;
/** Round steps have one of these digits, so that those who read them see short decimals. */
const DIGITS = [1, 2, 5];
/** A round step that leaves fewer readings than these over the range is not worth its roundness. */
const FEWEST = 20;

/** Values that should be readings, as they stand in the settings, and not their neighbours. */
export interface WantedValues {
  /** Those that matter most: thresholds, and what the hysteresis makes of them. */
  readonly limits?: readonly number[];
  /** Distances: a hysteresis. */
  readonly distances?: readonly number[];
  /** Those that the sensor reads. */
  readonly readings?: readonly number[];
}

/**
 * Factors in which 256 readings reach from `min` to `max`, both in the sensor's unit, through a
 * linearization's function if there is one (IPMI 2.0 §36.3). The finest of the round steps (1, 2 or 5 times a
 * power of ten) on which the range, and as many of the wanted values as can be, lie; else the finest that
 * there is. Undefined: no factors of an SDR reach that far.
 */
export function factorsFor(
  min: number,
  max: number,
  linearization = 0,
  wanted: WantedValues = {},
): Factors | undefined {
  if (linearization === 0) return linearFactors(min, max, wanted);
  const { of, inverse, falls = false } = LINEARIZATIONS[linearization];
  const ends = [inverse(min), inverse(max)];
  if (falls) ends.reverse();
  // Where the function has no value at 0 (a logarithm), the lowest reading has to be the range's end itself,
  // not somewhat below.
  const lowest = Number(ends[0].toPrecision(2));
  const begins = lowest > 0 && !Number.isFinite(of(0)) ? finest(lowest, ends[1], lowest) : undefined;
  const factors = begins ?? finest(ends[0], ends[1]);
  return factors && { ...factors, linearization };
}

function linearFactors(
  min: number,
  max: number,
  { limits = [], distances = [], readings = [] }: WantedValues,
): Factors | undefined {
  const unit = naturalUnit(min, max);
  const ends = [min, max];
  const units = unit === undefined ? [] : [unit];
  const lengths = [...distances, ...units];
  return (
    (unit === 1 ? undefined : full(min, max, [...limits, ...readings], distances)) ??
    round(min, max, [...ends, ...limits, ...readings], lengths) ??
    (readings.length > 0 ? divisor(min, max, [...ends, ...limits, ...readings], distances) : undefined) ??
    finer(round(min, max, [...ends, ...limits], lengths), divisor(min, max, [...ends, ...limits], lengths)) ??
    (limits.length > 0
      ? (round(min, max, [min, ...limits], lengths) ?? divisor(min, max, [...ends, ...limits], distances))
      : undefined) ??
    round(min, max, [...ends, ...limits], units) ??
    (unit === undefined
      ? finer(round(min, max, ends, []), finest(min, max))
      : round(min, max, ends, units)) ??
    finest(min, max)
  );
}

/** One in the last digit of the range's ends, where so many steps fit: whole degrees, or tenths of volts. */
function naturalUnit(min: number, max: number): number | undefined {
  for (let k2 = 0; k2 >= LEAST_EXPONENT; k2--)
    if ([min, max].every((end) => Number.isInteger(wholeAt(end, k2))))
      return (max - min) / 10 ** k2 <= STEPS + 1e-6 ? 10 ** k2 : undefined;
  return undefined;
}

/** Steps that differ are comparable with none. */
const fineness = (factors: Factors): number => stepOf(factors) ?? NaN;
const finer = (a: Factors | undefined, b: Factors | undefined): Factors | undefined =>
  a && b && fineness(b) < fineness(a) ? b : (a ?? b);

/**
 * The step of which the range has exactly as many as there are: whoever wrote such a range (15.3, 1020) has a
 * sensor of 0.06, or 4, in mind.
 */
function full(
  min: number,
  max: number,
  values: readonly number[],
  distances: readonly number[],
): Factors | undefined {
  for (let k2 = LEAST_EXPONENT; k2 <= MOST_EXPONENT; k2++) {
    const m = wholeAt((max - min) / STEPS, k2);
    if (!Number.isInteger(m) || m < 1 || m >= 100) continue;
    const isWhole = (length: number): boolean => Number.isInteger(wholeAt(length / m, k2));
    const factors =
      distances.every(isWhole) && values.every((value) => isWhole(value - min))
        ? placed(m, k2, min, max, min)
        : undefined;
    if (factors) return shortened(factors);
  }
  return undefined;
}

/** The finest round step on which all values lie, and of which the distances are multiples. */
function round(
  min: number,
  max: number,
  values: readonly number[],
  distances: readonly number[],
): Factors | undefined {
  const span = max - min || 1;
  for (let k2 = Math.max(LEAST_EXPONENT, Math.floor(Math.log10(span / STEPS))); k2 <= MOST_EXPONENT; k2++) {
    for (const m of DIGITS) {
      const isWhole = (length: number): boolean => Number.isInteger(wholeAt(length / m, k2));
      if (m * 10 ** k2 * FEWEST > span) return undefined;
      if (!distances.every(isWhole) || !values.every((value) => isWhole(value - values[0]))) continue;
      const factors = placed(m, k2, min, max, values[0]);
      if (factors) return factors;
    }
  }
  return undefined;
}

/** The finest step that divides all distances between the values: round or not, each of them is a reading. */
function divisor(
  min: number,
  max: number,
  values: readonly number[],
  distances: readonly number[],
): Factors | undefined {
  const span = max - min || 1;
  for (let k2 = LEAST_EXPONENT; k2 <= MOST_EXPONENT; k2++) {
    const lengths = [...values.map((value) => value - values[0]), ...distances].map((length) =>
      Math.abs(wholeAt(length, k2)),
    );
    if (!lengths.every(Number.isSafeInteger)) continue;
    const common = lengths.reduce(commonDivisor, 0);
    for (let parts = Math.floor(clean((common * STEPS) / (span / 10 ** k2))); parts > 0; parts--) {
      const m = common / parts;
      const factors = Number.isInteger(m) && m <= LARGEST ? placed(m, k2, min, max, values[0]) : undefined;
      if (factors) return shortened(factors);
    }
  }
  return undefined;
}

/** Two digits of M, three with an anchor, as fine as the range allows; its ends lie within a step. */
function finest(min: number, max: number, anchor?: number): Factors | undefined {
  const span = max - min || 1;
  let k2 = Math.max(LEAST_EXPONENT, Math.floor(Math.log10(span / STEPS)) - (anchor === undefined ? 1 : 2));
  let m = Math.max(1, Math.ceil(span / STEPS / 10 ** k2 - 1e-6));
  while (k2 <= MOST_EXPONENT && m <= LARGEST) {
    const factors = placed(m, k2, min, max, anchor);
    if (factors) return shortened(factors);
    if (++m > 100 && k2 < MOST_EXPONENT) {
      m = 10;
      k2++;
    }
  }
  return undefined;
}

/**
 * Factors of the step M 10^k2 whose readings reach from `min` to `max`: signed, from 0, or with an offset.
 * `anchor`: a value that is to be a reading.
 */
function placed(m: number, k2: number, min: number, max: number, anchor?: number): Factors | undefined {
  const step = m * 10 ** k2;
  const reaches = (low: number): boolean =>
    low <= min + 1e-6 * step && low + STEPS * step >= max - 1e-6 * step;
  const holds = (origin: number): boolean =>
    anchor === undefined || Number.isInteger(wholeAt((anchor - origin) / m, k2));
  const factors = { m, b: 0, k1: 0, k2 };
  if (min < 0 && reaches(-128 * step) && holds(0)) return { ...factors, signed: true };
  if (min >= 0 && reaches(0) && holds(0)) return { ...factors, signed: false };
  for (let k1 = 0; k1 <= MOST_EXPONENT; k1++) {
    // B has three digits: the lowest reading lies at `min`, or somewhat below.
    const unit = 10 ** (k1 + k2);
    for (let b = Math.floor(clean(min / unit)); Math.abs(b) <= LARGEST && reaches(b * unit); b--)
      if (holds(b * unit)) return { ...factors, b, k1, signed: false };
  }
  return undefined;
}

/** M without zeros at its end. */
function shortened(factors: Factors): Factors {
  let { m, k2, k1 } = factors;
  while (m % 10 === 0 && k2 < MOST_EXPONENT && (factors.b === 0 || k1 > LEAST_EXPONENT)) {
    m /= 10;
    k2++;
    if (factors.b !== 0) k1--;
  }
  return { ...factors, m, k2, k1 };
}

/** A length in units of 10^k2, a whole number if it is one. */
const wholeAt = (length: number, k2: number): number => clean(length / 10 ** k2);

/** Without what binary fractions add to a decimal one. */
const clean = (value: number): number => Number(value.toPrecision(12));

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
