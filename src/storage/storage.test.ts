import { appendFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Store } from '../state/store.ts';
import { nodeWorld } from '../world/node.ts';
import { StorageError } from './journal-file.ts';
import { crc32 } from './crc32.ts';
import { encodeEntry, MAGIC, scan, type Entry } from './record.ts';
import { Storage } from './storage.ts';

const { files } = nodeWorld();
const directory = (): string => mkdtempSync(join(tmpdir(), 'ipmi-bmc-state-'));
const open = async (path: string): Promise<{ storage: Storage; warnings: string[]; store: Store<unknown> }> => {
  const warnings: string[] = [];
  const storage = await Storage.open(files, path, (warning) => void warnings.push(warning));
  return { storage, warnings, store: new Store<unknown>('things', storage.journal('one')) };
};
const file = (entries: readonly Entry[]): Uint8Array => {
  const parts = [new TextEncoder().encode(MAGIC), ...entries.map(encodeEntry)];
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
};

test('what was acknowledged is there after a restart, by BMC and store; deletions and bytes too', async () => {
  const path = directory();
  const { storage, store } = await open(path);
  const other = new Store<unknown>('things', storage.journal('two'));
  await Promise.all([store.set('a', 1), store.set('b', Uint8Array.of(0, 255)), store.set('gone', { x: [true, null] }), other.set('a', 'of two')]);
  await Promise.all([store.delete('gone'), store.set('a', { deep: [Uint8Array.of(7)] })]);
  await storage.close();
  const again = await open(path);
  expect(Object.fromEntries(again.store.entries())).toEqual({ a: { deep: [Uint8Array.of(7)] }, b: Uint8Array.of(0, 255) });
  expect(new Store('things', again.storage.journal('two')).get('a')).toBe('of two');
  expect(new Store('else', again.storage.journal('one')).size).toBe(0);
  expect(again.warnings).toEqual([]);
  await again.storage.close();
});

test('secrets lie in a file of their own; nobody else reads any of it', async () => {
  const path = join(directory(), 'state');
  const { storage } = await open(path);
  await new Store('passwords', storage.journal('one')).set(2, { bytes: new TextEncoder().encode('hidden'), size: 16 });
  await storage.close();
  const hex = Buffer.from('hidden').toString('hex');
  expect(readFileSync(join(path, 'state.journal'), 'utf8')).not.toContain(hex);
  expect(readFileSync(join(path, 'secrets.journal'), 'utf8')).toContain(hex);
  expect([path, join(path, 'state.journal'), join(path, 'secrets.journal')].map((name) => statSync(name).mode & 0o777)).toEqual([
    0o700, 0o600, 0o600,
  ]);
});

test('one process a directory; it is free when the first has closed', async () => {
  const path = directory();
  const { storage } = await open(path);
  await expect(open(path)).rejects.toThrow('another process uses this state directory');
  await storage.close();
  await (await open(path)).storage.close();
});

describe('damage', () => {
  test('a cut at every byte of the last record keeps all before it, and goes on from there', async () => {
    const entries: Entry[] = [1, 2, 3].map((n) => ({ bmc: 'one', store: 'things', key: `k${n}`, value: n }));
    const whole = file(entries);
    const before = file(entries.slice(0, 2));
    for (let length = before.length; length < whole.length; length++) {
      const path = directory();
      writeFileSync(join(path, 'state.journal'), whole.subarray(0, length));
      const { storage, store, warnings } = await open(path);
      expect([...store.keys()], `cut to ${length}`).toEqual(['k1', 'k2']);
      expect(warnings).toHaveLength(length === before.length ? 0 : 1);
      await store.set('k4', 4);
      await storage.close();
      expect(scan(readFileSync(join(path, 'state.journal'))).entries).toHaveLength(3);
    }
  });

  test('a flipped bit in the middle costs one record, and is told', async () => {
    const entries: Entry[] = [1, 2, 3].map((n) => ({ bmc: 'one', store: 'things', key: `k${n}`, value: n }));
    const path = directory();
    const bytes = file(entries);
    bytes[file(entries.slice(0, 1)).length + 12] ^= 1;
    writeFileSync(join(path, 'state.journal'), bytes);
    const { storage, store, warnings } = await open(path);
    expect([...store.keys()]).toEqual(['k1', 'k3']);
    expect(warnings[0]).toMatch(/1 damaged record\(s\) in the middle are lost/);
    await storage.close();
  });

  test.each(['some other file', 'ipmi-bmc journal 9\nxxxx', '\0\0\0\0\0\0\0\0\0\0'])(
    'a file of another kind is refused and left alone: %j',
    async (content) => {
      const path = directory();
      writeFileSync(join(path, 'state.journal'), content);
      await expect(open(path)).rejects.toThrow(StorageError);
      expect(readFileSync(join(path, 'state.journal'), 'utf8')).toBe(content);
      // The lock is free again for whoever mends it.
      writeFileSync(join(path, 'state.journal'), '');
      await (await open(path)).storage.close();
    },
  );

  test('property: no bytes behind the magic line make the scan throw, and what is whole is found', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (junk, count) => {
        const entries: Entry[] = Array.from({ length: count }, (_, n) => ({ bmc: 'b', store: 's', key: String(n), value: n }));
        const bytes = Uint8Array.from([...file(entries), ...junk]);
        expect(scan(bytes).entries.slice(0, count)).toEqual(entries);
      }),
    );
  });

  test('a tail of zeros, as a lost page leaves it, is cut', async () => {
    const path = directory();
    writeFileSync(join(path, 'state.journal'), file([{ bmc: 'one', store: 'things', key: 'a', value: 1 }]));
    appendFileSync(join(path, 'state.journal'), new Uint8Array(64));
    const { storage, store, warnings } = await open(path);
    expect([store.get('a'), warnings.length]).toEqual([1, 1]);
    await storage.close();
  });
});

test('changes of one moment go to disk together: one datasync', async () => {
  const path = directory();
  let syncs = 0;
  const counting = {
    ...files,
    open: async (...args: Parameters<typeof files.open>) => {
      const opened = await files.open(...args);
      return new Proxy(opened, {
        get(target, name) {
          if (name === 'datasync') syncs++;
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
  const storage = await Storage.open(counting, path, () => undefined);
  const store = new Store<number>('things', storage.journal('one'));
  syncs = 0;
  await Promise.all(Array.from({ length: 100 }, async (_, i) => store.set(i, i)));
  expect(syncs).toBeLessThanOrEqual(2);
  await storage.close();
});

test('a change that cannot be written is refused with C4h, undone in memory, and the next one works', async () => {
  const path = directory();
  let full = false;
  const failing = {
    ...files,
    open: async (...args: Parameters<typeof files.open>) => {
      const opened = await files.open(...args);
      return new Proxy(opened, {
        get(target, name) {
          if (name === 'writeAt' && full)
            return async () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
  const storage = await Storage.open(failing, path, () => undefined);
  const store = new Store<number>('things', storage.journal('one'));
  await store.set('a', 1);
  full = true;
  await expect(store.set('a', 2)).rejects.toMatchObject({ cc: 0xc4 });
  expect(store.get('a')).toBe(1);
  full = false;
  await store.set('a', 3);
  await storage.close();
  const again = await open(path);
  expect(again.store.get('a')).toBe(3);
  await again.storage.close();
});

test('CRC-32', () => expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926));
