import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { sensorsOf } from '../../config/sensors.ts';
import { simWorld } from '../../world/index.ts';
import { factorsFor } from './factor-choice.ts';
import { stepOf, toRaw, toReal } from './sensor-factors.ts';

/** What comes back of a value. */
const back = (factors: ReturnType<typeof factorsFor>, value: number): number =>
  toReal(factors!, toRaw(factors!, value));

describe('V8: a reading is what was written', () => {
  test.each([
    [-40, 125, 1],
    [-55, 150, 1],
    [0, 100, 0.5],
    [0, 127, 0.5],
    [0, 255, 1],
    [-128, 127, 1],
    [-127, 128, 1],
    [0, 25.5, 0.1],
    [0, 15.3, 0.06],
    [0, 1020, 4],
    [0, 153, 1],
    [0, 15.2, 0.1],
    [0, 2.55, 0.01],
    [-12.6, -11.4, 0.01],
    [200, 240, 0.2],
    [1001, 1255, 1],
    [0, 25_500, 100],
    [0.5, 10.5, 0.05],
  ])('%d to %d has steps of %d, and every one of them comes back', (min, max, step) => {
    const factors = factorsFor(min, max)!;
    expect(stepOf(factors)).toBe(step);
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    for (let i = 0; i <= Math.round((max - min) / step); i++) {
      const value = Number((min + i * step).toFixed(digits));
      expect(back(factors, value)).toBe(value);
    }
  });

  test('whole numbers, tenths and hundredths of every range that has room for them come back, with every limit among them', () => {
    const ranges = fc.record({
      digits: fc.constantFrom(0, 1, 2, 3),
      from: fc.integer({ min: -500, max: 500 }),
      span: fc.integer({ min: 1, max: 255 }),
      wanted: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 7 }),
    });
    fc.assert(
      fc.property(ranges, ({ digits, from, span, wanted }) => {
        // 255 steps of 0.04, 0.06 or 0.08 have steps of their own.
        fc.pre(digits === 0 || ![102, 153, 204].includes(span));
        const decimal = (units: number): number => Number((units / 10 ** digits).toFixed(digits));
        const [min, max] = [decimal(from), decimal(from + span)];
        const limits = wanted.filter((one) => one <= span).map((one) => decimal(from + one));
        const factors = factorsFor(min, max, 0, { limits })!;
        for (let units = from; units <= from + span; units++)
          expect(back(factors, decimal(units))).toBe(decimal(units));
      }),
      { seed: 8 },
    );
  });

  test('a threshold, a reading or a hysteresis with a further digit gets it, where the range has room', () => {
    const factors = factorsFor(0, 50, 0, { limits: [45.5], distances: [0.5], readings: [21] })!;
    expect(stepOf(factors)).toBe(0.5);
    expect([45.5, 21, 50].map((value) => back(factors, value))).toEqual([45.5, 21, 50]);
    // 15.3 is 255 steps of 0.06; a reading that is none of them makes them tenths.
    expect(back(factorsFor(0, 15.3, 0, { limits: [0.06, 12.24] }), 12.24)).toBe(12.24);
    expect(back(factorsFor(0, 15.3, 0, { limits: [10.8], readings: [12.1] }), 12.1)).toBe(12.1);
  });

  test('where 256 steps cannot reach, the nearest comes back, and the range is reached', () => {
    const ends = fc.tuple(
      fc.double({ min: -1e5, max: 1e5, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(ends, fc.double({ min: 0, max: 1, noNaN: true }), ([min, span], part) => {
        const factors = factorsFor(min, min + span)!;
        const step = stepOf(factors)!;
        const value = min + part * span;
        expect(Math.abs(factors.m)).toBeLessThan(512);
        expect(Math.abs(factors.b)).toBeLessThan(512);
        expect(Math.abs(back(factors, value) - value)).toBeLessThanOrEqual(
          step / 2 + 1e-6 * step + 1e-9 * Math.abs(value),
        );
      }),
      { seed: 8 },
    );
  });

  test('no factors reach further than an SDR can say', () => expect(factorsFor(0, 1e13)).toBeUndefined());

  test('hysteresis is in steps, also at the end of the range and beyond what is nominal', () => {
    const temperature = { name: 'T', entity: '3.1', type: 'temperature', unit: 'degrees C' } as const;
    const hysteresis = (sensor: object): object =>
      new Bmc({ sensors: [{ ...temperature, ...sensor }] }, { world: simWorld(1) }).sensors.get('T')
        .hysteresis;
    expect(hysteresis({ range: [0, 127], nominal: 127, hysteresis: 2 })).toEqual({
      positive: 4,
      negative: 4,
    });
    expect(hysteresis({ range: [-55, 150], nominal: 20, hysteresis: 3 })).toEqual({
      positive: 3,
      negative: 3,
    });
    expect(hysteresis({ range: [-100, -10], nominal: -10, hysteresis: 2.5 })).toEqual({
      positive: 5,
      negative: 5,
    });
    const exp2 = { linearization: 'exp2', range: [1, 256] };
    expect(hysteresis({ ...exp2, nominal: 256, hysteresis: 100 })).not.toEqual({ positive: 0, negative: 0 });
  });
});

test.each([
  ['ln', 1, 0, 5],
  ['ln', 1, 0.5, 6],
  ['log10', 2, -2, 3],
  ['log2', 3, -3, 8],
] as const)(
  'V8: the lowest reading of a logarithm (%s) is the end of its range, though 0 has none',
  (_name, linearization, min, max) => {
    const factors = factorsFor(min, max, linearization);
    expect(Math.abs(back(factors, min) - min)).toBeLessThan(0.1);
    expect(Math.abs(back(factors, max) - max)).toBeLessThan(0.1);
  },
);

test('D4: all declarations have one shape', () => {
  const common = { entity: '3.1', type: 'temperature' };
  const declarations = sensorsOf({
    sensors: [
      { ...common, name: 'A', unit: 'degrees C', value: 3 },
      { ...common, name: 'B', unit: 'degrees C', thresholds: { uc: 3 }, needsPower: true },
      { ...common, name: 'C', states: [1] },
      { ...common, name: 'D', eventOnly: true, events: { assert: [1] } },
    ],
  });
  const shapes = new Set(declarations.map((one) => Object.keys(one).join()));
  expect(shapes.size).toBe(1);
});
