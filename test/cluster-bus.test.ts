// What the cluster stands on, held against a real nats-server: buckets that forget, logs that refuse who comes late,
// requests that nobody serves; and the lease and the journal over them.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConflictError, type Bus } from '../src/cluster/bus.ts';
import { BucketLease } from '../src/cluster/lease.ts';
import { natsBus } from '../src/cluster/nats-bus.ts';
import { StreamStorage } from '../src/cluster/stream-storage.ts';
import { nodeWorld } from '../src/world/index.ts';
import { hasNats, natsServer, startNats, type NatsCluster } from './support/nats.ts';

/** Beside the server, with nats-py. */
const python = join(dirname(natsServer), 'python');
const hasPython = hasNats && spawnSync(python, ['-c', 'import nats']).status === 0;
const { clock, random } = nodeWorld();
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('23: a bus that is not there rejects, after a few tries', async () => {
  await expect(natsBus({ clock, servers: ['nats://127.0.0.1:9'], name: 'x' })).rejects.toThrow();
}, 30_000);

// Left out where no server of NATS can be had (scripts/setup.mjs says so).
if (hasNats) {
  let nats: NatsCluster;
  let one: Bus;
  let two: Bus;
  beforeAll(async () => {
    nats = await startNats();
    [one, two] = await Promise.all(
      ['one', 'two'].map((name) => natsBus({ clock, servers: nats.urls, name })),
    );
  }, 60_000);
  afterAll(async () => {
    await one?.close();
    await two?.close();
    await nats?.stop();
  });

  test('23: a bucket takes a value from who knows the last revision, and tells all who watch', async () => {
    const [here, there] = [await one.bucket('a'), await two.bucket('a')];
    const heard: string[] = [];
    const watch = await there.watch((key, entry) =>
      heard.push(`${key} ${entry ? text(entry.value) : 'gone'}`),
    );
    await watch.isComplete;
    const first = await here.create('k', bytes('1'));
    await expect(there.create('k', bytes('x'))).rejects.toBeInstanceOf(ConflictError);
    const second = await there.update('k', bytes('2'), first);
    await expect(here.update('k', bytes('x'), first)).rejects.toBeInstanceOf(ConflictError);
    await expect(here.remove('k', first)).rejects.toBeInstanceOf(ConflictError);
    const present = await here.get('k');
    expect([text(present?.value), present?.revision]).toEqual(['2', second]);
    await here.remove('k', second);
    expect(await here.get('k')).toBeUndefined();
    expect(await there.create('k', bytes('3'))).toBeGreaterThan(second);
    await expect.poll(() => heard).toEqual(['k 1', 'k 2', 'k gone', 'k 3']);
    watch.stop();
    const again: string[] = [];
    const later = await here.watch((key, entry) => again.push(`${key} ${text(entry?.value)}`));
    await later.isComplete;
    expect(again).toEqual(['k 3']);
    later.stop();
  });

  test('23: a bucket that forgets says so, and not of what is renewed', async () => {
    const bucket = await one.bucket('short', { ttl: 2000 });
    const gone: string[] = [];
    // As a host of another version would have it: what is there keeps the time it was made with.
    const there = await two.bucket('short', { ttl: 60_000 });
    expect([bucket.ttl, there.ttl, (await two.bucket('kept')).ttl]).toEqual([2000, 2000, undefined]);
    const watch = await there.watch((key, entry) => {
      if (!entry) gone.push(key);
    });
    await bucket.create('silent', bytes(''));
    let revision = await bucket.create('renewed', bytes(''));
    for (let i = 0; i < 5; i++) {
      await sleep(800);
      revision = await bucket.update('renewed', bytes(''), revision);
    }
    await expect.poll(() => gone).toEqual(['silent']);
    expect(await bucket.create('silent', bytes(''))).toBeGreaterThan(revision);
    watch.stop();
  }, 20_000);

  test('23: a log takes a message behind the last of its subject alone, and what replaces takes their place', async () => {
    const [here, there] = [await one.log('l'), await two.log('l')];
    const first = await here.append('s', bytes('1'), 0);
    await here.append('other', bytes('x'), 0);
    await expect(there.append('s', bytes('late'), 0)).rejects.toBeInstanceOf(ConflictError);
    const second = await there.append('s', bytes('2'), first);
    expect((await here.read('s')).map((entry) => [entry.sequence, text(entry.bytes)])).toEqual([
      [first, '1'],
      [second, '2'],
    ]);
    expect(await here.read('s', second)).toEqual([]);
    const third = await here.append('s', bytes('all'), second, true);
    expect((await there.read('s')).map((entry) => text(entry.bytes))).toEqual(['all']);
    expect((await there.read('other')).map((entry) => text(entry.bytes))).toEqual(['x']);
    await expect(there.append('s', bytes('late'), second, true)).rejects.toBeInstanceOf(ConflictError);
    expect(third).toBeGreaterThan(second);
  });

  test('23: who serves nothing is known at once; headers come with a request; a queue has one answer', async () => {
    await expect(one.request('nobody', bytes(''), { timeout: 5000 })).rejects.toMatchObject({
      name: 'NobodyError',
    });
    const served: string[] = [];
    const undo = [one, two].map((bus, i) =>
      bus.serve(
        'echo.*',
        ({ subject, bytes: asked, headers }) => {
          served.push(`${i} ${subject}`);
          return bytes(`${subject} ${text(asked)} ${headers.deadline}`);
        },
        'q',
      ),
    );
    await sleep(50);
    const answer = await two.request('echo.x', bytes('hello'), { timeout: 2000, headers: { deadline: '7' } });
    expect(text(answer)).toBe('echo.x hello 7');
    expect(served).toHaveLength(1);
    for (const off of undo) off();
  });

  test('23: a lease and a journal over NATS: who takes over has all, and who was before writes no more', async () => {
    const hosts = { ttl: 3000, renewal: 700, margin: 700 };
    const rig = async (bus: Bus, host: string) => {
      const lease = new BucketLease(await bucket(bus), 'bmc', { clock, random }, {}, hosts);
      const around = { clock, host, warn: () => undefined, onFenced: () => undefined };
      return { lease, storage: new StreamStorage(await bus.log('state'), around) };
    };
    const bucket = (bus: Bus) => bus.bucket('leases', { ttl: hosts.ttl });
    const [a, b] = [await rig(one, 'a'), await rig(two, 'b')];
    expect(await a.lease.take()).toBe(true);
    await a.storage.take('bmc', a.lease.epoch);
    const journal = a.storage.journal('bmc');
    await Promise.all(
      Array.from({ length: 600 }, async (_, i) =>
        journal.write([{ store: 's', key: String(i % 300), value: i }]),
      ),
    );
    expect(await b.lease.take()).toBe(false);
    await a.lease.release();
    expect(await b.lease.take()).toBe(true);
    await b.storage.take('bmc', b.lease.epoch);
    await expect(journal.write([{ store: 's', key: '0', value: 'late' }])).rejects.toMatchObject({
      cc: 0xc0,
    });
    const there = Object.fromEntries(
      [...b.storage.journal('bmc').load('s')].map(([key, value]) => [key, value]),
    );
    expect(Object.keys(there)).toHaveLength(300);
    expect(there['299']).toBe(599);
    await sleep(4000);
    expect(b.lease.isHeld).toBe(true);
  }, 20_000);

  test('23.3: what is put whole is there for all, as other clients of the object store find it; what is not is not there', async () => {
    const [here, there] = await Promise.all([one.objects('images'), two.objects('images')]);
    const whole = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
    const pieces = [whole.subarray(0, 65_536), whole.subarray(65_536, 600_000), whole.subarray(600_000)];
    expect(await there.get('bmc/0/a/x')).toBeUndefined();
    await here.put('bmc/0/a/x', pieces);
    await here.put('empty', []);
    expect(await there.get('bmc/0/a/x')).toEqual(whole);
    expect(await there.get('empty')).toEqual(new Uint8Array(0));
    if (hasPython) {
      const script = [
        'import asyncio, nats, sys',
        'async def main():',
        '  nc = await nats.connect(sys.argv[1])',
        "  store = await nc.jetstream().object_store('ipmi_images')",
        "  found = await store.get('bmc/0/a/x')",
        '  print(found.info.size, found.info.chunks, len(found.data), len(await store.list()))',
        '  await nc.close()',
        'asyncio.run(main())',
      ];
      const { stdout, stderr } = spawnSync(python, ['-c', script.join('\n'), nats.urls[0]], {
        encoding: 'utf8',
      });
      expect([stdout.trim(), stderr]).toEqual(['700001 6 700001 2', '']);
    }
    await there.remove('bmc/0/a/x');
    await there.remove('bmc/0/a/x');
    expect(await here.get('bmc/0/a/x')).toBeUndefined();
  }, 30_000);

  test('23.3: a history that is longer than a message of the server lies in parts, and is there for who takes over', async () => {
    const around = { clock, warn: (message: string) => warnings.push(message), onFenced: () => undefined };
    const warnings: string[] = [];
    const first = new StreamStorage(await one.log('state'), { ...around, host: 'one' });
    await first.take('long', 1);
    const journal = first.journal('long');
    // One change that is longer than a message, and a history that is even when it is written anew.
    await journal.write([{ store: 's', key: 'image', value: 'x'.repeat(1_500_000) }]);
    const text = (i: number): string => `${i} ${'y'.repeat(12_000)}`;
    for (let i = 0; i < 300; i++) await journal.write([{ store: 's', key: String(i % 10), value: text(i) }]);
    const second = new StreamStorage(await two.log('state'), { ...around, host: 'two' });
    await second.take('long', 2);
    const found = new Map(
      Array.from(second.journal('long').load('s'), ([key, value]) => [key, String(value)]),
    );
    expect(found.get('image')).toHaveLength(1_500_000);
    for (let i = 0; i < 10; i++) expect(found.get(String(i))).toBe(text(290 + i));
    expect(warnings).toEqual([]);
    const entries = await (await two.log('state')).read('long');
    expect(entries.length).toBeLessThan(100);
    expect(entries.every(({ bytes }) => bytes.length < 1024 * 1024)).toBe(true);
  }, 30_000);

  test('23: a server that is killed and begins again: what was acknowledged is there, the lease goes on or is taken anew', async () => {
    const own = await startNats();
    const bus = await natsBus({ clock, servers: own.urls, name: 'x' });
    try {
      const storage = new StreamStorage(await bus.log('state'), {
        clock,
        host: 'x',
        warn: () => undefined,
        onFenced: () => undefined,
      });
      await storage.take('bmc', 1);
      const journal = storage.journal('bmc');
      const done: number[] = [];
      let isOver = false;
      const writing = (async () => {
        for (let i = 0; !isOver; i++) {
          await journal.write([{ store: 's', key: String(i), value: i }]);
          done.push(i);
        }
      })();
      await sleep(300);
      own.servers[0].child!.kill('SIGKILL');
      await sleep(300);
      const before = done.length;
      await own.servers[0].begin();
      await expect.poll(() => done.length).toBeGreaterThan(before + 20);
      isOver = true;
      await writing;
      await storage.give('bmc');
      await storage.take('bmc', 2);
      const kept = new Set(Array.from(storage.journal('bmc').load('s'), ([key]) => Number(key)));
      expect(done.filter((i) => !kept.has(i))).toEqual([]);
    } finally {
      await bus.close();
      await own.stop();
    }
  }, 40_000);
}
