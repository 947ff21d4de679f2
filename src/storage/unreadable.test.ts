import { expect, test } from 'vitest';
import { simWorld, type SimWorld } from '../world/index.ts';
import { encodePayload } from './record.ts';
import { Storage } from './storage.ts';

const PATH = '/state/state.journal';
const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

async function opened(world: SimWorld): Promise<{ storage: Storage; warnings: string[] }> {
  const warnings: string[] = [];
  const warn = (line: string): void => void warnings.push(line);
  const storage = await world.until(Storage.open(world.files, '/state', { warn, compactAbove: 1 }));
  return { storage, warnings };
}

/** A directory with a value of node-1 and node-2 each, and a whole record of node-1 that is no JSON. */
async function spoilt(world: SimWorld): Promise<void> {
  const { storage } = await opened(world);
  for (const name of ['node-1', 'node-2'])
    await world.until(
      storage.journal(name).write([{ store: 'chassis', key: 'policy', value: 2 }]) ?? Promise.resolve(),
    );
  await world.until(storage.close());
  const record = encodePayload(new TextEncoder().encode('["node-1",["chassis","cause",@@]]'));
  const file = await world.until(world.files.open(PATH, 'append'));
  await world.until(file.append(record));
  await world.until(file.close());
}

test('Z21: a whole record that says nothing is told with file and place when its BMC is read, once', async () => {
  const world = simWorld(1);
  await spoilt(world);
  const { storage, warnings } = await opened(world);
  expect(warnings).toEqual([]);
  expect([...storage.journal('node-2').load('chassis')]).toEqual([['policy', 2, undefined]]);
  expect(warnings).toEqual([]);
  expect([...storage.journal('node-1').load('chassis')]).toEqual([['policy', 2, undefined]]);
  expect(warnings).toEqual([
    expect.stringMatching(/^\/state\/state\.journal: 1 record\(s\) of chassis of node-1 /),
  ]);
  expect([...storage.journal('node-1').load('chassis')]).toEqual([]);
  expect(warnings).toHaveLength(1);
  await world.until(storage.close());
});

test.each([true, false])(
  'Z21: what could not be read stays in the file that is written anew (read: %s)',
  async (isRead) => {
    const world = simWorld(1);
    await spoilt(world);
    const { storage } = await opened(world);
    if (isRead) expect([...storage.journal('node-1').load('chassis')]).toHaveLength(1);
    const before = (await world.until(world.files.read(PATH))).length;
    // Written anew many times meanwhile.
    for (let n = 0; n < 500; n++)
      await world.until(
        storage.journal('node-2').write([{ store: 'chassis', key: 'policy', value: n % 3 }]) ??
          Promise.resolve(),
      );
    await world.until(storage.close());
    const after = await world.until(world.files.read(PATH));
    expect(after.length).toBeLessThan(before * 4);
    expect(text(after).split('@@')).toHaveLength(2);
    // The next start tells of it as this one did, and finds it whole.
    const next = await opened(world);
    expect(next.warnings).toEqual([]);
    expect([...next.storage.journal('node-1').load('chassis')]).toEqual([['policy', 2, undefined]]);
    expect(next.warnings).toHaveLength(1);
    await world.until(next.storage.close());
  },
);

test('Z21: what is made again in the same process has what could not be read once, not twice', async () => {
  const world = simWorld(1);
  await spoilt(world);
  const { storage } = await opened(world);
  expect([...storage.journal('node-1').load('chassis')]).toHaveLength(1);
  await world.until(storage.putBack(['node-1']));
  expect([...storage.journal('node-1').load('chassis')]).toHaveLength(1);
  for (let n = 0; n < 500; n++)
    await world.until(
      storage.journal('node-2').write([{ store: 'chassis', key: 'policy', value: n % 3 }]) ??
        Promise.resolve(),
    );
  await world.until(storage.close());
  expect(text(await world.until(world.files.read(PATH))).split('@@')).toHaveLength(2);
});
