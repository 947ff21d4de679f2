import { expect, test } from 'vitest';
import { ClusterRig } from '../../test/support/cluster-rig.ts';
import { sampleFleet } from '../../test/support/control-rig.ts';
import type { FleetApplied } from '../control/answers.ts';
import { FLEET_KEY, SCHEMA_KEY } from './desired.ts';

const NODES = Array.from({ length: 6 }, (_, i) => `n-${i}`);
const bmcs = NODES.map((name) => ({ ...sampleFleet[1], name, interfaces: [] }));
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

async function cluster(): Promise<ClusterRig> {
  const rig = new ClusterRig();
  for (const name of ['a', 'b']) await rig.join(name);
  await rig.apply(bmcs);
  expect(rig.running).toEqual(NODES);
  return rig;
}

test('23.6: a fleet file with a key of a later version: what ran runs on, nothing is changed by halves, and all say why', async () => {
  const rig = await cluster();
  const [a, b] = [...rig.hosts.values()];
  const before = new Map([...rig.hosts].map(([name, { daemon }]) => [name, [...daemon.fleet.names]]));
  const later = { bmcs: [...bmcs, { name: 'n-9', warpDrive: { coils: 3 } }] };
  await rig.apply(later.bmcs);
  await rig.world.run(20_000);
  for (const [name, { daemon, host }] of rig.hosts) {
    expect([...daemon.fleet.names]).toEqual(before.get(name));
    expect(host.hosts.living.get(name)?.problem).toMatch(/not understood.*warpDrive/);
  }
  const refused = await a.ask('POST', '/v1/bmcs/n-1/stop');
  expect([refused.status, JSON.stringify(refused.body)]).toEqual([409, expect.stringContaining('warpDrive')]);
  const added = await b.ask('POST', '/v1/bmcs', { body: { name: 'n-8', users: [], interfaces: [] } });
  expect(added.status).toBe(409);
  const stored = rig.server.buckets.get('desired')!.get(FLEET_KEY)!.value;
  expect(JSON.parse(new TextDecoder().decode(stored))).toEqual(JSON.parse(JSON.stringify(later)));
  // A whole file that all understand ends it.
  await rig.apply(bmcs.slice(1));
  await rig.world.run(10_000);
  expect(rig.running).toEqual(NODES.slice(1));
  for (const { host } of rig.hosts.values())
    expect([...host.hosts.living.values()].map(({ problem }) => problem)).toEqual([undefined, undefined]);
});

test('23.6: a host that does not understand what there is to be takes nothing, and those that do serve what is new', async () => {
  const rig = await cluster();
  const [a, b] = [...rig.hosts.values()];
  await rig.world.until(a.host.hosts.say('the fleet file is not understood: a key of a later version'));
  await rig.world.run(20_000);
  expect([...b.daemon.fleet.names].toSorted()).toEqual(NODES);
  // Nobody is better: what there is stays where it is.
  await rig.world.until(b.host.drain());
  await rig.world.run(20_000);
  expect([...b.daemon.fleet.names].toSorted()).toEqual(NODES);
  await rig.world.until(a.host.hosts.say(undefined));
  await rig.world.run(20_000);
  expect([...a.daemon.fleet.names].toSorted()).toEqual(NODES);
});

test('23.6: a host and a cluster of a later kind are not half read: nothing is put there, and nothing changed', async () => {
  const rig = await cluster();
  const [a] = rig.hosts.values();
  const line = rig.server.connect();
  const hosts = await rig.world.until(line.bucket('hosts'));
  await rig.world.until(hosts.create('z', bytes({ schema: 2, version: '9.0.0', room: ['any'] })));
  await rig.world.run(1000);
  expect(a.host.hosts.living.get('z')).toMatchObject({
    version: '9.0.0',
    problem: expect.stringContaining('schema 2, this one knows 1') as string,
  });
  expect(rig.running).toEqual(NODES);
  const desired = await rig.world.until(line.bucket('desired'));
  const schema = await rig.world.until(desired.create(SCHEMA_KEY, bytes(2)));
  await rig.apply(bmcs.slice(3));
  await rig.world.run(20_000);
  expect(rig.running).toEqual(NODES);
  const headers = { 'content-type': 'application/json' };
  const applied = await a.ask('POST', '/v1/fleet/apply', { body: { bmcs }, headers });
  expect([applied.status, JSON.stringify(applied.body)]).toEqual([
    409,
    expect.stringMatching(/later version of ipmi-bmc \(schema 2/),
  ]);
  await rig.world.until(desired.remove(SCHEMA_KEY, schema));
  await rig.world.run(20_000);
  expect(rig.running).toEqual(NODES.slice(3));
  const reload = await a.ask('POST', '/v1/fleet/reload');
  expect((reload.body as FleetApplied).problems).toEqual([]);
});
