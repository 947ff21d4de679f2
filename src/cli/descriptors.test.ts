import { expect, test } from 'vitest';
import { checkDescriptors, descriptorsOf } from './descriptors.ts';

const fleet = (count: number, listen: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => ({
    name: `node-${n}`,
    interfaces: [{ type: 'lan' as const, listen: listen(n) }],
  }));

test('I16: addresses of prefixes need one descriptor for a port of a family', () => {
  const own = descriptorsOf([]);
  expect(descriptorsOf(fleet(1000, (n) => `127.0.0.1:${n + 1}`)) - own).toBe(1000);
  expect(descriptorsOf(fleet(1000, (n) => `10.9.${n >> 8}.${n & 255}/16:623`)) - own).toBe(1);
  expect(
    descriptorsOf([
      ...fleet(9, (n) => `10.9.0.${n}/16:623`),
      ...fleet(9, (n) => `[fd00::${n}/64]:${623 + (n & 1)}`),
    ]) - own,
  ).toBe(3);
});

test('I16: too many are told before the first is opened, with what raises the limit and what needs none', () => {
  const bmcs = fleet(1000, (n) => `127.0.0.1:${n + 1}`);
  expect(() => checkDescriptors(bmcs, 1024)).toThrow(
    /^1000 BMCs need at least 1032 open files, .*may have 1024: raise it with 'ulimit -n 1032'.*LimitNOFILE=1032.*10\.9\.0\.0\/16:623/,
  );
  expect(() => checkDescriptors(bmcs, 2048)).not.toThrow();
  expect(() =>
    checkDescriptors(
      fleet(60_000, () => '10.9.0.1/16:623'),
      64,
    ),
  ).not.toThrow();
});
