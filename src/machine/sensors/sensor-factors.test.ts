import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINEARIZATIONS } from './linearization.ts';
import { factorsFor } from './factor-choice.ts';
import { factorsAt, falls, ordered, toRaw, toReal } from './sensor-factors.ts';

/** Ranges that each function reaches. */
const ranges: Record<string, [number, number]> = {
  linear: [-40, 125],
  ln: [0, 5],
  log10: [-2, 3],
  log2: [0, 8],
  e: [1, 100],
  exp10: [1, 1000],
  exp2: [1, 256],
  '1/x': [0.5, 50],
  sqr: [0, 400],
  cube: [-27, 27],
  sqrt: [0, 20],
  cbrt: [-3, 3],
};

describe.each(LINEARIZATIONS.map(({ name }, code) => ({ name, code })))('$name', ({ name, code }) => {
  const [min, max] = ranges[name];
  const factors = factorsFor(min, max, code)!;

  test('each reading is the nearest one to its value, within the fields of an SDR', () => {
    expect(Math.abs(factors.m)).toBeLessThan(512);
    expect(Math.abs(factors.b)).toBeLessThan(512);
    for (let raw = 0; raw < 256; raw++) {
      const value = toReal(factors, raw);
      if (!Number.isFinite(value)) continue;
      // Where the curve is flat two readings may share a value.
      expect(toReal(factors, toRaw(factors, value)), `raw ${raw}`).toBeCloseTo(value, 6);
    }
  });

  test('values of the whole range are met within a step', () => {
    fc.assert(
      fc.property(fc.double({ min, max, noNaN: true }), (value) => {
        const raw = toRaw(factors, value);
        // A logarithm's first reading may be that of 0.
        const near = [-1, 0, 1].map((step) =>
          raw === 0 && step < 0 ? -Infinity : toReal(factors, (raw + step) & 0xff),
        );
        expect(Math.min(...near)).toBeLessThanOrEqual(value + 1e-9);
        expect(Math.max(...near)).toBeGreaterThanOrEqual(value - 1e-9);
      }),
    );
  });

  test('readings are compared by their values', () => {
    const [low, high] = [toRaw(factors, min + (max - min) * 0.3), toRaw(factors, min + (max - min) * 0.7)];
    expect(ordered(factors, low)).toBeLessThan(ordered(factors, high));
    expect(falls(factors)).toBe(name === '1/x');
  });
});

test("one's complement has two zeros and reaches from -127 to 127", () => {
  const factors = { m: 1, b: 0, k1: 0, k2: 0, signed: true, onesComplement: true };
  expect([0x00, 0xff, 0x80, 0x7f, 0xfe].map((raw) => toReal(factors, raw))).toEqual([0, 0, -127, 127, -1]);
  expect([-127, -200, -1, 0, 127].map((value) => toRaw(factors, value))).toEqual([0x80, 0x80, 0xfe, 0, 0x7f]);
});

test('a non-linear sensor has factors for each piece of its curve, and says where the next begins', () => {
  const factors = {
    m: 1,
    b: 0,
    k1: 0,
    k2: 0,
    signed: false,
    curve: [
      [0, -10],
      [100, 20],
      [255, 100],
    ] as [number, number][],
  };
  for (const [raw, value] of factors.curve) expect(toReal(factors, raw)).toBeCloseTo(value, 0);
  expect(factorsAt(factors, 3).next).toBe(100);
  expect(factorsAt(factors, 100).next).toBe(255);
  expect(toRaw(factors, 5)).toBe(50);
  // What a client computes with the factors that it was given is what the sensor means.
  const { m, b, k1, k2 } = factorsAt(factors, 50).factors;
  expect((m * 50 + b * 10 ** k1) * 10 ** k2).toBeCloseTo(toReal(factors, 50), 9);
});
