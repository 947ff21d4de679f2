import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { simWorld } from './index.ts';
import { atOnce, Pace } from './pace.ts';

/** A clock of which each look costs a millisecond, and that counts rests. */
function busyWorld() {
  let now = 0;
  let rests = 0;
  const clock = {
    now: () => now,
    monotonic: () => now++,
    after: (_ms: number, action: () => void) => {
      rests++;
      setImmediate(action);
      return { cancel: () => undefined };
    },
  };
  return { clock, rests: () => rests };
}

function* counting(most: number): Generator<undefined, number> {
  let sum = 0;
  for (let i = 1; i <= most; i++) {
    yield;
    sum += i;
  }
  return sum;
}

test('17.1: long work rests each few milliseconds, and comes to the same as at once', async () => {
  const { clock, rests } = busyWorld();
  expect(await new Pace({ clock }).over(counting(100))).toBe(atOnce(counting(100)));
  expect(rests()).toBeGreaterThan(10);
  expect(rests()).toBeLessThan(50);
});

test('17.1: short work has no rest and costs no timer', async () => {
  const pace = new Pace(simWorld(1));
  expect(pace.rest()).toBeUndefined();
  expect(await pace.over(counting(100))).toBe(5050);
});

test('17.1: a process that has nothing else goes on until long work is done', () => {
  const world = new URL('../../dist/world/', import.meta.url).href;
  const script = `
    const { Pace } = await import('${world}pace.js');
    const { nodeWorld } = await import('${world}node.js');
    await new Pace(nodeWorld()).breathe();
    console.log('done');
  `;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect([stdout, status]).toEqual(['done\n', 0]);
});
