// What a BMC weighs, and how fast a thousand of them with a history are there again.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import { twoSocketServer } from '../src/config/index.ts';
import { Storage } from '../src/storage/storage.ts';
import { nodeWorld, simWorld } from '../src/world/index.ts';
import { bin, firstLine, stopped } from '../test/support/cli.ts';

const FLEET = 1000;
const ENTRIES = 100;
const ENTRY = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);

const server = (name: string): BmcOptions => ({
  ...twoSocketServer,
  name,
  interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
});

/** Bytes of heap that one of many takes. */
export function weight(
  kind: 'router' | 'bare' | 'server' | 'no-parts' | 'sensors' | 'sel' | 'fru' | 'whole',
): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', 'bench/weight.mjs', kind], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

/** A state directory in which each BMC of the fleet has its entries. */
async function history(directory: string): Promise<void> {
  const storage = await Storage.open(nodeWorld().files, directory, { warn: console.error });
  const world = simWorld(1);
  for (let n = 0; n < FLEET; n++) {
    const { sel } = new Bmc(
      { ...server(`node-${n}`), sel: { bootEvents: false } },
      { world, journal: storage.journal(`node-${n}`) },
    );
    const adds = Array.from({ length: ENTRIES }, async () => sel.add(ENTRY).done);
    await Promise.all(adds);
  }
  await storage.close();
}

/** Milliseconds until the ready line, and kilobytes resident then, of a process that runs `count` of them. */
async function started(
  folder: string,
  count: number,
  ...flags: string[]
): Promise<{ ms: number; kb: number }> {
  const file = join(folder, 'fleet.yaml');
  writeFileSync(file, JSON.stringify({ bmcs: [{ count, ...server('node-{n}') }] }));
  const began = performance.now();
  const child = spawn(process.execPath, [bin, 'run', file, '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstLine(child);
  const ms = performance.now() - began;
  const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]);
  await stopped(child);
  return { ms, kb };
}

export async function run(): Promise<void> {
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(`a BMC without sensors, in memory: ${kib(weight('bare'))} of heap`);
  console.log(
    `a two-socket server (${twoSocketServer.sensors?.length} sensors), in memory: ${kib(weight('server'))} of heap`,
  );
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'ipmi-bmc-bench-'));
  try {
    const state = join(folder, 'state');
    await history(state);
    console.log(
      `\n${FLEET} such servers with ${ENTRIES} SEL entries each: a journal of ${kib(statSync(join(state, 'state.journal')).size)}\n`,
    );
    console.log('| a process of | start until ready | resident | a BMC more |\n|---|---|---|---|');
    const one = await started(folder, 1);
    const line = (what: string, { ms, kb }: typeof one): void =>
      console.log(
        `| ${what} | ${Math.round(ms)} ms | ${(kb / 1024).toFixed(0)} MiB | ${kb === one.kb ? '' : `${((kb - one.kb) / (FLEET - 1)).toFixed(0)} KiB`} |`,
      );
    line('one, in memory', one);
    line(`${FLEET}, in memory, without entries`, await started(folder, FLEET));
    line(`${FLEET}, journalled, with entries`, await started(folder, FLEET, '--state', state));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
