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
