import { expect, test } from 'vitest';
import { simWorld } from '../../world/index.ts';
import { LockOuts } from './lock-outs.ts';

const RULE = { event: false, threshold: 3, forgetAfter: 10_000, lockOut: 60_000 };

function bench(rule: Partial<typeof RULE> = {}) {
  const world = simWorld(1);
  const lockOuts = new LockOuts(world.clock);
  /** Wrong passwords of a user on a channel: whether each locked it out. */
  const fail = (count: number, userId = 2, channel = 1): boolean[] =>
    Array.from({ length: count }, () => lockOuts.failed(userId, channel, { ...RULE, ...rule }));
  return { world, lockOuts, fail };
}

test('the threshold is the number of wrong passwords that lock out, one user on one channel', () => {
  for (const threshold of [1, 2, 3, 7]) {
    const { lockOuts, fail } = bench({ threshold });
    expect(fail(threshold)).toEqual([...Array.from({ length: threshold - 1 }, () => false), true]);
    expect([lockOuts.isLocked(2, 1), lockOuts.isLocked(3, 1), lockOuts.isLocked(2, 2)]).toEqual([
      true,
      false,
      false,
    ]);
  }
  const { lockOuts, fail } = bench({ threshold: 0 });
  expect(fail(1000)).not.toContain(true);
  expect(lockOuts.isLocked(2, 1)).toBe(false);
});

test('who is locked out stays so for its time: a wrong password more neither lengthens nor ends it', async () => {
  const { world, lockOuts, fail } = bench();
  fail(3);
  for (let i = 0; i < 59; i++) {
    await world.run(1000);
    expect([fail(1), lockOuts.isLocked(2, 1)], `after ${i + 1} s`).toEqual([[false], true]);
  }
  await world.run(1001);
  expect(lockOuts.isLocked(2, 1)).toBe(false);
  expect(fail(3)).toEqual([false, false, true]);
});

test('a right password, and rights given again, clear what was counted: of that user, on that channel or all', () => {
  const { lockOuts, fail } = bench();
  fail(2);
  lockOuts.succeeded(2, 1);
  expect(fail(2)).toEqual([false, false]);
  lockOuts.succeeded(2, 3);
  lockOuts.succeeded(3, 1);
  expect(fail(1)).toEqual([true]);
  fail(3, 2, 3);
  fail(3, 22, 1);
  lockOuts.free(2);
  expect([lockOuts.isLocked(2, 1), lockOuts.isLocked(2, 3), lockOuts.isLocked(22, 1)]).toEqual([
    false,
    false,
    true,
  ]);
});

test('wrong passwords far apart are not counted together, where the rule says how far', async () => {
  const { world, fail } = bench();
  expect(fail(2)).toEqual([false, false]);
  await world.run(10_000);
  expect(fail(2)).toEqual([false, false]);
  await world.run(9000);
  expect(fail(1)).toEqual([true]);
  const kept = bench({ forgetAfter: 0 });
  kept.fail(2);
  await kept.world.run(3_600_000);
  expect(kept.fail(1)).toEqual([true]);
});
