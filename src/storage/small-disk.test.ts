// M11: a disk that our own history fills is made room on before a change is refused.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Store } from '../state/store.ts';
import { nodeWorld, simWorld, type Files } from '../world/index.ts';
import { Storage } from './storage.ts';

const KIB = 1024;

async function open(files: Files, directory = '/state', warnings: string[] = []): Promise<Storage> {
  return Storage.open(files, directory, { warn: (line) => warnings.push(line) });
}

test.each([160, 192, 256, 400, 700])(
  'M11: a disk of %i KiB takes change after change, with little that lives',
  async (capacity) => {
    const world = simWorld(capacity, { diskFaults: { capacity: capacity * KIB } });
    const warnings: string[] = [];
    const storage = await world.until(open(world.files, '/state', warnings));
    const [things, passwords] = ['things', 'passwords'].map(
      (name) => new Store<unknown>(name, storage.journal('one')),
    );
    for (let n = 0; n < 6000; n++) {
      await world.until(things.set(n % 40, `value ${n} ${'x'.repeat(n % 500)}`)!);
      if (n % 10 === 0) await world.until(passwords.set(n % 60, { bytes: new Uint8Array(20), size: 16 })!);
    }
    expect(warnings).toEqual([]);
    expect(world.disk.used()).toBeLessThanOrEqual(capacity * KIB);
    await world.until(storage.close());
    const again = await world.until(open(world.files, '/state', warnings));
    expect([new Store('things', again.journal('one')).get(39), warnings]).toEqual([things.get(39), []]);
    await world.until(again.close());
  },
);

test.each(['ENOSPC', 'EDQUOT'])('M11: %s compacts before it refuses, and nothing is told', async (code) => {
  const world = simWorld(3);
  const warnings: string[] = [];
  const storage = await world.until(open(world.files, '/state', warnings));
  const things = new Store<number>('things', storage.journal('one'));
  for (let n = 0; n < 100; n++) await world.until(things.set('same', n)!);
  const before = (await world.until(world.files.stat('/state/state.journal')))!.size;
  world.disk.failNext(code, 'writeAt');
  await world.until(things.set('same', 100)!);
  expect((await world.until(world.files.stat('/state/state.journal')))!.size).toBeLessThan(before / 5);
  // With nothing to win, it is refused, once and in a line.
  world.disk.failNext(code, 'writeAt');
  world.disk.failNext(code, 'writeAt');
  world.disk.failNext(code, 'writeAt');
  await expect(world.until(things.set('same', 101)!)).rejects.toMatchObject({ cc: 0xc4 });
  expect([things.get('same'), warnings.filter((line) => line.includes('refused')).length]).toEqual([100, 1]);
  await world.until(storage.close());
});

test('M11: a start finds a journal that is mostly history, and leaves one that is not', async () => {
  const world = simWorld(4);
  const storage = await world.until(
    Storage.open(world.files, '/state', { warn: () => undefined, compactAbove: 1e9 }),
  );
  const things = new Store<string>('things', storage.journal('one'));
  for (let n = 0; n < 400; n++) await world.until(things.set(n % 10, 'x'.repeat(100))!);
  await world.until(storage.close());
  const size = async (): Promise<number> =>
    (await world.until(world.files.stat('/state/state.journal')))!.size;
  expect(await size()).toBeGreaterThan(50_000);
  await world.until((await world.until(open(world.files))).close());
  expect(await size()).toBeLessThan(3000);
});

test('M11: torture: power losses and restarts on a small disk lose nothing that was acknowledged', async () => {
  for (let seed = 0; seed < 8; seed++) {
    const world = simWorld(seed, { diskFaults: { capacity: 140 * KIB, latency: [0.2, 1] } });
    const acknowledged = new Map<string, number>();
    let refused = 0;
    for (let life = 0; life < 4; life++) {
      const process = world.process();
      const storage = await world.until(open(process.files));
      const things = new Store<{ n: number; text: string }>('things', storage.journal('one'));
      for (const [key, n] of acknowledged)
        expect(things.get(key)?.n, `seed ${seed}`).toBeGreaterThanOrEqual(n);
      let n = life * 1e6;
      const work = async (): Promise<void> => {
        for (;;) {
          const [key, value] = [String(n % 20), n++];
          await things.set(key, { n: value, text: 'y'.repeat(value % 900) })!.then(
            () => acknowledged.set(key, value),
            () => refused++,
          );
        }
      };
      void work();
      await world.run(400 + seed * 17);
      if (life % 2 === 0) process.crash();
      else {
        process.kill();
        await world.run(10);
      }
    }
    expect([acknowledged.size, refused], `seed ${seed}`).toEqual([20, 0]);
  }
});

test('M11: a real disk of half a mebibyte', async ({ skip }) => {
  const directory = mkdtempSync(join(tmpdir(), 'small-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=0700', 'tmpfs', directory], {
      stdio: 'ignore',
    });
  } catch {
    skip('needs root');
  }
  onTestFinished(() => void execFileSync('umount', ['-l', directory]));
  const warnings: string[] = [];
  const storage = await open(nodeWorld().files, join(directory, 'state'), warnings);
  const things = new Store<string>('things', storage.journal('one'));
  for (let n = 0; n < 400; n++)
    await Promise.all(Array.from({ length: 10 }, (_, i) => things.set(i, `${n} ${'x'.repeat(400)}`)!));
  expect(warnings).toEqual([]);
  await storage.close();
});
