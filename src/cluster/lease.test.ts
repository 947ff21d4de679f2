import { expect, test } from 'vitest';
import { SimServer, type SimLine } from '../../test/support/sim-bus.ts';
import { SimClock } from '../world/sim-clock.ts';
import { simWorld } from '../world/index.ts';
import type { Random } from '../world/world.ts';
import { Hosts } from './hosts.ts';
import { BucketLease, LEASE_TIMES, LocalLeases, type Lease } from './lease.ts';

interface Rig {
  /** One more process that would be the same somebody. */
  readonly lease: () => Promise<Lease>;
  readonly until: <T>(this: void, promise: Promise<T>) => Promise<T>;
  readonly run: (ms: number) => Promise<void>;
}

const random: Random = simWorld(5).random;

function bucketRig(): Rig & { readonly lines: SimLine[] } {
  const { clock, until, run } = time();
  const server = new SimServer(clock, () => 0.5);
  const lines: SimLine[] = [];
  return {
    lines,
    until,
    run,
    lease: async () => {
      const line = server.connect();
      lines.push(line);
      return new BucketLease(await line.bucket('hosts', { ttl: LEASE_TIMES.ttl }), 'one', { clock, random });
    },
  };
}

function localRig(): Rig {
  const leases = new LocalLeases();
  return { ...time(), lease: async () => leases.lease('one') };
}

function time() {
  const clock = new SimClock(0);
  return {
    clock,
    run: (ms: number) => clock.run(ms),
    until: async <T>(promise: Promise<T>): Promise<T> => {
      let isDone = false;
      const done = promise.finally(() => (isDone = true));
      done.catch(() => undefined satisfies undefined);
      while (!isDone) await clock.run(10);
      return done;
    },
  };
}

for (const [name, rig] of [
  ['in one process', localRig],
  ['in a bucket', bucketRig],
] as const) {
  test(`23.2: a lease ${name}: one has it, and the next when it is given back, as somebody later`, async () => {
    const { lease, until } = rig();
    const [one, other] = [await lease(), await lease()];
    expect([one.isHeld, one.epoch]).toEqual([false, 0]);
    expect(await until(one.take())).toBe(true);
    expect(await until(other.take())).toBe(false);
    expect([one.isHeld, other.isHeld]).toEqual([true, false]);
    expect(await until(one.take())).toBe(true);
    const { epoch } = one;
    await until(one.release());
    expect(one.isHeld).toBe(false);
    expect(await until(other.take())).toBe(true);
    expect(other.epoch).toBeGreaterThan(epoch);
    await until(one.release());
    expect(other.isHeld).toBe(true);
  });

  test(`23.2: a lease ${name} is kept for as long as its process lives`, async () => {
    const { lease, until, run } = rig();
    const [one, other] = [await lease(), await lease()];
    const lost: string[] = [];
    one.onLost((why) => lost.push(why));
    await until(one.take());
    for (let i = 0; i < 20; i++) {
      await run(1000);
      expect(one.isHeld).toBe(true);
      expect(await until(other.take())).toBe(false);
    }
    expect(lost).toEqual([]);
  });
}

test('23.2: who is cut off has lost it before anybody else can have it, is told once, and may come again', async () => {
  const { lease, lines, until, run } = bucketRig();
  const [one, other] = [await lease(), await lease()];
  const lost: string[] = [];
  one.onLost((why) => lost.push(why));
  await until(one.take());
  await run(3000);
  lines[0].isCut = true;
  let wasHeld = true;
  for (let taken = false; !taken;) {
    wasHeld = one.isHeld;
    taken = await until(other.take());
    if (taken) expect(wasHeld).toBe(false);
  }
  expect(lost).toHaveLength(1);
  lines[0].isCut = false;
  expect(await until(one.take())).toBe(false);
  await until(other.release());
  expect(await until(one.take())).toBe(true);
  await run(10_000);
  expect([one.isHeld, lost.length]).toEqual([true, 1]);
});

test('23.2: a renewal of which nobody heard, and that was written all the same, is found', async () => {
  const { lease, lines, until, run } = bucketRig();
  const one = await lease();
  await until(one.take());
  // Whatever is lost on its way there or back: enough comes through within the margin, most of the time.
  lines[0].loss = 0.1;
  for (let i = 0; i < 30; i++) {
    await run(1000);
    if (!one.isHeld) await until(one.take().catch(() => false));
  }
  lines[0].loss = 0;
  await run(7000);
  expect(await until(one.take())).toBe(true);
  await run(20_000);
  expect(one.isHeld).toBe(true);
});

test('23.2: a renewal of which nobody heard is said again at once when nobody hears of it, without asking what became of it', async () => {
  const { clock, until } = time();
  const server = new SimServer(clock, () => 0.5);
  const line = server.connect();
  const bucket = await line.bucket('hosts', { ttl: LEASE_TIMES.ttl });
  const lease = new BucketLease(bucket, 'one', { clock, random });
  await until(lease.take());
  const taken = clock.monotonic();
  // As long as servers choose a leader.
  line.isCut = true;
  await clock.run(4200);
  line.isCut = false;
  await clock.run(450);
  const renewed = server.buckets.get('hosts')!.entries.get('one')!.revision;
  expect([lease.isHeld, renewed > lease.epoch, clock.monotonic() - taken < 4700]).toEqual([true, true, true]);
  await clock.run(LEASE_TIMES.ttl);
  expect([lease.isHeld, lease.epoch]).toEqual([true, 1]);
});

test('23.2: a bucket that another version made forgets sooner: a lease in it ends sooner too', async () => {
  const { clock, run, until } = time();
  const line = new SimServer(clock, () => 0.5).connect();
  const { margin, ttl } = LEASE_TIMES;
  await line.bucket('hosts', { ttl: 3000 });
  const bucket = await line.bucket('hosts', { ttl });
  const lease = new BucketLease(bucket, 'one', { clock, random });
  expect(await until(lease.take())).toBe(true);
  line.isCut = true;
  const from = clock.monotonic();
  await run(3000 - margin);
  expect(lease.isHeld).toBe(false);
  expect(clock.monotonic() - from).toBeLessThan(ttl - margin);
});

test('23.2: a host with a shorter time forgets no host of a version with a longer one that is still sure of itself', async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const [here, there] = [server.connect(), server.connect()];
  const { ttl } = LEASE_TIMES;
  const longer = new Hosts(await there.bucket('hosts', { ttl }), 'longer', {}, world);
  const times = { ...LEASE_TIMES, ttl: ttl / 2 };
  const shorter = new Hosts(await here.bucket('hosts', { ttl: times.ttl }), 'shorter', {}, world, times);
  await world.until(shorter.watch());
  await world.until(shorter.take());
  await world.until(longer.take());
  await world.run(100);
  there.isCut = true;
  let looks = 0;
  for (; longer.lease.isHeld; looks++) {
    expect(shorter.living.has('longer')).toBe(true);
    await world.run(100);
  }
  expect(looks * 100).toBeGreaterThan(times.ttl);
  await world.run(ttl);
  expect(shorter.living.has('longer')).toBe(false);
  shorter.stop();
});
