import { expect, test } from 'vitest';
import { nodeWorld } from './node.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** More than any pool holds, in pieces as sessions ask for them. */
const drawn = (size: number, count: number): string[] => {
  const { random } = nodeWorld();
  return Array.from({ length: count }, () => hex(random.bytes(size)));
};

test.each([4, 12, 16, 20, 32, 255, 256, 257, 1000])(
  'the real world gives no %i bytes twice, and none that are all the same',
  (size) => {
    const all = drawn(size, Math.ceil(40_000 / size));
    // Four bytes may meet by chance once in a while; sixteen never do.
    expect(new Set(all).size).toBeGreaterThanOrEqual(all.length - (size < 8 ? 2 : 0));
    expect(all.filter((one) => /^(..)\1*$/.test(one) && size >= 12)).toEqual([]);
  },
);

test('every place of a byte sees every value', () => {
  const { random } = nodeWorld();
  const seen = Array.from({ length: 16 }, () => new Set<number>());
  for (let i = 0; i < 6000; i++) for (const [at, byte] of random.bytes(16).entries()) seen[at].add(byte);
  for (const [at, values] of seen.entries()) expect(values.size, `byte ${at}`).toBe(256);
});

test('two worlds of one process share nothing, and a number is not the one before', () => {
  const [one, other] = [nodeWorld().random, nodeWorld().random];
  const numbers = Array.from({ length: 2000 }, () => [one.u32(), other.u32()]).flat();
  expect(new Set(numbers).size).toBeGreaterThan(3995);
  for (const high of [24, 16, 8, 0])
    expect(new Set(numbers.map((number) => (number >>> high) & 0xff)).size).toBe(256);
});

test('a buffer is filled whole, in place', () => {
  const { random } = nodeWorld();
  for (const size of [1, 16, 300]) {
    const filled = Array.from({ length: 64 }, () => random.fill(new Uint8Array(size)));
    for (let at = 0; at < size; at++) expect(filled.some((one) => one[at] !== 0)).toBe(true);
  }
});
