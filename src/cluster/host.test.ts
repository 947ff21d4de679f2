import { expect, test } from 'vitest';
import { SimServer, type SimLine } from '../../test/support/sim-bus.ts';
import { connectLan } from '../client/index.ts';
import { AddSelEntry, GetSelInfo } from '../commands/storage/sel.ts';
import { Fleet } from '../fleet/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { FLEET_KEY } from './desired.ts';
import { ClusterHost } from './host.ts';
import { LEASE_TIMES } from './lease.ts';
import type { HostPlace } from './placement.ts';
import { StreamStorage } from './stream-storage.ts';

const quiet = (): void => undefined;
const COUNT = 24;
/** Milliseconds in which what a closed session leaves is forgotten. */
const NIGHT = 300_000;
const port = (i: number): number => 6000 + i;
const file = (count: number, more = ''): string => `
bmcs:
  - name: node-{n}
    count: ${count}
    interfaces: [{ type: lan, listen: '192.0.2.1:{6000+n}' }]
    users: [{ id: 2, name: admin, password: secret }]
    sel: { bootEvents: false }${more}
`;

interface Member {
  readonly line: SimLine;
  readonly fleet: Fleet;
  readonly host: ClusterHost;
  readonly lines: string[];
}

class Cluster {
  readonly world: SimWorld = simWorld(7);
  readonly server = new SimServer(this.world.clock, () => 0.5);
  readonly members = new Map<string, Member>();
  /** Milliseconds; undefined: as long as a process has it. */
  sleepAfter: number | undefined;

  async join(name: string, place: HostPlace = {}, onLost: 'fence' | 'keep' = 'fence'): Promise<Member> {
    const { world } = this;
    const line = this.server.connect();
    const lines: string[] = [];
    const say = (message: string): void => void lines.push(message);
    const log = { debug: quiet, info: say, warn: say, error: say };
    const storage = new StreamStorage(await line.log('state'), {
      clock: line.clock,
      host: name,
      warn: say,
      onFenced: say,
    });
    const fleet = new Fleet({ world, log, storage, sleepAfter: this.sleepAfter });
    const runs = {
      run: async (bmcs: Parameters<Fleet['apply']>[0]) => {
        const { failed } = await fleet.apply(bmcs);
        return failed.map(({ bmc, error }) => `${bmc}: ${String(error)}`);
      },
    };
    const { clock } = line;
    const options = { bus: line, name, place, clock, random: world.random, log, runs, storage, onLost };
    const member = { line, fleet, lines, host: await world.until(ClusterHost.join(options)) };
    this.members.set(name, member);
    return member;
  }

  async desired(text: string): Promise<void> {
    const bucket = await this.server.connect().bucket('desired');
    const there = await this.world.until(bucket.get(FLEET_KEY));
    const bytes = new TextEncoder().encode(text);
    await this.world.until(
      there ? bucket.update(FLEET_KEY, bytes, there.revision) : bucket.create(FLEET_KEY, bytes),
    );
  }

  /** Who runs what. Two that run one would have met at its port. */
  get running(): Record<string, string[]> {
    return Object.fromEntries(
      [...this.members].map(([name, { fleet }]) => [name, [...fleet.bmcs.keys()].toSorted()]),
    );
  }

  get count(): number {
    return Object.values(this.running).flat().length;
  }

  async addEntry(i: number): Promise<void> {
    const client = await this.client(i);
    const record = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);
    await this.world.until(client.send(AddSelEntry, { record }));
    await this.world.until(client.close());
  }

  async entries(i: number): Promise<number> {
    const client = await this.client(i);
    const { entries } = await this.world.until(client.send(GetSelInfo));
    await this.world.until(client.close());
    return entries;
  }

  client(i: number) {
    const at = { host: '192.0.2.1', port: port(i), user: 'admin', password: 'secret' };
    return this.world.until(connectLan(this.world, at));
  }

  async run(ms: number): Promise<void> {
    await this.world.run(ms);
  }
}

test('23.1: hosts share the BMCs of the fleet file, and follow it', async () => {
  const cluster = new Cluster();
  for (const name of ['a', 'b', 'c']) await cluster.join(name);
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  expect(cluster.count).toBe(COUNT);
  expect(Object.values(cluster.running).every((bmcs) => bmcs.length > 2)).toBe(true);
  const [[name, { host }]] = cluster.members;
  expect(
    [...host.bmcs]
      .filter(([, owner]) => owner === name)
      .map(([bmc]) => bmc)
      .toSorted(),
  ).toEqual(cluster.running[name]);
  await cluster.desired(file(4, '\n    labels: { rack: "7" }'));
  await cluster.run(5000);
  expect(cluster.count).toBe(4);
  expect([...cluster.members.values()].flatMap(({ lines }) => lines)).toEqual([]);
});

test('23.2: the BMCs of a host that is gone are served by the others with all that was stored, within the lease', async () => {
  const cluster = new Cluster();
  for (const name of ['a', 'b', 'c']) await cluster.join(name);
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  for (let i = 0; i < COUNT; i++) await cluster.addEntry(i);
  const dead = cluster.members.get('b')!;
  // As a kill -9 leaves it: it hears and says nothing more, and the system closes its sockets.
  dead.line.isCut = true;
  dead.line.pause();
  void dead.fleet.close();
  cluster.members.delete('b');
  await cluster.run(LEASE_TIMES.ttl + 3000);
  expect(cluster.count).toBe(COUNT);
  for (let i = 0; i < COUNT; i++) expect(await cluster.entries(i), `node-${i}`).toBe(1);
});

test('23.2: a host that is cut off ends its BMCs before others take them, and comes back for its share', async () => {
  const cluster = new Cluster();
  for (const name of ['a', 'b', 'c']) await cluster.join(name);
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  const before = cluster.running;
  const { line, fleet, lines } = cluster.members.get('b')!;
  line.isCut = true;
  for (let passed = 0; passed < LEASE_TIMES.ttl + 3000; passed += 100) {
    await cluster.run(100);
    const all = Object.values(cluster.running).flat();
    expect(new Set(all).size, 'one serves each').toBe(all.length);
  }
  expect(fleet.bmcs.size).toBe(0);
  expect(cluster.count).toBe(COUNT);
  expect(lines.some((text) => text.includes('has lost its place'))).toBe(true);
  // That they ended is told once, not of each of them.
  expect(lines.filter((text) => text.includes('power-on hours'))).toEqual([]);
  line.isCut = false;
  await cluster.run(10_000);
  expect(cluster.running).toEqual(before);
});

test('23.2: a host that is to end while NATS is away ends, with what it has, when its lease does', async () => {
  const cluster = new Cluster();
  const a = await cluster.join('a');
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  expect(a.fleet.bmcs.size).toBe(COUNT);
  a.line.isCut = true;
  const began = cluster.world.clock.monotonic();
  await cluster.world.until(a.host.leave());
  expect(a.fleet.bmcs.size).toBe(0);
  expect(cluster.world.clock.monotonic() - began).toBeLessThanOrEqual(LEASE_TIMES.ttl + 2000);
});

test('23.2: a host that joins gets its share a few at a time; one that drains or leaves gives all away', async () => {
  const cluster = new Cluster();
  await cluster.join('a');
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  await cluster.join('b');
  await cluster.run(10_000);
  expect(cluster.count).toBe(COUNT);
  const share = cluster.running.b.length;
  expect(share).toBeGreaterThan(4);
  await cluster.addEntry(3);
  await cluster.world.until(cluster.members.get('a')!.host.drain());
  await cluster.run(10_000);
  expect(cluster.running).toMatchObject({ a: [] });
  expect(cluster.running.b).toHaveLength(COUNT);
  await cluster.world.until(cluster.members.get('a')!.host.drain(false));
  await cluster.run(10_000);
  expect(cluster.running.b).toHaveLength(share);
  await cluster.world.until(cluster.members.get('b')!.host.leave());
  await cluster.run(2000);
  expect(cluster.running.a).toHaveLength(COUNT);
  expect(await cluster.entries(3)).toBe(1);
});

test('23.6: with onLost keep a host serves on while nobody answers it, and gives way when it hears of others', async () => {
  const cluster = new Cluster();
  const { line, lines } = await cluster.join('a', {}, 'keep');
  await cluster.desired(file(3));
  await cluster.run(3000);
  line.isCut = true;
  await cluster.run(20_000);
  expect(cluster.running.a).toHaveLength(3);
  expect(await cluster.entries(1)).toBe(0);
  expect(lines.some((text) => text.includes('onLost is keep'))).toBe(true);
  line.isCut = false;
  await cluster.run(10_000);
  expect(cluster.running.a).toHaveLength(3);
  await cluster.addEntry(1);
  expect(await cluster.entries(1)).toBe(1);
});

test('23.1: two processes of one name: the second waits; networks and labels say who serves whom', async () => {
  const cluster = new Cluster();
  const first = await cluster.join('a', { networks: ['198.51.100.0/24'] });
  const { lines } = await cluster.join('b', { labels: { rack: '7' } });
  await cluster.desired(
    file(3, '\n    labels: { rack: "{n}" }').replace('count: 3', 'count: { from: 6, to: 8 }'),
  );
  await cluster.run(5000);
  expect(cluster.running).toEqual({ a: [], b: ['node-7'] });
  const second = await cluster.join('a', { labels: { rack: '6' } });
  await cluster.run(5000);
  expect(second.lines.some((text) => text.includes('another process is host a'))).toBe(true);
  expect(lines).toEqual([]);
  await cluster.world.until(first.host.leave());
  await cluster.run(12_000);
  expect(cluster.running.a).toEqual(['node-6']);
});

test('23: BMCs of a host that nobody asks sleep, answer as before, and are taken over with what is stored', async () => {
  const cluster = new Cluster();
  cluster.sleepAfter = 1000;
  for (const name of ['a', 'b', 'c']) await cluster.join(name);
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  const awake = (): number =>
    [...cluster.members.values()].reduce((sum, { fleet }) => sum + fleet.awake.length, 0);
  expect([cluster.count, awake()]).toEqual([COUNT, 0]);
  for (let i = 0; i < COUNT; i++) await cluster.addEntry(i);
  await cluster.run(NIGHT);
  expect(awake()).toBe(0);
  for (let i = 0; i < COUNT; i++) await cluster.addEntry(i);
  await cluster.run(NIGHT);
  expect(awake()).toBe(0);
  const [lost] = cluster.members.values();
  const mine = [...lost.fleet.bmcs.keys()].map((name) => Number(name.split('-')[1]));
  lost.line.isCut = true;
  await cluster.run(LEASE_TIMES.ttl + 4000);
  cluster.members.delete('a');
  expect(cluster.count).toBe(COUNT);
  for (const i of mine) expect(await cluster.entries(i)).toBe(2);
  lost.line.isCut = false;
  await cluster.run(10_000);
  for (let i = 0; i < COUNT; i++) expect(await cluster.entries(i)).toBe(2);
});

test('23: a host one of whose BMCs cannot be had tries it each ten seconds, and ends the others with its lease all the same', async () => {
  const cluster = new Cluster();
  const taken = await cluster.world.until(cluster.world.udp.bind({ host: '192.0.2.1', port: port(3) }));
  const { fleet, host, lines, line } = await cluster.join('a');
  await cluster.desired(file(8));
  await cluster.run(30_000);
  expect(fleet.bmcs.size).toBe(7);
  expect(lines.filter((each) => each.includes('EADDRINUSE')).length).toBeLessThan(7);
  line.isCut = true;
  await cluster.run(LEASE_TIMES.ttl);
  expect([host.mayServe, fleet.bmcs.size]).toEqual([false, 0]);
  line.isCut = false;
  await taken.close();
  await cluster.run(12_000);
  expect(fleet.bmcs.size).toBe(8);
});

test('23.2: a host that is gone is noticed where servers forget it late, as where they had no leader then', async () => {
  const cluster = new Cluster();
  cluster.server.forgetsLater = () => 60_000;
  for (const name of ['a', 'b', 'c']) await cluster.join(name);
  await cluster.desired(file(COUNT));
  await cluster.run(5000);
  const { line, fleet } = cluster.members.get('b')!;
  expect(fleet.bmcs.size).toBeGreaterThan(0);
  line.isCut = true;
  for (let passed = 0; passed < LEASE_TIMES.ttl + 3000; passed += 100) {
    await cluster.run(100);
    const all = Object.values(cluster.running).flat();
    expect(new Set(all).size, 'one serves each').toBe(all.length);
  }
  expect([fleet.bmcs.size, cluster.count]).toEqual([0, COUNT]);
});
