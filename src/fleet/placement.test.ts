import { expect, test } from 'vitest';
import { Placement } from './placement.ts';

const names = Array.from({ length: 10_000 }, (_, n) => `node-${n}`);

test('I16: names are spread evenly, whatever they look like', () => {
  for (const list of [names, names.map((name) => `rack7-${name}.example`)])
    for (const of of [2, 3, 4, 8]) {
      const placement = new Placement(of);
      const counts = Array.from({ length: of }, () => 0);
      for (const name of list) counts[placement.shardOf(name)]++;
      for (const count of counts) expect(Math.abs(count / (list.length / of) - 1)).toBeLessThan(0.1);
    }
});

test('I16: one more process takes its part and moves nobody else', () => {
  const [three, four] = [new Placement(3), new Placement(4)];
  const moved = names.filter((name) => three.shardOf(name) !== four.shardOf(name));
  expect(moved.every((name) => four.shardOf(name) === 3)).toBe(true);
  expect(Math.abs(moved.length / (names.length / 4) - 1)).toBeLessThan(0.1);
});

test('I16: who was moved is there, and nobody else; moved home again it is as if it never was', () => {
  const placement = new Placement(4);
  const home = placement.shardOf('node-7');
  const there = placement.with('node-7', (home + 1) % 4);
  expect(there.shardOf('node-7')).toBe((home + 1) % 4);
  expect(names.filter((name) => there.shardOf(name) !== placement.shardOf(name))).toEqual(['node-7']);
  expect(there.with('node-7', home).moved).toEqual({});
  expect(new Placement(1).shardOf('toString')).toBe(0);
});
