// Requests of a Linux guest through BT and KCS: this BMC at either kind of socket, and OpenIPMI's ipmi_sim,
// which has TCP only; a guest each, measured in turns.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guestFiles } from '../test/guest/build.ts';
import { archive } from '../test/guest/cpio.ts';
import { Guest, type GuestInterface } from '../test/guest/guest.ts';
import { bin, firstLine, stopped } from '../test/support/cli.ts';

// Many short rounds: what else the machine does then falls on all alike.
const ROUNDS = 25;
const SECONDS = 0.4;
const found = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

interface Figures {
  readonly rate: number[];
  readonly p50: number[];
  readonly p99: number[];
}

/** A BMC at a port; `stop` ends it. */
interface Server {
  readonly at: string;
  readonly stop: () => Promise<void>;
}

async function ours(folder: string, listen: string): Promise<Server> {
  const file = join(folder, 'bmc.yaml');
  writeFileSync(file, `interfaces:\n  - { type: vm, interface: bt, listen: '${listen}' }\n`);
  const child = spawn(process.execPath, [bin, 'run', file, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const at = /"address":"(?:unix:)?([^"]+)"/.exec(await firstLine(child))![1];
  return { at, stop: () => stopped(child) };
}

async function peer(folder: string): Promise<Server> {
  const state = join(folder, 'sim');
  mkdirSync(state);
  const port = await freePort();
  writeFileSync(
    join(state, 'lan.conf'),
    `name "sim"\nset_working_mc 0x20\nserial 15 127.0.0.1 ${port} codec VM\nstartnow false\n`,
  );
  writeFileSync(
    join(state, 'emu'),
    'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n',
  );
  const child = spawn(
    'ipmi_sim',
    ['-n', '-c', join(state, 'lan.conf'), '-f', join(state, 'emu'), '-s', state],
    { cwd: state, stdio: 'ignore' },
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { at: `127.0.0.1:${port}`, stop: () => stopped(child, 'SIGKILL') };
}

/** ipmi_sim has to be told one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The guest's initramfs with the measuring program in it. */
function withBench(folder: string): string {
  const program = join(folder, 'ipmibench');
  execFileSync('gcc', [
    '-static',
    '-O2',
    '-o',
    program,
    fileURLToPath(new URL('host/ipmibench.c', import.meta.url)),
  ]);
  const initrd = join(folder, 'initrd');
  const guest = readFileSync(guestFiles().initrd);
  const more = archive([{ name: 'usr/bin/ipmibench', mode: 0o755, data: readFileSync(program) }]);
  writeFileSync(initrd, Buffer.concat([guest, new Uint8Array(-guest.length & 511), more]));
  return initrd;
}

async function measure(
  one: GuestInterface,
  servers: readonly (readonly [string, Server])[],
  initrd: string,
): Promise<void> {
  const guests = await Promise.all(servers.map(([, { at }]) => Guest.boot(one, at, { initrd })));
  const figures = servers.map((): Figures => ({ rate: [], p50: [], p99: [] }));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < guests.length; n++) {
        const i = (n + round) % guests.length;
        const guest = guests[i];
        const { code, out } = await guest.run(`ipmibench ${SECONDS}`);
        if (code !== 0) throw new Error(`${servers[i][0]}, ${one}: ${out}`);
        const [, rate, p50, p99] = out.trim().split(' ').map(Number);
        figures[i].rate.push(rate);
        figures[i].p50.push(p50);
        figures[i].p99.push(p99);
      }
    }
  } finally {
    await Promise.all(guests.map((guest) => guest.stop()));
  }
  const peer = figures.at(-1)!;
  for (const [i, { rate, p50, p99 }] of figures.entries()) {
    const ratio = median(rate.map((one, round) => one / peer.rate[round]));
    console.log(
      `| ${one.toUpperCase()} | ${servers[i][0]} | ${median(rate).toFixed(0)} | ${ratio.toFixed(2)} | ${median(p50)} | ${median(p99)} |`,
    );
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function run(): Promise<void> {
  const missing = ['qemu-system-x86_64', 'ipmitool', 'xz', 'gcc'].filter((program) => !found(program));
  if (missing.length > 0) return console.log(`skipped: missing ${missing.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const servers: [string, Server][] = [];
  try {
    servers.push(['ipmi-bmc, Unix socket', await ours(folder, join(folder, 'vm.sock'))]);
    servers.push(['ipmi-bmc, TCP', await ours(folder, '127.0.0.1:0')]);
    if (found('ipmi_sim')) servers.push(['ipmi_sim, TCP', await peer(folder)]);
    else console.log('ipmi_sim is not installed (apt-get install openipmi): ours alone');
    const initrd = withBench(folder);
    console.log(`medians of ${ROUNDS} rounds of ${SECONDS} s, one request outstanding, Get Device ID\n`);
    console.log(
      `| interface | BMC | requests/s | of ${servers.at(-1)![0]}, round by round | p50 µs | p99 µs |\n|---|---|---|---|---|---|`,
    );
    for (const one of ['bt', 'kcs'] as const) await measure(one, servers, initrd);
  } finally {
    for (const [, { stop }] of servers) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
