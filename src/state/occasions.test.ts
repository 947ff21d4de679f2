import { expect, test } from 'vitest';
import { Bmc, Templates } from '../bmc.ts';
import { simWorld } from '../world/index.ts';
import { Occasion, Occasions, Reactions } from './occasions.ts';

const opened = new Occasion<[door: string]>();
const rang = new Occasion<[times: number]>('who listens to the bell');

test('M: reactions come first and in order, then whoever listens, until he has undone it', () => {
  const heard: string[] = [];
  const reactions = new Reactions<{ readonly name: string }>()
    .on(opened, ({ name }, door) => heard.push(`${name} first ${door}`))
    .on(opened, ({ name }, door) => heard.push(`${name} second ${door}`));
  const [one, other] = ['one', 'other'].map((name) => {
    const occasions = new Occasions({ error: () => undefined });
    occasions.react({ name }, reactions);
    return occasions;
  });
  const undo = one.listen(opened, (door) => heard.push(`listener ${door}`));
  one.tell(opened, 'a');
  undo();
  one.tell(opened, 'b');
  other.tell(opened, 'c');
  one.tell(rang, 1);
  expect(heard).toEqual([
    'one first a',
    'one second a',
    'listener a',
    'one first b',
    'one second b',
    'other first c',
    'other second c',
  ]);
});

test('M: who throws keeps no other from a guarded occasion, and is told; of another one it reaches who tells', () => {
  const errors: unknown[] = [];
  const heard: number[] = [];
  const occasions = new Occasions({ error: (message, error) => errors.push([message, String(error)]) });
  const reactions = new Reactions<object>()
    .on(rang, () => {
      throw new Error('deaf');
    })
    .on(rang, (_, times) => heard.push(times))
    .on(opened, () => {
      throw new Error('shut');
    });
  occasions.react({}, reactions);
  occasions.listen(rang, () => {
    throw new Error('asleep');
  });
  occasions.listen(rang, (times) => heard.push(-times));
  occasions.tell(rang, 3);
  expect(heard).toEqual([3, -3]);
  expect(errors).toEqual([
    ['who listens to the bell', 'Error: deaf'],
    ['who listens to the bell', 'Error: asleep'],
  ]);
  expect(() => occasions.tell(opened, 'a')).toThrow('shut');
});

test('M: what one piece takes is not asked of the next', () => {
  const asked: string[] = [];
  const occasions = new Occasions({ error: () => undefined });
  expect(occasions.isTaken(opened, 'a')).toBe(false);
  const reactions = new Reactions<object>()
    .on(opened, (_, door) => (asked.push(`first ${door}`), door === 'a'))
    .on(opened, (_, door) => (asked.push(`second ${door}`), false));
  occasions.react({}, reactions);
  expect([occasions.isTaken(opened, 'a'), occasions.isTaken(opened, 'b')]).toEqual([true, false]);
  expect(asked).toEqual(['first a', 'first b', 'second b']);
});

test('M: pieces of thousands of BMCs hear of one another by one list, with no function of their own', async () => {
  const world = simWorld(1);
  const templates = new Templates();
  const made = Array.from(
    { length: 2 },
    (_, n) =>
      new Bmc(
        { name: `node-${n}`, interfaces: [{ type: 'lan', listen: `10.0.0.${n + 1}:623` }] },
        { world, templates },
      ),
  );
  for (const bmc of made) await bmc.open();
  const [one, other] = made;
  // Each hears of its own alone.
  one.users.refused(2, 1, { threshold: 1, event: true, lockOut: 0, forgetAfter: 0 });
  await one.chassis.attempt('off', 3, 'test');
  expect([one.chassis.isOn, other.chassis.isOn]).toEqual([false, true]);
  expect(one.sel.count).toBeGreaterThan(other.sel.count);
  expect([one.console.available, other.console.available]).toEqual([false, true]);
  for (const bmc of made) await bmc.close();
});
