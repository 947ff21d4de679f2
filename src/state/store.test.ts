import { expect, test } from 'vitest';
import { allOf, both, Store, type Journal } from './store.ts';

/** A journal whose writes the test settles, in the order in which they came. */
function slow() {
  const settle: ((fails: boolean) => void)[] = [];
  const journal: Journal = {
    load: () => [],
    write: () =>
      new Promise((resolve, reject) =>
        settle.push((fails) => (fails ? reject(new Error('disk')) : resolve())),
      ),
    satellite: () => journal,
  };
  return { settle, store: new Store<number>('things', journal) };
}

test.each([
  ['both fail', true, true, 1],
  ['the first fails', true, false, 3],
  ['the second fails', false, true, 2],
  ['none fails', false, false, 3],
])('two changes of one key under way: %s', async (_name, firstFails, secondFails, value) => {
  const { settle, store } = slow();
  const begun = store.set('k', 1);
  settle.shift()!(false);
  await begun;
  const done = [store.set('k', 2), store.set('k', 3)];
  expect(store.get('k')).toBe(3);
  settle[0](firstFails);
  await done[0]!.catch(() => undefined);
  settle[1](secondFails);
  await done[1]!.catch(() => undefined);
  expect(store.get('k')).toBe(value);
});

test('a deletion that fails is undone; a key that was never stored is gone', async () => {
  const { settle, store } = slow();
  const begun = store.set('k', 1);
  settle.shift()!(false);
  await begun;
  const done = [store.delete('k'), store.set('new', 1)];
  for (const one of settle) one(true);
  for (const one of done) await expect(one).rejects.toThrow('disk');
  expect([...store.entries()]).toEqual([['k', 1]]);
});

test('both waits for both, tells of a failure, and leaves none unhandled', async () => {
  const { settle, store } = slow();
  const done = both(store.set('a', 1), store.set('b', 2));
  // Nobody waits for these: the process goes on.
  void both(store.set('c', 1), store.set('d', 2));
  void store.set('e', 1);
  settle[0](true);
  let settled = false;
  done!.catch(() => undefined).finally(() => (settled = true));
  await Promise.resolve();
  expect(settled).toBe(false);
  for (const one of settle) one(true);
  await expect(done).rejects.toThrow('disk');
  expect(store.size).toBe(0);
});

test('Z22: all changes are done when the last is, and the first failure of any is told when none is under way', async () => {
  expect(allOf([])).toBeUndefined();
  expect(allOf([undefined, undefined])).toBeUndefined();
  const [one, other] = [Promise.resolve(), Promise.resolve()];
  expect(allOf([undefined, one])).toBe(one);
  let isOver = false;
  const last = new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => void (isOver = true));
  await expect(allOf([one, Promise.reject(new Error('full')), other, last])).rejects.toThrow('full');
  expect(isOver).toBe(true);
});
