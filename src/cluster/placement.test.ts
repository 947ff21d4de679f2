import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOfToken, tokenOf } from './names.ts';
import { insideOf, placed, type HostPlace } from './placement.ts';

const bmcs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `node-${i}`, addresses: [`10.9.${i >> 8}.${i & 255}`] }));
const hosts = (...names: string[]): Map<string, HostPlace> => new Map(names.map((name) => [name, {}]));

test('23.2: hosts share evenly, and one that comes or goes moves its own share alone', () => {
  const three = placed(bmcs(3000), hosts('a', 'b', 'c'));
  const four = placed(bmcs(3000), hosts('a', 'b', 'c', 'd'));
  for (const host of ['a', 'b', 'c', 'd']) {
    const count = [...four.values()].filter((name) => name === host).length;
    expect(count, host).toBeGreaterThan(650);
    expect(count, host).toBeLessThan(850);
  }
  const moved = [...four].filter(([name, host]) => three.get(name) !== host);
  expect(moved.every(([, host]) => host === 'd')).toBe(true);
});

test('23.2: whoever asks, in whatever order, the place is the same; nobody has more than he takes', () => {
  const host = fc.record({ capacity: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }) });
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), host),
      fc.shuffledSubarray(bmcs(40), { minLength: 40 }),
      (places, order) => {
        const map = new Map(Object.entries(places));
        const found = placed(order, map);
        expect(found).toEqual(placed(bmcs(40), new Map([...map].reverse())));
        for (const [name, { capacity = Infinity }] of map)
          expect([...found.values()].filter((one) => one === name).length).toBeLessThanOrEqual(capacity);
        const room = [...map.values()].reduce((sum, { capacity = Infinity }) => sum + capacity, 0);
        expect(found.size).toBe(Math.min(40, room));
      },
    ),
  );
});

test('23.1: networks, labels and draining say who serves whom; what nobody can serve has no place', () => {
  const map = new Map<string, HostPlace>([
    ['net', { networks: ['10.9.0.0/24', '2001:db8::/64'] }],
    ['lab', { labels: { rack: '7' } }],
    ['old', { isDraining: true }],
  ]);
  const of = (addresses: string[], labels?: Record<string, string>) =>
    placed([{ name: 'x', addresses, labels }], map).get('x');
  expect(of(['10.9.0.7'])).toBe('net');
  expect(of(['2001:db8::7', '10.9.0.1'])).toBe('net');
  expect(of(['10.9.1.7'])).toBeUndefined();
  expect(of(['10.9.1.7'], { rack: '7' })).toBe('lab');
  expect(of(['10.9.1.7'], { rack: '8' })).toBeUndefined();
  expect(of([], { rack: '7', row: '2' })).toMatch(/^(lab|net)$/);
  expect(() => insideOf(['10.9.0.0/40'])).toThrow("'10.9.0.0/40' is no network");
});

test('23: any name is one token, and comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      expect(tokenOf(name)).toMatch(/^[\w=-]+$/);
      expect(nameOfToken(tokenOf(name))).toBe(name);
    }),
  );
  expect(tokenOf('node-7.rack *')).toBe('node-7=2Erack=20=2A');
});
