import { expect, test } from 'vitest';
import { LateMap } from './late-map.ts';

test('T2: a late map is a map, empty or not', () => {
  const late = new LateMap<string, number>();
  const shown = () => [
    late.size,
    late.get('a'),
    late.has('a'),
    [...late.keys()],
    [...late.values()],
    [...late],
  ];
  const empty = [0, undefined, false, [], [], []];
  expect(shown()).toEqual(empty);
  expect(late.delete('a'), 'nothing is there').toBe(false);
  expect(late.set('a', 1).set('b', 2)).toBe(late);
  const both = [
    ['a', 1],
    ['b', 2],
  ];
  expect(shown()).toEqual([2, 1, true, ['a', 'b'], [1, 2], both]);
  for (const [key] of late) if (key === 'a') late.delete('b');
  expect([...late.entries()], 'what goes meanwhile is not seen').toEqual([['a', 1]]);
  expect(late.delete('a')).toBe(true);
  late.set('c', 3).clear();
  expect(shown()).toEqual(empty);
});
