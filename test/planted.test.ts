import { expect, test } from 'vitest';
import { misfit, planted } from './planted/planted.ts';

test('every planted defect says what it is and fits the tree as it stands', () => {
  const defects = planted();
  expect(defects.length).toBeGreaterThanOrEqual(80);
  expect(defects.filter(({ what }) => what === '').map(({ name }) => name)).toEqual([]);
  expect(defects.flatMap((defect) => misfit(defect) ?? []).join('\n')).toBe('');
});
