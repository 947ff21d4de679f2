import { expect, test } from 'vitest';
import { SimServer } from '../../test/support/sim-bus.ts';
import { simWorld } from '../world/index.ts';
import { Hosts } from './hosts.ts';
import { Owners } from './owners.ts';

test('23.2: who has not heard of a host yet asks whether it lives, before it takes what that one has', async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const of = async (name: string) => {
    const line = server.connect();
    const hosts = new Hosts(await line.bucket('hosts', { ttl: 6000 }), name, {}, world);
    const owners = new Owners(await line.bucket('owners'));
    await world.until(owners.watch());
    return { hosts, owners };
  };
  const [a, b] = [await of('a'), await of('b')];
  await world.until(b.hosts.take());
  const { epoch } = b.hosts.lease;
  expect(await world.until(b.owners.claim('bmc', { host: 'b', epoch }, b.hosts))).toBe(true);
  await world.run(100);
  // It has heard of whose the BMC is, and of no host at all.
  expect(a.owners.of('bmc', a.hosts.living)).toBeUndefined();
  await world.until(a.hosts.take());
  const mine = { host: 'a', epoch: a.hosts.lease.epoch };
  expect(await world.until(a.owners.claim('bmc', mine, a.hosts))).toBe(false);
  await world.until(b.hosts.lease.release());
  expect(await world.until(a.owners.claim('bmc', mine, a.hosts))).toBe(true);
});

test("23.2: what was given away, and nobody heard whether it was, is its host's only by an entry of its own", async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const line = server.connect();
  const hosts = new Hosts(await line.bucket('hosts', { ttl: 6000 }), 'a', {}, world);
  const owners = new Owners(await line.bucket('owners'));
  await world.until(owners.watch());
  await world.until(hosts.take());
  const mine = { host: 'a', epoch: hosts.lease.epoch };
  expect(await world.until(owners.claim('bmc', mine, hosts))).toBe(true);
  const first = server.buckets.get('owners')!.get('bmc')!.revision;
  // It arrives when nobody waits for it any more.
  line.slowest = 5000;
  const released = expect(world.until(owners.release('bmc', 'a'))).rejects.toThrow('no answer');
  await released;
  line.slowest = 20;
  expect(await world.until(owners.claim('bmc', mine, hosts))).toBe(true);
  await world.run(10_000);
  const kept = server.buckets.get('owners')!.get('bmc')!;
  expect(kept.revision).toBeGreaterThan(first);
  expect(owners.of('bmc', new Map([['a', { epoch: mine.epoch }]]))?.host).toBe('a');
  await world.until(owners.release('bmc', 'a'));
  expect(server.buckets.get('owners')!.get('bmc')).toBeUndefined();
});

test('23: an answer that comes when others have long had the BMC does not bring back whose it was', async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const of = async (name: string) => {
    const line = server.connect();
    const surroundings = { clock: line.clock, random: world.random };
    const hosts = new Hosts(await line.bucket('hosts', { ttl: 6000 }), name, {}, surroundings);
    const owners = new Owners(await line.bucket('owners'));
    await owners.watch();
    await world.until(hosts.take());
    return { line, hosts, owners, mine: { host: name, epoch: hosts.lease.epoch } };
  };
  const [a, b] = [await of('a'), await of('b')];
  // Its entry is written, and it is stopped before it hears so.
  const late = b.owners.claim('bmc', b.mine, b.hosts);
  await world.run(12);
  expect(server.buckets.get('owners')!.get('bmc')).toBeDefined();
  b.line.pause();
  await world.run(7000);
  await world.until(a.hosts.take());
  const { epoch } = a.hosts.lease;
  expect(await world.until(a.owners.claim('bmc', { host: 'a', epoch }, a.hosts))).toBe(true);
  await world.run(100);
  b.line.resume();
  await world.until(late);
  await world.run(1000);
  await world.until(b.hosts.take());
  await world.run(100);
  const mine = { host: 'b', epoch: b.hosts.lease.epoch };
  await world.until(a.hosts.lease.release());
  await world.run(100);
  expect(await world.until(b.owners.claim('bmc', mine, b.hosts))).toBe(true);
});

test('23: what is known of a BMC that is gone is forgotten with the first refusal', async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const [line, other] = [server.connect(), server.connect()];
  const hosts = new Hosts(await line.bucket('hosts', { ttl: 6000 }), 'a', {}, world);
  const owners = new Owners(await line.bucket('owners'));
  await owners.watch();
  await world.until(hosts.take());
  const bucket = await other.bucket('owners');
  const value = new TextEncoder().encode(JSON.stringify({ host: 'b', epoch: 1 }));
  const revision = await world.until(bucket.create('bmc', value));
  await world.run(100);
  const shared = server.buckets.get('owners')!;
  // It hears nothing of the removal.
  const heard = [...shared.listeners];
  shared.listeners.clear();
  await world.until(bucket.remove('bmc', revision));
  for (const listener of heard) shared.listeners.add(listener);
  const mine = { host: 'a', epoch: hosts.lease.epoch };
  expect(await world.until(owners.claim('bmc', mine, hosts))).toBe(false);
  expect(await world.until(owners.claim('bmc', mine, hosts))).toBe(true);
});
