// What a BMC of a fleet costs, and how fast ten thousand of them are there, with a history or without.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Bmc, Templates, type BmcOptions } from '../src/bmc.ts';
import { twoSocketServer } from '../src/config/index.ts';
import { Storage } from '../src/storage/storage.ts';
import { nodeWorld, simWorld } from '../src/world/index.ts';
import { bin, stopped } from '../test/support/cli.ts';
import { fleetTable, keep, resultsText, type Asked, type FleetResults, type Start } from './fleet/page.ts';

const ENTRIES = 100;
const ENTRY = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);
const IDLE_SECONDS = 10;
const REQUESTS = 40_000;
/** As many as one BMC lets one account have, and one with each of a thousand. */
const SESSIONS = { one: 120, many: 1000 };
/** Of processor time in /proc. */
const TICKS_A_SECOND = 100;
/** RMCP presence ping (ASF 2.0 §3.2.4.2). */
const PING = Buffer.from('06000706000011be80000000', 'hex');
const HELP = `npm run bench -- fleet [options]
  --count N     BMCs of the big rows (default 10000)
  --json FILE   the results as JSON; '-': to standard output
  --docs        keeps them in bench/fleet/results.json and writes their section of docs/performance.md`;

/** Of a prefix that is this machine's already: 131,072 addresses, one socket. */
const PREFIX = '127.64.0.0/15:7623';
const ON_PREFIX = 100_000;

const server = (name: string, listen = '127.0.0.1:0'): BmcOptions => ({
  ...twoSocketServer,
  name,
  interfaces: [{ type: 'lan', listen }],
});

/** Bytes of heap that one of many takes. */
export function weight(
  kind: 'router' | 'bare' | 'server' | 'no-parts' | 'sensors' | 'sel' | 'fru' | 'whole',
): number {
  return Number(outputOf('bench/weight.mjs', kind));
}

function outputOf(script: string, kind: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, kind], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

/** A state directory in which each BMC of the fleet has its entries. */
async function history(directory: string, count: number): Promise<void> {
  const storage = await Storage.open(nodeWorld().files, directory, { warn: console.error });
  const world = simWorld(1);
  const templates = new Templates();
  for (let n = 0; n < count; n++) {
    const { identity, sel } = new Bmc(
      { ...server(`node-${n}`), sel: { bootEvents: false } },
      { world, templates, journal: storage.journal(`node-${n}`) },
    );
    const adds = Array.from({ length: ENTRIES }, async () => sel.add(ENTRY).done);
    // As a first start leaves it.
    await Promise.all([...adds, identity.keepGuids()]);
  }
  await storage.close();
}

/** Resolves when a BMC answers a presence ping, which is sent again and again. */
async function answering(address: string): Promise<void> {
  const [host, port] = address.split(':');
  const socket = createSocket('udp4');
  const send = (): void => socket.send(PING, Number(port), host);
  const again = setInterval(send, 20);
  const answered = new Promise((resolve) => socket.once('message', resolve));
  send();
  await answered;
  clearInterval(again);
  socket.close();
}

/** What a process says when it is ready, which is a megabyte of ten thousand. */
const readyLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let line = '';
    child.stdout?.on('data', (data: Buffer) => {
      line += String(data);
      if (line.endsWith('\n')) resolve(line);
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)));
  });

/** Milliseconds until the last BMC answers, and what the process then holds and does by itself. */
async function started(
  folder: string,
  count: number,
  { flags = [], listen }: { readonly flags?: readonly string[]; readonly listen?: string } = {},
): Promise<Start> {
  const file = join(folder, 'fleet.yaml');
  writeFileSync(file, JSON.stringify({ bmcs: [{ count, ...server('node-{n}', listen) }] }));
  const began = performance.now();
  const child = spawn(process.execPath, [bin, 'run', file, '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { interfaces } = JSON.parse(await readyLine(child)) as { interfaces: { address: string }[] };
  await answering(interfaces.at(-1)?.address ?? '');
  const ms = performance.now() - began;
  const cpu = ticks(child.pid) / TICKS_A_SECOND;
  const resident = Number(/VmRSS:\s+(\d+)/.exec(ofProcess(child.pid, 'status'))?.[1]) * 1024;
  const before = ticks(child.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  const idle = (ticks(child.pid) - before) / TICKS_A_SECOND / IDLE_SECONDS;
  await stopped(child);
  return { ms, cpu, resident, idle };
}

const ofProcess = (pid: number | undefined, file: string): string =>
  readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** Processor time of a process, its own and the system's for it. */
function ticks(pid: number | undefined): number {
  const fields = ofProcess(pid, 'stat').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Sessions with BMCs of one process, and what its processor takes for a request to each of them in turn. */
async function asked(folder: string, count: number, sessions: number): Promise<Asked> {
  const file = join(folder, 'asked.yaml');
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }];
  const entry = { ...server('node-{n}'), count, users, sessions: { limit: 254 } };
  writeFileSync(file, JSON.stringify({ bmcs: [entry] }));
  const child = spawn(process.execPath, [bin, 'run', file, '--json', '--log-level', 'error'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { interfaces } = JSON.parse(await readyLine(child)) as { interfaces: { address: string }[] };
  const addresses = interfaces.map(({ address }) => address).join();
  const load = spawn(
    process.execPath,
    ['--import', 'tsx', 'bench/fleet/load.ts', String(sessions), String(REQUESTS), addresses],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await readyLine(load);
  const before = ticks(child.pid);
  load.stdin.write('go\n');
  const ms = Number(await readyLine(load));
  const cpu = (ticks(child.pid) - before) / TICKS_A_SECOND / REQUESTS;
  await stopped(child);
  return { rate: (REQUESTS / ms) * 1000, cpu };
}

/** What `ipmi-bmc check` takes over a file with one entry of so many BMCs. */
function checked(folder: string, count: number): FleetResults['check'] {
  const file = join(folder, 'checked.yaml');
  const entry = {
    count,
    ...server('node-{n}'),
    identity: { ...twoSocketServer.identity, systemGuid: '00000000-0000-0000-0000-{n:012x}' },
    users: [{ id: 2, name: 'admin', password: 'secret {n}' }],
    interfaces: [{ type: 'lan', listen: '127.0.0.1:{20000+n}' }],
  };
  writeFileSync(file, JSON.stringify({ bmcs: [entry] }));
  const began = performance.now();
  const timed = ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@"', process.execPath, bin, 'check', file];
  const { status, stderr } = spawnSync('bash', timed, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const ms = performance.now() - began;
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { ms, cpu: user + system };
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string' },
      json: { type: 'string' },
      docs: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(HELP);
  const count = Number(values.count ?? 10_000);
  const tell = (line: string): void => console.error(line);
  const one = (kind: string): { heap: number; resident: number } => {
    tell(`one of a thousand: ${kind}`);
    return JSON.parse(outputOf('bench/fleet/one-of-many.mjs', kind)) as { heap: number; resident: number };
  };
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'ipmi-bmc-bench-'));
  try {
    const [bare, whole, full, asleep] = [one('bare'), one('server'), one('full'), one('asleep')];
    tell('one BMC, started');
    const single = await started(folder, 1);
    tell(`${count} BMCs, started`);
    const fleet = await started(folder, count);
    tell(`${count} BMCs with ${ENTRIES} SEL entries each: written, then started`);
    const state = join(folder, 'state');
    await history(state, count);
    const journal = statSync(join(state, 'state.journal')).size;
    const journalled = await started(folder, count, { flags: ['--state', state] });
    tell(`${ON_PREFIX} BMCs on one prefix, started`);
    const prefix = await started(folder, ON_PREFIX, { listen: PREFIX });
    tell('wake-ups');
    const wake = JSON.parse(outputOf('bench/fleet/wake.mjs', '')) as FleetResults['wake'];
    tell(`${REQUESTS} requests to one BMC, and over ${SESSIONS.many}`);
    const requests = {
      one: await asked(folder, 1, SESSIONS.one),
      many: await asked(folder, SESSIONS.many, SESSIONS.many),
    };
    tell(`check of ${count}`);
    const results: FleetResults = {
      taken: new Date().toISOString(),
      node: process.version,
      count,
      entries: ENTRIES,
      sensors: twoSocketServer.sensors?.length ?? 0,
      bare,
      server: whole,
      full,
      asleep,
      single,
      fleet,
      onPrefix: ON_PREFIX,
      prefix,
      journal,
      journalled,
      wake,
      requests,
      check: checked(folder, count),
    };
    if (values.json !== '-') console.log(fleetTable(results));
    if (values.json !== undefined) writeFileSync(values.json === '-' ? 1 : values.json, resultsText(results));
    if (values.docs) keep(results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
