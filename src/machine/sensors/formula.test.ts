import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormulaError, parseFormula } from './formula.ts';

test.each([
  ['45', 0, 45],
  ['1 + 2*3 - 4/2', 0, 5],
  ['-2^2', 0, -4],
  ['2^3^2', 0, 512],
  ['7 % 4', 0, 3],
  ['(1 + 2) * -3', 0, -9],
  ['1.5e2 + .5', 0, 150.5],
  ['10*sin(t/60)', 60, 10 * Math.sin(1)],
  ['cos(pi)', 0, -1],
  ['abs(-3) + floor(2.9)', 0, 5],
  ['min(3, 1, 2) + max(1, 5)', 0, 6],
  ['ramp(20, 100, 60)', -1, 20],
  ['ramp(20, 100, 60)', 30, 60],
  ['ramp(20, 100, 60)', 1000, 100],
  ['ramp(20, 100, 0)', 0, 100],
  ['step(5, 9, 10)', 9.9, 5],
  ['step(5, 9, 10)', 10, 9],
])('%s at %d s is %d', (text, t, value) => expect(parseFormula(text)(t)).toBeCloseTo(value, 9));

test('only formulas that name the time move', () => {
  expect(parseFormula('2*pi').isConstant).toBe(true);
  expect(parseFormula('t').isConstant).toBe(false);
  expect(parseFormula('ramp(1, 2, 3)').isConstant).toBe(false);
});

describe('mistakes', () => {
  test.each([
    ['', 0, /a number, 't', a function or '\(', received the end/],
    ['1 +', 3, /received the end/],
    ['45 + tan(t)', 5, /there is no 'tan'/],
    ['sin(1, 2)', 0, /sin takes 1 argument\(s\), not 2/],
    ['sin 1', 4, /'\(' after sin, received '1'/],
    ['(1', 2, /'\)'/],
    ['1 2', 2, /an operator or the end, received '2'/],
    ['constructor(1)', 0, /there is no 'constructor'/],
    ['toString', 0, /there is no 'toString'/],
    ['1;process', 1, /received ';'/],
    ['('.repeat(100), 32, /nested/],
    [`1${'+1'.repeat(400)}`, 500, /at most 500/],
  ])('%s', (text, at, problem) => {
    expect(() => parseFormula(text)).toThrow(problem);
    try {
      parseFormula(text);
    } catch (error) {
      expect((error as FormulaError).at).toBe(at);
    }
  });

  test('no text makes anything but a number or a FormulaError', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('0123t.+-*/%^()e, '), 'sin', 'max(', 'ramp(') }),
        (text) => {
          try {
            expect(typeof parseFormula(text)(1)).toBe('number');
          } catch (error) {
            expect(error).toBeInstanceOf(FormulaError);
          }
        },
      ),
    );
  });
});
