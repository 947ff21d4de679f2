import { expect, test } from 'vitest';
import { NamedFiles } from './outside.ts';

test('V7: BMCs that share a section go on sharing it, so that it is checked once for all of them', () => {
  const files = new NamedFiles('/', 0);
  const fru = [{ id: 0, name: 'Board' }];
  const [a, b, c] = [
    { name: 'a', fru },
    { name: 'b', fru },
    { name: 'c', fru: [...fru], sdr: {} },
  ].map((bmc) => files.filled(bmc, []));
  expect(a.sdr).toBe(b.sdr);
  expect(a.fru).toBe(b.fru);
  expect(c.sdr).not.toBe(a.sdr);
  expect(c.sdr).toEqual(a.sdr);
});

test('V16: nothing in it stays nothing', () => expect(new NamedFiles('/', 0).filled({}, [])).toEqual({}));
