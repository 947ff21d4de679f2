import { expect, test } from 'vitest';
import { ClusterRig } from '../../test/support/cluster-rig.ts';
import { sampleFleet } from '../../test/support/control-rig.ts';

const NODES = Array.from({ length: 8 }, (_, i) => `n-${i}`);
const RECORD = { record: '0000 02 00000000 2000 04 01 01 01 59 ffff' };

async function cluster(): Promise<ClusterRig> {
  const rig = new ClusterRig();
  for (const name of ['a', 'b', 'c']) await rig.join(name);
  await rig.apply(
    NODES.map((name, i) => ({
      ...sampleFleet[1],
      name,
      interfaces: [{ type: 'lan', listen: `192.0.2.1:${7000 + i}` }],
    })),
  );
  expect(rig.running).toEqual(NODES);
  return rig;
}

async function addEntries(rig: ClusterRig): Promise<void> {
  for (const name of NODES) {
    const { status, body } = await rig.sides(name)[0].ask('POST', `/v1/bmcs/${name}/sel`, { body: RECORD });
    expect(status, `${name} ${JSON.stringify(body)}`).toBe(201);
  }
}

async function entries(rig: ClusterRig, name: string): Promise<number> {
  const [, other] = rig.sides(name);
  const { body } = await other.ask('GET', `/v1/bmcs/${name}/sel?last=1`);
  return (body as { total: number }).total;
}

/** Who has what changes: another host is drained. */
async function drainOnly(rig: ClusterRig, drained: string): Promise<void> {
  for (const [name, { host }] of rig.hosts) await rig.world.until(host.drain(name === drained));
  await rig.world.run(15_000);
}

const TRIES: readonly (readonly [name: string, only: string | undefined, outage: number])[] = [
  ['all of it, while hosts notice nothing but that', undefined, 0],
  ['all of it, while hosts are cut off for longer than a lease', undefined, 10_000],
  ['who has which BMC', 'owners', 0],
  ['which hosts live', 'hosts', 0],
  ['what the BMCs store', 'state', 0],
  ['the fleet file', 'desired', 0],
];
for (const [name, only, outage] of TRIES)
  test(`23.6: a backup is restored under hosts that live: ${name}: each BMC has one host, and its log is one`, async () => {
    const rig = await cluster();
    await drainOnly(rig, 'a');
    await addEntries(rig);
    const backup = rig.server.backup();
    await drainOnly(rig, 'b');
    // It comes back with another lease.
    rig.hosts.get('c')!.line.isCut = true;
    await rig.world.run(10_000);
    rig.hosts.get('c')!.line.isCut = false;
    await rig.world.run(15_000);
    await addEntries(rig);
    const isCut = outage > 0;
    for (const { line } of rig.hosts.values()) line.isCut = isCut;
    rig.server.restore(backup, only);
    if (isCut) await rig.world.run(outage);
    for (const { line } of rig.hosts.values()) line.isCut = false;
    // One that comes now knows nothing of what was.
    await rig.join('d');
    await rig.world.run(30_000);
    expect(rig.running).toEqual(NODES);
    // All say the same of who has which.
    const all = [...rig.hosts.values()];
    for (const { host, daemon } of all)
      for (const bmc of daemon.fleet.names)
        expect([bmc, ...all.map((other) => other.host.ownerOf(bmc))]).toEqual([
          bmc,
          ...all.map(() => host.name),
        ]);
    // What was written behind what is gone is refused, once; then the BMC is what the log says.
    const isOlder = only === undefined || only === 'state';
    for (const bmc of NODES) await rig.sides(bmc)[0].ask('POST', `/v1/bmcs/${bmc}/sel`, { body: RECORD });
    await rig.world.run(30_000);
    const counts = await Promise.all(NODES.map((bmc) => entries(rig, bmc)));
    const stored = isOlder ? 1 : 2;
    for (const count of counts) expect([stored, stored + 1]).toContain(count);
    // And it is so for whoever has them next.
    await drainOnly(rig, 'c');
    expect(await Promise.all(NODES.map((bmc) => entries(rig, bmc)))).toEqual(counts);
    await addEntries(rig);
    expect(await Promise.all(NODES.map((bmc) => entries(rig, bmc)))).toEqual(
      counts.map((count) => count + 1),
    );
  });
