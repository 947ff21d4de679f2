// Records that nobody waits for: what lasts, older files, a disk that fails, a file that was moved away.
import { expect, test } from 'vitest';
import { RecordFile } from './record-file.ts';
import { simWorld } from './sim.ts';
import type { Files, OpenFile } from './world.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function disk() {
  const world = simWorld(1);
  const errors: string[] = [];
  const full = { now: false };
  // A disk that takes half of a record and then no more.
  const failing = (file: OpenFile): OpenFile => ({
    ...file,
    readAt: (at, length) => file.readAt(at, length),
    writeAt: (at, data) => file.writeAt(at, data),
    truncate: (size) => file.truncate(size),
    datasync: () => file.datasync(),
    size: () => file.size(),
    close: () => file.close(),
    append: async (data) => {
      if (!full.now) return file.append(data);
      await file.append(data.subarray(0, data.length >> 1));
      throw new Error('no space left');
    },
  });
  const { files } = world;
  const own: Files = {
    ...files,
    read: (path) => files.read(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    stat: (path) => files.stat(path),
    open: async (path, how, mode) => failing(await files.open(path, how, mode)),
  };
  const open = (
    path: string,
    more: Partial<Parameters<typeof RecordFile.open>[2]> = {},
  ): Promise<RecordFile> =>
    world.until(
      RecordFile.open(own, path, {
        header: [],
        lasts: true,
        failed: (error) => void errors.push(String(error)),
        ...more,
      }),
    );
  const read = async (path: string): Promise<string | undefined> =>
    (await world.until(files.stat(path))) === undefined
      ? undefined
      : new TextDecoder().decode(await world.until(files.read(path)));
  const put = async (file: RecordFile, ...lines: string[]): Promise<void> => {
    for (const line of lines) {
      file.write((missing) => bytes(`${line}${missing === 0 ? '' : ` after ${missing}`}\n`));
      await world.run(100);
    }
  };
  return { world, files, errors, full, open, read, put };
}

test('A3: what lasts goes on behind what is there; what does not begins anew', async () => {
  const { world, open, read, put } = disk();
  for (const lasts of [true, true, false]) {
    const file = await open('/log', { lasts });
    await put(file, `lasts ${lasts}`);
    await world.until(file.close());
  }
  expect(await read('/log')).toBe('lasts false\n');
});

test('A3: by size a file becomes the first of the older ones, and the oldest goes', async () => {
  const { world, open, read, put } = disk();
  const file = await open('/log', { size: 8, keep: 2 });
  await put(file, 'one', 'two', 'three', 'four', 'five', 'six', 'seven');
  await world.until(file.close());
  const all = await Promise.all(['/log', '/log.1', '/log.2', '/log.3'].map(read));
  expect(all).toEqual(['seven\n', 'five\nsix\n', 'three\nfour\n', undefined]);
});

test('A3: a disk that is full is told once, no half record stays, and the next one says how many are missing', async () => {
  const { world, open, read, put, errors, full } = disk();
  const file = await open('/log');
  await put(file, 'one');
  full.now = true;
  await put(file, 'two', 'three', 'four');
  full.now = false;
  await put(file, 'five', 'six');
  expect(await read('/log')).toBe('one\nfive after 3\nsix\n');
  expect([errors, file.missing]).toEqual([['Error: no space left'], 3]);
  full.now = true;
  await put(file, 'seven');
  expect(errors).toHaveLength(2);
  await world.until(file.close());
});

test('A3: a file that was moved away is begun anew when somebody says so', async () => {
  const { world, files, open, read, put } = disk();
  const file = await open('/log');
  await put(file, 'one');
  await world.until(files.rename('/log', '/log.yesterday'));
  await put(file, 'two');
  file.reopen();
  await world.run(100);
  expect(await read('/log')).toBe('');
  await put(file, 'three');
  await world.until(file.close());
  expect(await Promise.all(['/log', '/log.yesterday'].map(read))).toEqual(['three\n', 'one\ntwo\n']);
});
