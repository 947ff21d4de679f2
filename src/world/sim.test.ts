import { describe, expect, test } from 'vitest';
import { simWorld, type SimOptions, type SimWorld } from './sim.ts';
import type { World } from './world.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** `synced` on the platter, `late` only in memory, then the power goes. */
async function loseSome(seed: number, synced: Uint8Array, late: Uint8Array): Promise<Uint8Array> {
  const world = simWorld(seed);
  const { files } = world.process();
  const file = await files.open('/f', 'append');
  await file.append(synced);
  await file.datasync();
  await files.syncDir('/');
  await file.append(late);
  world.disk.crash();
  await expect(file.append(late)).rejects.toMatchObject({ code: 'EBADF' });
  return world.files.read('/f');
}

async function story(seed: number, options: SimOptions = {}): Promise<SimWorld> {
  const world = simWorld(seed, { delay: [1, 20], diskFaults: { latency: [1, 9], eio: 0.2 }, ...options });
  const server = await world.stream.listen(
    { host: '10.0.0.1', port: 1 },
    (stream) => (stream.onData = (data) => void stream.write(data)),
  );
  const client = await world.until(world.stream.connect(server.address));
  client.onData = () => {};
  client.write(world.random.bytes(5000));
  for (let i = 0; i < 20; i++)
    await world.until(world.files.write(`/f${i % 3}`, world.random.bytes(100)).catch(() => {}));
  world.disk.crash();
  await world.run(1000);
  return world;
}

describe('determinism', () => {
  test('streams, faults and crashes too: same seed, same trace', async () => {
    const [one, again, other] = [await story(3), await story(3), await story(4)];
    expect(again.trace).toEqual(one.trace);
    expect(other.trace).not.toEqual(one.trace);
    expect(one.trace.some((line) => line.endsWith('EIO'))).toBe(true);
  });
});

describe('power loss', () => {
  const synced = bytes('safe'.repeat(200));
  const late = new Uint8Array(3000).fill(0x21);

  test('takes unsynced bytes only, and not always the same', async () => {
    const sizes = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const left = await loseSome(seed, synced, late);
      expect(left.subarray(0, synced.length)).toEqual(synced);
      expect(left.subarray(synced.length).every((byte) => byte === 0x21 || byte === 0)).toBe(true);
      sizes.add(left.length);
    }
    expect(sizes.has(synced.length)).toBe(true);
    expect(sizes.has(synced.length + late.length)).toBe(true);
    expect(sizes.size).toBeGreaterThan(4);
  });

  test('undoes overwriting and cutting', async () => {
    const results = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const world = simWorld(seed);
      const file = await world.files.open('/f', 'write');
      await file.writeAt(0, bytes('0123456789'));
      await file.datasync();
      await world.files.syncDir('/');
      await file.truncate(4);
      await file.writeAt(2, bytes('ab'));
      world.disk.crash();
      results.add(text(await world.files.read('/f')));
    }
    expect(results.has('0123456789')).toBe(true);
    expect(results.has('01ab')).toBe(true);
    expect([...results].every((left) => /^(01(23|a3|ab|2b)(456789)?)$/.test(left))).toBe(true);
  });

  test('a rename without syncDir leaves the old or the new name; with it, the new', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const world = simWorld(seed);
      const replace = async (content: string, sync: boolean): Promise<void> => {
        await world.files.write('/new', bytes(content));
        const file = await world.files.open('/new', 'write');
        await file.datasync();
        await world.files.rename('/new', '/f');
        if (sync) await world.files.syncDir('/');
      };
      await replace('old', true);
      world.disk.crash();
      expect(text(await world.files.read('/f'))).toBe('old');
      await replace('young', false);
      world.disk.crash();
      seen.add(text(await world.files.read('/f')));
    }
    expect([...seen].sort()).toEqual(['old', 'young']);
  });

  test('what is written during a datasync belongs to the next one', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const world = simWorld(seed, { diskFaults: { latency: [5, 5] } });
      const file = await world.until(world.files.open('/f', 'append'));
      await world.until(world.files.syncDir('/'));
      void file.append(bytes('a'));
      const sync = file.datasync();
      void file.append(bytes('b'));
      await world.until(sync);
      world.disk.crash();
      const left = text(await world.until(world.files.read('/f')));
      expect(left.startsWith('a')).toBe(true);
      if (left === 'a') lost++;
    }
    expect(lost).toBeGreaterThan(3);
  });
});

describe('sick disk', () => {
  test('fails on demand, once', async () => {
    const { disk, files } = simWorld(1);
    const file = await files.open('/f', 'append');
    disk.failNext('EIO', 'datasync');
    await file.append(bytes('x'));
    await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO', syscall: 'datasync' });
    await file.datasync();
  });

  test('fills up, keeping what fits', async () => {
    const { disk, files } = simWorld(1, { diskFaults: { capacity: 6 } });
    await expect(files.write('/f', bytes('12345678'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(text(await files.read('/f'))).toBe('123456');
    await expect(files.write('/g', bytes('1'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await files.remove('/f');
    await files.write('/g', bytes('123'));
    expect(disk.used()).toBe(3);
  });

  test('writes short, reads wrong, rots', async () => {
    const { disk, files } = simWorld(1);
    await files.write('/f', bytes('abcdef'));
    disk.faults.bitFlip = 1;
    expect(text(await files.read('/f'))).not.toBe('abcdef');
    disk.faults.bitFlip = 0;
    disk.flipBit('/f', 1);
    expect(text(await files.read('/f'))).toBe('cbcdef');
    disk.faults.shortWrite = 1;
    await expect(files.write('/f', bytes('abcdef'))).rejects.toMatchObject({ code: 'EIO' });
    expect('abcdef'.startsWith(text(await files.read('/f')))).toBe(true);
  });
});

describe('processes', () => {
  test('a dead one runs no timer, answers no datagram, holds no lock, and resets its streams', async () => {
    const world = simWorld(5);
    const start = async (): Promise<World & { kill(): void; ticks(): number }> => {
      const process = world.process();
      let ticks = 0;
      const tick = (): void => void (ticks++, process.clock.after(10, tick));
      tick();
      const socket = await process.udp.bind({ host: '10.0.0.1', port: 623 });
      socket.onDatagram = (data, from) => socket.send(data, from);
      await process.stream.listen({ path: '/run.sock' }, (stream) => (stream.onData = () => {}));
      await process.files.lock('/lock');
      return Object.assign(process, { ticks: () => ticks });
    };
    const bmc = await start();
    await expect(start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(world.files.lock('/lock')).rejects.toMatchObject({ code: 'ELOCKED' });
    const client = await world.udp.bind({ host: '10.0.0.2', port: 0 });
    let answers = 0;
    client.onDatagram = () => void answers++;
    const stream = await world.until(world.stream.connect({ path: '/run.sock' }));
    let end: unknown = 'open';
    stream.onData = () => {};
    stream.onClose = (error) => (end = error);
    const ping = (): Promise<void> => (
      client.send(bytes('?'), { host: '10.0.0.1', port: 623 }),
      world.run(100)
    );
    await ping();
    expect([answers, end]).toEqual([1, 'open']);
    const ticks = bmc.ticks();
    bmc.kill();
    await ping();
    expect([answers, bmc.ticks()]).toEqual([1, ticks]);
    expect(end).toMatchObject({ code: 'ECONNRESET' });
    await start();
    await ping();
    expect(answers).toBe(2);
  });

  test('kill -9 keeps what was written', async () => {
    const world = simWorld(1);
    const process = world.process();
    await process.files.write('/f', bytes('x'));
    process.kill();
    expect(text(await world.files.read('/f'))).toBe('x');
  });
});
