// What a BMC and a host of a cluster cost, on real servers of NATS; and on paper, from these, what 100,000 and
// 1,000,000 BMCs over many hosts would. `--proof` runs the three machines of `npm run torture -- --cluster` as well.
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { natsBus } from '../src/cluster/nats-bus.ts';
import { placed } from '../src/cluster/placement.ts';
import { StreamStorage } from '../src/cluster/stream-storage.ts';
import { tokenOf } from '../src/cluster/names.ts';
import { nodeWorld } from '../src/world/index.ts';
import { hasNats, startNats, type NatsCluster } from '../test/support/nats.ts';
import { provenCluster, summaryOf } from '../test/torture/cluster/proven.ts';
import { clusterTables, keep, type ClusterResults, type Units } from './cluster/page.ts';

const HELP = `npm run bench -- cluster [options]

Unit costs of a cluster on three servers of NATS (R3) on this machine, a minute; then the tables on paper.

  --bmcs N    measured with so many, default 5000
  --proof N   N BMCs on three machines in network namespaces (root; six minutes)
  --docs      keeps the results in bench/cluster/results.json and writes docs/performance.md's section from them`;

const AT_A_TIME = 64;
/** Changes of a BMC that has been in use for a while: users, boot options, a SEL. */
const CHANGES = 20;
const { clock, random } = nodeWorld();

async function parallel(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return count / ((performance.now() - began) / 1000);
}

/** Bytes that all servers have in memory, and on disk. */
function weight({ servers }: NatsCluster): number {
  return servers.reduce((sum, { child }) => {
    const [, kib] = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child!.pid}/status`, 'latin1'))!;
    return sum + Number(kib) * 1024;
  }, 0);
}

const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

async function units(count: number): Promise<Units> {
  const nats = await startNats(3);
  try {
    const bus = await natsBus({ clock, servers: nats.urls, name: 'bench', replicas: 3 });
    const leases = await bus.bucket('hosts', { ttl: 6000 });
    const owners = await bus.bucket('owners');
    const value = new TextEncoder().encode(JSON.stringify({ host: 'rack-17', epoch: 123_456 }));
    const bmcs = Array.from({ length: count }, (_, i) => `node-${i}`);
    const empty = weight(nats);

    let revision = await leases.create('host', value);
    const beats = 500;
    const began = performance.now();
    for (let i = 0; i < beats; i++) revision = await leases.update('host', value, revision);
    const renewal = (performance.now() - began) / beats;

    const claims = await parallel(count, (i) => owners.create(tokenOf(bmcs[i]), value));
    const around = { clock, warn: () => undefined, onFenced: () => undefined };
    const first = new StreamStorage(await bus.log('state'), { ...around, host: 'one' });
    await parallel(count, (i) => first.take(bmcs[i], 1));
    const user = { name: 'operator', password: random.bytes(20), access: { channel: 1, privilege: 3 } };
    const writes = await parallel(count, (i) => {
      const journal = first.journal(bmcs[i]);
      const done = Array.from({ length: CHANGES }, async (_, n) => {
        const change = n % 2 === 0 ? random.bytes(16) : user;
        await journal.write([{ store: n % 2 === 0 ? 'sel' : 'users', key: String(n), value: change }]);
      });
      return Promise.all(done);
    });
    const full = weight(nats);
    const second = new StreamStorage(await bus.log('state'), { ...around, host: 'two' });
    const takes = await parallel(count, (i) => second.take(bmcs[i], 2));

    const before = heap();
    const began2 = performance.now();
    const shared = await bus.entries('owners');
    const view = performance.now() - began2;
    const entry = (heap() - before) / shared.size;
    await bus.close();
    return {
      count,
      renewal,
      claims,
      writes,
      takes,
      server: (full - empty) / 3 / count,
      entry,
      view: view / count,
      place: placing(count),
    };
  } finally {
    await nats.stop();
  }
}

/** Milliseconds that a BMC takes for each host that it may belong to. */
function placing(count: number): number {
  const bmcs = Array.from({ length: count }, (_, i) => ({ name: `node-${i}`, addresses: [] }));
  const hosts = new Map(Array.from({ length: 10 }, (_, i) => [`rack-${i}`, {}]));
  placed(bmcs, hosts);
  const began = performance.now();
  for (let round = 0; round < 5; round++) placed(bmcs, hosts);
  return (performance.now() - began) / 5 / count / hosts.size;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bmcs: { type: 'string', default: '5000' },
      proof: { type: 'string' },
      docs: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(HELP);
  if (!hasNats || readdirSync('/proc').length === 0)
    return console.log('skipped: missing nats-server, or Linux');
  const story =
    values.proof === undefined ? undefined : await provenCluster(Number(values.proof), console.log);
  if (story) console.log(summaryOf(story));
  const results: ClusterResults = {
    taken: new Date().toISOString(),
    node: process.version,
    cpu: `${cpus()[0].model.trim()}, ${cpus().length} cores`,
    units: await units(Number(values.bmcs)),
    ...(story && { story }),
  };
  console.log(clusterTables(results));
  if (values.docs) keep(results);
}
