import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { misfit, planted, root } from './planted/planted.ts';

/** A start of git for each. */
const LONGEST = 120_000;

test(
  'every planted defect says what it is, names its tests, and fits the tree as it stands',
  { timeout: LONGEST },
  () => {
    const defects = planted();
    expect(defects.length).toBeGreaterThanOrEqual(200);
    expect(
      defects.filter(({ what, tests }) => what === '' || tests.length === 0).map(({ name }) => name),
    ).toEqual([]);
    // Where the guard has moved, move the patch; where it is gone, find out why first (docs/decisions/0060).
    const stale = defects.flatMap((defect) => {
      const why = misfit(defect);
      return why === undefined ? [] : [`${defect.name}: ${why}`];
    });
    expect(stale).toEqual([]);
  },
);

test('the tests that a planted defect names are there', () => {
  const missing = planted().flatMap(({ name, tests }) =>
    tests.filter((file) => !existsSync(join(root, file))).map((file) => `${name}: ${file}`),
  );
  expect(missing).toEqual([]);
});
