import { expect, test } from 'vitest';
import { SimServer } from '../../test/support/sim-bus.ts';
import { Seal } from '../storage/seal.ts';
import { SimClock } from '../world/sim-clock.ts';
import { ConflictError, NoRoomError, type EventLog } from './bus.ts';
import { StreamStorage } from './stream-storage.ts';

async function until<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const done = promise.finally(() => (isDone = true));
  void done.then(
    () => undefined,
    () => undefined,
  );
  while (!isDone) await clock.run(10);
  return done;
}

async function storageOn(server: SimServer, host: string, seal?: Seal) {
  const line = server.connect();
  const fenced: string[] = [];
  const warnings: string[] = [];
  const storage = new StreamStorage(await line.log('state'), {
    clock: line.clock,
    host,
    seal,
    warn: (message) => warnings.push(message),
    onFenced: (bmc) => fenced.push(bmc),
  });
  return { line, storage, fenced, warnings };
}

const all = (contents: Iterable<readonly [string, unknown, number?]>) =>
  Object.fromEntries(Array.from(contents, ([key, value]) => [key, value]));

test('23.3: what was acknowledged is there for who takes the BMC next, and who had it cannot write any more', async () => {
  const clock = new SimClock(0);
  const server = new SimServer(clock, () => 0.5);
  const one = await storageOn(server, 'one');
  const two = await storageOn(server, 'two');
  await until(clock, one.storage.take('bmc', 1));
  const journal = one.storage.journal('bmc');
  await until(
    clock,
    Promise.all([
      journal.write([{ store: 'users', key: '2', value: { name: 'admin', bytes: Uint8Array.of(1, 2) } }]),
      journal.satellite('c0h').write([{ store: 'sel', key: '1', value: 7, version: 2 }]),
    ]),
  );
  await until(clock, two.storage.take('bmc', 2));
  const refused = expect(
    until(clock, Promise.resolve(journal.write([{ store: 'users', key: '2', value: undefined }]))),
  ).rejects.toMatchObject({ name: 'FencedError' });
  await refused;
  expect(one.fenced).toEqual(['bmc']);
  await expect(
    Promise.resolve(journal.write([{ store: 'users', key: '3', value: 1 }])),
  ).rejects.toMatchObject({
    cc: 0xc0,
  });
  const there = two.storage.journal('bmc');
  expect(there.holds?.('users')).toBe(true);
  expect(all(there.load('users'))).toEqual({ '2': { name: 'admin', bytes: Uint8Array.of(1, 2) } });
  expect([...there.satellite('c0h').load('sel')]).toEqual([['1', 7, 2]]);
  expect(() => one.storage.journal('other')).toThrow('other');
});

test('23.3: a long history becomes one message, sealed if it is to be', async () => {
  const clock = new SimClock(0);
  const server = new SimServer(clock, () => 0.01);
  const seal = Seal.create('a key');
  const { storage } = await storageOn(server, 'one', seal);
  await until(clock, storage.take('bmc', 1));
  const journal = storage.journal('bmc');
  for (let i = 0; i < 300; i++) {
    const done = journal.write([{ store: 's', key: String(i % 5), value: `secret ${i}` }]);
    await until(clock, Promise.resolve(done));
  }
  const messages = server.logs.get('state')!.subjects.get('bmc')!;
  expect(messages.length).toBeLessThan(60);
  expect(messages.every(({ bytes }) => !Buffer.from(bytes).includes('secret'))).toBe(true);
  await until(clock, storage.give('bmc'));
  const next = await storageOn(server, 'two', seal);
  await until(clock, next.storage.take('bmc', 2));
  expect(all(next.storage.journal('bmc').load('s'))).toEqual(
    Object.fromEntries([0, 1, 2, 3, 4].map((i) => [String(i), `secret ${295 + i}`])),
  );
  const stranger = await storageOn(server, 'three');
  await until(clock, stranger.storage.take('bmc', 3));
  expect(stranger.warnings[0]).toMatch(/bmc: message \d+ of its history cannot be read/);
});

test('23.3: many changes at once go in as many messages as they need; one that fits into none goes in parts, and too long a one is refused alone', async () => {
  const clock = new SimClock(0);
  const server = new SimServer(clock, () => 0.01);
  const { storage } = await storageOn(server, 'one');
  await until(clock, storage.take('a/b', 1));
  const journal = storage.journal('a/b');
  const write = (key: string, length: number): Promise<unknown> =>
    Promise.resolve(journal.write([{ store: 's', key, value: 'x'.repeat(length) }]));
  const done = [0, 1, 2, 3, 4].map((i) => write(String(i), 400_000));
  const long = write('long', 1_000_000);
  const refused = expect(write('longer', 9_000_000)).rejects.toMatchObject({ cc: 0xc4 });
  await until(clock, Promise.all([...done, long]));
  await refused;
  const messages = server.logs.get('state')!.subjects.get('a=2Fb')!;
  expect(messages.every(({ bytes }) => bytes.length < 1024 * 1024)).toBe(true);
  // Of one whose name has a stroke in it, and of its satellite: what is stored is there once more.
  for (const name of ['a/b', 'a/b/c0h']) {
    Array.from(storage.journal('a/b').load('s'));
    await until(clock, storage.putBack([name]));
    expect(Array.from(storage.journal('a/b').load('s'), ([key]) => key)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      'long',
    ]);
  }
});

test('23.3: what of one write came late is no other host: it is asked for until it is there', async () => {
  const clock = new SimClock(0);
  const server = new SimServer(clock, () => 0.5);
  const { storage, fenced } = await storageOn(server, 'one');
  await until(clock, storage.take('bmc', 1));
  const log = server.logs.get('state')!;
  const there = log.append.bind(log);
  // As servers do that choose a leader: they refuse what stands behind a message that nobody can read yet.
  let refusals = 0;
  log.append = (...args) => {
    if (++refusals <= 3) throw new ConflictError('bmc');
    return there(...args);
  };
  await until(clock, Promise.resolve(storage.journal('bmc').write([{ store: 's', key: 'k', value: 1 }])));
  expect([refusals, fenced, storage.has('bmc')]).toEqual([4, [], true]);
  // For good, it is: nobody waits for ever.
  log.append = () => {
    throw new ConflictError('bmc');
  };
  const refused = Promise.resolve(storage.journal('bmc').write([{ store: 's', key: 'k', value: 2 }]));
  await expect(until(clock, refused)).rejects.toMatchObject({ name: 'FencedError' });
  expect(fenced).toEqual(['bmc']);
});

test('23.3: a history that is longer than a message becomes parts, and what they replaced is forgotten', async () => {
  const clock = new SimClock(0);
  const server = new SimServer(clock, () => 0.01);
  const seal = Seal.create('a key');
  const { storage } = await storageOn(server, 'one', seal);
  await until(clock, storage.take('bmc', 1));
  const journal = storage.journal('bmc');
  for (let i = 0; i < 400; i++) {
    const done = journal.write([{ store: 's', key: String(i % 100), value: `${i} ${'x'.repeat(20_000)}` }]);
    await until(clock, Promise.resolve(done));
  }
  const { subjects } = server.logs.get('state')!;
  const names = [...subjects.keys()];
  expect(names.filter((name) => name !== 'bmc')).toHaveLength(1);
  expect(subjects.get('bmc')!.length).toBeLessThan(300);
  const size = [...subjects.values()].flat().reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(size).toBeLessThan(10_000_000);
  expect([...subjects.values()].flat().every(({ bytes }) => bytes.length < 1024 * 1024)).toBe(true);
  await until(clock, storage.give('bmc'));
  const next = await storageOn(server, 'two', seal);
  await until(clock, next.storage.take('bmc', 2));
  const found = new Map(
    Array.from(next.storage.journal('bmc').load('s'), ([key, value]) => [key, String(value)]),
  );
  expect(found.size).toBe(100);
  for (let i = 0; i < 100; i++) expect(found.get(String(i))).toMatch(new RegExp(`^${300 + i} x{20000}$`));
  expect(next.warnings).toEqual([]);
  // One of its parts is gone: that some is lost is known, and said.
  subjects.delete(names.find((name) => name !== 'bmc')!);
  const later = await storageOn(server, 'three', seal);
  await until(clock, later.storage.take('bmc', 3));
  expect(later.warnings).toEqual([expect.stringMatching(/^bmc: message \d+ of its history cannot be read$/)]);
}, 30_000);

test('23.6: a change for which there is no room is refused with C4h, told once, and stored again later; one that may be written is waited for', async () => {
  const clock = new SimClock(0);
  const line = new SimServer(clock, () => 0.5).connect();
  const log = await line.log('state');
  /** What the next appends come to; undefined: they are done. */
  const next: ('full' | 'unheard')[] = [];
  const failing: EventLog = {
    read: (subject, behind) => log.read(subject, behind),
    forget: (subject) => log.forget(subject),
    append: async (subject, bytes, last, replacing) => {
      const what = next.shift();
      if (what === 'full') throw new NoRoomError('NATS has no room');
      if (what === 'unheard') throw new Error('timeout');
      return log.append(subject, bytes, last, replacing);
    },
  };
  const warnings: string[] = [];
  const storage = new StreamStorage(failing, {
    clock: line.clock,
    host: 'one',
    warn: (message) => warnings.push(message),
    onFenced: () => undefined,
  });
  await until(clock, storage.take('bmc', 1));
  const write = (value: number) =>
    until(clock, Promise.resolve(storage.journal('bmc').write([{ store: 'sel', key: 'a', value }])));
  next.push('full', 'full');
  await expect(write(1)).rejects.toMatchObject({ cc: 0xc4 });
  await expect(write(2)).rejects.toMatchObject({ cc: 0xc4 });
  expect(warnings).toEqual([expect.stringMatching(/^bmc: NATS has no room; changes are refused/)]);
  await write(3);
  // That its second try is refused for room says nothing of the first one.
  next.push('unheard', 'full');
  await write(4);
  next.push('full');
  await expect(write(5)).rejects.toMatchObject({ cc: 0xc4 });
  expect(warnings).toHaveLength(2);
  await until(clock, storage.take('bmc', 2));
  expect(all(storage.journal('bmc').load('sel'))).toEqual({ a: 4 });
});
