import { appendFileSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Store } from '../state/store.ts';
import { nodeWorld } from '../world/node.ts';
import { StorageError } from './journal-head.ts';
import { crc32 } from './crc32.ts';
import { decodeChange, encodeChange, MAGIC, RecordReader, type Change } from './record.ts';
import { Seal } from './seal.ts';
import { Storage } from './storage.ts';

const { files } = nodeWorld();
const directory = (): string => mkdtempSync(join(tmpdir(), 'ipmi-bmc-state-'));
const open = async (
  path: string,
): Promise<{ storage: Storage; warnings: string[]; store: Store<unknown> }> => {
  const warnings: string[] = [];
  const storage = await Storage.open(files, path, { warn: (warning) => void warnings.push(warning) });
  return { storage, warnings, store: new Store<unknown>('things', storage.journal('one')) };
};
const change = (key: string, value: unknown): Change => ({
  bmc: 'one',
  entries: [{ store: 'things', key, value }],
});
const file = (changes: readonly Change[]): Uint8Array => {
  const parts = [new TextEncoder().encode(MAGIC), ...changes.map((one) => encodeChange(one))];
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
};
const changesIn = (bytes: Uint8Array): (Change | undefined)[] => {
  const reader = new RecordReader();
  return [...reader.push(bytes.subarray(MAGIC.length)), ...reader.finish()].map((payload) =>
    decodeChange(payload),
  );
};

test('what was acknowledged is there after a restart, by BMC and store; deletions and bytes too', async () => {
  const path = directory();
  const { storage, store } = await open(path);
  const other = new Store<unknown>('things', storage.journal('two'));
  await Promise.all([
    store.set('a', 1),
    store.set('b', Uint8Array.of(0, 255)),
    store.set('gone', { x: [true, null] }),
    other.set('a', 'of two'),
  ]);
  await Promise.all([store.delete('gone'), store.set('a', { deep: [Uint8Array.of(7)] })]);
  await storage.close();
  const again = await open(path);
  expect(Object.fromEntries(again.store.entries())).toEqual({
    a: { deep: [Uint8Array.of(7)] },
    b: Uint8Array.of(0, 255),
  });
  expect(new Store('things', again.storage.journal('two')).get('a')).toBe('of two');
  expect(new Store('else', again.storage.journal('one')).size).toBe(0);
  expect(again.warnings).toEqual([]);
  await again.storage.close();
});

test('secrets lie in a file of their own; nobody else reads any of it', async () => {
  const path = join(directory(), 'state');
  const { storage } = await open(path);
  await new Store('passwords', storage.journal('one')).set(2, {
    bytes: new TextEncoder().encode('hidden'),
    size: 16,
  });
  await storage.close();
  const hex = Buffer.from('hidden').toString('hex');
  expect(readFileSync(join(path, 'state.journal'), 'utf8')).not.toContain(hex);
  expect(readFileSync(join(path, 'secrets.journal'), 'utf8')).toContain(hex);
  expect(
    [path, join(path, 'state.journal'), join(path, 'secrets.journal')].map(
      (name) => statSync(name).mode & 0o777,
    ),
  ).toEqual([0o700, 0o600, 0o600]);
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
    const entries = [1, 2, 3].map((n) => change(`k${n}`, n));
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
      const of = changesIn(readFileSync(join(path, 'state.journal'))).filter((one) => one?.bmc === 'one');
      expect(of).toHaveLength(3);
    }
  });

  // In the marker, the length (small and huge), the checksum, the payload.
  test.each([0, 3, 4, 6, 7, 9, 12, 20])(
    'a flipped bit in byte %i of a record in the middle costs that record, and is told',
    async (where) => {
      const entries = [1, 2, 3].map((n) => change(`k${n}`, n));
      const path = directory();
      const bytes = file(entries);
      bytes[file(entries.slice(0, 1)).length + where] ^= 1;
      writeFileSync(join(path, 'state.journal'), bytes);
      const { storage, store, warnings } = await open(path);
      expect([...store.keys()]).toEqual(['k1', 'k3']);
      expect(warnings[0]).toMatch(/1 damaged stretch\(es\) in the middle are lost/);
      await storage.close();
      // The file as it was is kept, the fresh one is whole.
      expect(Uint8Array.from(readFileSync(join(path, 'state.journal.damaged')))).toEqual(bytes);
      const again = await open(path);
      expect([[...again.store.keys()], again.warnings]).toEqual([['k1', 'k3'], []]);
      await again.storage.close();
    },
  );

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
        const changes = Array.from({ length: count }, (_, n) => change(String(n), n));
        const bytes = Uint8Array.from([...file(changes), ...junk]);
        expect(changesIn(bytes).slice(0, count)).toEqual(changes);
      }),
    );
  });

  test('a tail of zeros, as a lost page leaves it, is cut', async () => {
    const path = directory();
    writeFileSync(join(path, 'state.journal'), file([change('a', 1)]));
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
  const storage = await Storage.open(counting, path, { warn: () => undefined });
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
            return async () =>
              Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
  const storage = await Storage.open(failing, path, { warn: () => undefined });
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

test('what the disk refused is not found by the next start, even where it could not be taken back at once', async () => {
  const path = directory();
  let broken = false;
  const failing = {
    ...files,
    open: async (...args: Parameters<typeof files.open>) => {
      const opened = await files.open(...args);
      return new Proxy(opened, {
        get(target, name) {
          if (broken && (name === 'datasync' || name === 'truncate'))
            return async () => Promise.reject(new Error('EIO'));
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
  const storage = await Storage.open(failing, path, { warn: () => undefined });
  const store = new Store<number>('things', storage.journal('one'));
  await store.set('a', 1);
  broken = true;
  await expect(store.set('a', 2)).rejects.toMatchObject({ cc: 0xc4 });
  broken = false;
  await storage.close();
  const again = await open(path);
  expect(again.store.get('a')).toBe(1);
  await again.storage.close();
});

test.each(['passwords', 'channel-keys', 'serial-secrets'])('%s are secrets', async (name) => {
  const path = directory();
  const { storage } = await open(path);
  await new Store<string>(name, storage.journal('one')).set('x', 'hush-hush');
  await storage.close();
  expect(readFileSync(join(path, 'state.journal'), 'latin1')).not.toContain('hush-hush');
  expect(readFileSync(join(path, 'secrets.journal'), 'latin1')).toContain('hush-hush');
});

test('CRC-32', () => expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926));

test('property: a file read in pieces of any size gives the same records', () => {
  const bytes = file(Array.from({ length: 20 }, (_, n) => change(`k${n}`, 'x'.repeat(n * 7))));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      fc.nat(bytes.length - 1),
      (sizes, flipped) => {
        const damaged = bytes.slice(MAGIC.length);
        damaged[flipped % damaged.length] ^= 0x41;
        const whole = new RecordReader();
        const expected = [...whole.push(damaged), ...whole.finish()].map((one) => String(one));
        const pieces = new RecordReader();
        const found: ReturnType<RecordReader['push']> = [];
        for (let at = 0, i = 0; at < damaged.length; at += sizes[i++ % sizes.length]) {
          found.push(
            ...pieces.push(damaged.subarray(at, Math.min(damaged.length, at + sizes[i % sizes.length]))),
          );
        }
        found.push(...pieces.finish());
        expect([found.map((one) => String(one)), pieces.whole, pieces.damaged]).toEqual([
          expected,
          whole.whole,
          whole.damaged,
        ]);
        expect(expected.length).toBeGreaterThanOrEqual(19);
      },
    ),
  );
});

test('a change of several values is there as a whole or not at all', async () => {
  const path = directory();
  const { storage, store } = await open(path);
  await store.set('a', 1);
  await store.change([
    ['a', 2],
    ['b', 2],
    ['c', 2],
  ]);
  await storage.close();
  const bytes = readFileSync(join(path, 'state.journal'));
  for (let cut = 1; cut < 60; cut++) {
    writeFileSync(join(path, 'state.journal'), bytes.subarray(0, bytes.length - cut));
    const again = await open(path);
    expect(Object.fromEntries(again.store.entries())).toEqual({ a: 1 });
    await again.storage.close();
  }
});

describe('compaction', () => {
  const openSmall = async (path: string) => {
    const warnings: string[] = [];
    const storage = await Storage.open(files, path, {
      warn: (warning) => void warnings.push(warning),
      compactAbove: 4000,
    });
    return { storage, warnings, store: new Store<unknown>('things', storage.journal('one')) };
  };

  test('a journal that is mostly history is replaced by its live content while writing goes on', async () => {
    const path = directory();
    const { storage, store, warnings } = await openSmall(path);
    await new Store<unknown>('things', storage.journal('not in the config any more')).set('kept', true);
    await store.set('gone', 1);
    await store.delete('gone');
    for (let round = 0; round < 400; round++)
      await Promise.all([store.set('counter', round), store.set(`k${round % 5}`, round)]);
    await storage.close();
    expect(warnings).toEqual([]);
    expect(statSync(join(path, 'state.journal')).size).toBeLessThan(6000);
    const again = await openSmall(path);
    expect(Object.fromEntries(again.store.entries())).toEqual({
      counter: 399,
      k0: 395,
      k1: 396,
      k2: 397,
      k3: 398,
      k4: 399,
    });
    expect(new Store('things', again.storage.journal('not in the config any more')).get('kept')).toBe(true);
    await again.storage.close();
  });

  test('Z17: a journal that is mostly live is not written anew because of the first change after a start', async () => {
    const path = directory();
    const first = await open(path);
    const values = Array.from({ length: 500 }, (_, n) => [`key ${n}`, 'x'.repeat(100)] as const);
    await first.store.change(values);
    await first.storage.close();
    const { ino } = statSync(join(path, 'state.journal'));
    for (let start = 0; start < 3; start++) {
      const { storage, store } = await open(path);
      expect(store.size).toBe(500);
      await store.set('key 1', `start ${start}`);
      await storage.close();
      expect(statSync(join(path, 'state.journal')).ino).toBe(ino);
    }
  });

  test('a leftover of a compaction that the power ended is of no account', async () => {
    const path = directory();
    const { storage, store } = await open(path);
    await store.set('a', 1);
    await storage.close();
    writeFileSync(join(path, 'state.journal.new'), 'half');
    const again = await open(path);
    expect(again.store.get('a')).toBe(1);
    await again.storage.close();
    expect(readdirSync(path)).not.toContain('state.journal.new');
  });
});

describe('sealing', () => {
  const secretsOf = (path: string): Buffer => readFileSync(join(path, 'secrets.journal'));
  const openSealed = async (path: string, sealKey?: string) => {
    const storage = await Storage.open(files, path, { warn: () => undefined, sealKey });
    return { storage, passwords: new Store<unknown>('passwords', storage.journal('one')) };
  };

  test('a sealed file shows nothing, opens with its key, and with no other', async () => {
    const path = directory();
    const { storage, passwords } = await openSealed(path, 'correct horse');
    await passwords.set(2, 'hidden');
    await storage.close();
    expect(secretsOf(path).includes('hidden')).toBe(false);
    const before = secretsOf(path);
    await expect(openSealed(path, 'wrong horse')).rejects.toThrow('secrets.journal: sealed with another key');
    await expect(openSealed(path)).rejects.toThrow(
      'sealed; give its key with --seal-key or IPMI_BMC_SEAL_KEY',
    );
    expect(secretsOf(path)).toEqual(before);
    const again = await openSealed(path, 'correct horse');
    expect(again.passwords.get(2)).toBe('hidden');
    await again.storage.close();
  });

  test('an open file is sealed when it is first opened with a key', async () => {
    const path = directory();
    const { storage, passwords } = await openSealed(path);
    await passwords.set(2, 'hidden');
    await storage.close();
    expect(secretsOf(path).includes('hidden')).toBe(true);
    const sealed = await openSealed(path, 'key');
    expect(sealed.passwords.get(2)).toBe('hidden');
    await sealed.storage.close();
    expect(secretsOf(path).includes('hidden')).toBe(false);
    const again = await openSealed(path, 'key');
    expect(again.passwords.get(2)).toBe('hidden');
    await again.storage.close();
  });

  test('a sealed record that was changed is damage, not content', async () => {
    const path = directory();
    const { storage, passwords } = await openSealed(path, 'key');
    await passwords.set(2, 'first');
    await passwords.set(2, 'second');
    await storage.close();
    const seal = Seal.create('key');
    expect(seal.open(seal.close(Uint8Array.of(1, 2, 3)))).toEqual(Uint8Array.of(1, 2, 3));
    const bytes = seal.close(Uint8Array.of(1, 2, 3));
    bytes[14] ^= 1;
    expect(seal.open(bytes)).toBeUndefined();
    expect(seal.open(new Uint8Array(5))).toBeUndefined();
  });
});

test('F7: what a closed BMC has stored can be loaded again, while another one writes and files are compacted', async () => {
  const path = directory();
  const storage = await Storage.open(files, path, { warn: () => undefined, compactAbove: 1024 });
  const one = new Store<unknown>('things', storage.journal('one'));
  await one.set('a', 1);
  await one.set('a', 2);
  await one.set('gone', 1);
  await one.delete('gone');
  expect(new Store<unknown>('things', storage.journal('one')).size, 'taken already').toBe(0);
  const other = new Store<unknown>('things', storage.journal('two'));
  const writing = Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i % 20));
      await other.set('b', `${i}`.padEnd(64));
    }),
  );
  for (let i = 0; i < 5; i++) {
    await storage.putBack(['one', 'nobody']);
    expect(Object.fromEntries(new Store<unknown>('things', storage.journal('one')).entries())).toEqual({
      a: 2,
    });
  }
  await writing;
  expect(storage.strangers(new Set(['two']))).toEqual([]);
  await storage.close();
});
