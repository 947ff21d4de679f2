// SEL entries that are acknowledged in a second, over LAN, beside OpenIPMI's ipmi_sim. Ours are on disk when
// they are acknowledged.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLan, type LanClient } from '../src/client/index.ts';
import { firstLine, bin, stopped } from '../test/support/cli.ts';
import { nodeWorld } from '../src/world/index.ts';

const SECONDS = 2;
const TRIALS = 5;
const CAPACITY = 60_000;
const CLIENTS = [1, 64];
/** ipmi_sim serves no more; two of 64 clients then share one. */
const MOST_SESSIONS = 63;
const PASSWORD = 'password';
const RECORD = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);

interface Server {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

/** In the directory where state is kept: what one datasync of a short append costs, milliseconds. */
function datasyncTime(folder: string): number {
  const file = openSync(join(folder, 'probe'), 'a');
  const times = Array.from({ length: 100 }, () => {
    writeSync(file, RECORD);
    const began = performance.now();
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return median(times);
}

async function ours(folder: string, ...state: string[]): Promise<Server> {
  const config = join(folder, 'bmc.yaml');
  writeFileSync(
    config,
    `sel: { capacity: ${CAPACITY}, bootEvents: false }\nsessions: { limit: 100 }\ninterfaces: [{ type: lan, listen: '127.0.0.1:0', cipherSuites: [3] }]\n` +
      `users: [{ id: 2, name: admin, password: ${PASSWORD}, privilege: administrator }]\n`,
  );
  const child = spawn(process.execPath, [bin, 'run', config, '--json', ...state], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = Number(/"address":"127\.0\.0\.1:(\d+)"/.exec(await firstLine(child))![1]);
  return { name: state.length > 0 ? 'ipmi-bmc, journalled' : 'ipmi-bmc, in memory', port, child };
}

async function ipmiSim(folder: string): Promise<Server> {
  const port = await freePort();
  mkdirSync(join(folder, 'sim'));
  writeFileSync(
    join(folder, 'lan.conf'),
    `name "bench"\nstartlan 1\n  addr 127.0.0.1 ${port}\n  priv_limit admin\n  allowed_auths_admin md5\n` +
      `  guid a123456789abcdefa123456789abcdef\nendlan\nuser 1 true "" "" user 10\nuser 2 true "admin" "${PASSWORD}" admin 63\n`,
  );
  writeFileSync(
    join(folder, 'bmc.emu'),
    `mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nsel_enable 0x20 ${CAPACITY} 0x0a\nmc_enable 0x20\n`,
  );
  const args = [
    '-c',
    join(folder, 'lan.conf'),
    '-f',
    join(folder, 'bmc.emu'),
    '-s',
    join(folder, 'sim'),
    '-n',
  ];
  const child = spawn('ipmi_sim', args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { name: 'ipmi_sim', port, child };
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });

async function ok(client: LanClient, netFn: number, cmd: number, data: Uint8Array): Promise<Uint8Array> {
  const answer = await client.raw(netFn, cmd, data);
  if (answer[0] !== 0) throw new Error(`${netFn} ${cmd}: completion code ${answer[0].toString(16)}h`);
  return answer.subarray(1);
}

/** Each client has one entry under way; an entry counts when it is acknowledged. */
async function addsPerSecond({ port }: Server, clients: number): Promise<number> {
  const world = nodeWorld();
  const sessions: LanClient[] = [];
  for (let i = 0; i < Math.min(clients, MOST_SESSIONS); i++)
    sessions.push(
      await connectLan(world, {
        host: '127.0.0.1',
        port,
        user: 'admin',
        password: PASSWORD,
        cipherSuite: 3,
        retryAfter: 2000,
      }),
    );
  const [low, high] = await ok(sessions[0], 0x0a, 0x42, new Uint8Array(0));
  await ok(sessions[0], 0x0a, 0x47, Uint8Array.of(low, high, 0x43, 0x4c, 0x52, 0xaa));
  const began = performance.now();
  let added = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const session = sessions[i % sessions.length];
      for (; performance.now() - began < SECONDS * 1000 && added < CAPACITY - clients; added++)
        await ok(session, 0x0a, 0x44, RECORD);
    }),
  );
  const rate = (added / (performance.now() - began)) * 1000;
  await Promise.all(sessions.map((session) => session.close()));
  return rate;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'ipmi-bmc-bench-'));
  const servers: Server[] = [];
  try {
    servers.push(await ours(folder, '--state', join(folder, 'state')), await ours(folder));
    if (spawnSync('sh', ['-c', 'command -v ipmi_sim']).status === 0) servers.push(await ipmiSim(folder));
    else console.log('ipmi_sim is not there (apt-get install openipmi): measured alone');
    console.log(`one datasync of a short append in ${folder}: ${datasyncTime(folder).toFixed(2)} ms\n`);
    console.log(
      `| SEL entries acknowledged a second | ${CLIENTS.map((n) => `${n} client(s)`).join(' | ')} |\n|---|${CLIENTS.map(() => '---|').join('')}`,
    );
    const rates = servers.map(() => CLIENTS.map((): number[] => []));
    // Trial by trial and server by server, so that what the machine does meanwhile hits all of them.
    for (let trial = 0; trial < TRIALS; trial++)
      for (const [i, server] of servers.entries())
        for (const [j, clients] of CLIENTS.entries()) rates[i][j].push(await addsPerSecond(server, clients));
    for (const [i, { name }] of servers.entries())
      console.log(`| ${name} | ${rates[i].map((one) => Math.round(median(one))).join(' | ')} |`);
  } finally {
    await Promise.all(servers.map(({ child }) => stopped(child)));
    rmSync(folder, { recursive: true, force: true });
  }
}
