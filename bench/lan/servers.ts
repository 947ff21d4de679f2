import { spawnSync } from 'node:child_process';
// What is put under load: BMCs of this project in one process, and OpenIPMI's ipmi_sim, a process each; both
// with the same user, sensors, records and console.
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLan } from '../../src/client/index.ts';
import type { BmcOptions } from '../../src/config/index.ts';
import { nodeWorld } from '../../src/world/index.ts';
import { stopped } from '../../test/support/cli.ts';
import type { ConsoleFeed } from './console-feed.ts';
import { pinned } from './processes.ts';

export const USER = 'admin';
export const PASSWORD = 'password';
export const SEL_ENTRIES = 1000;
/** ipmi_sim serves no more sessions at once. */
const SESSIONS = 63;

export interface Server {
  readonly name: string;
  /** `host:port`, with ranges and commas, as the load generator takes them. */
  readonly targets: string;
  /** Whose CPU time is the server's. */
  readonly pids: readonly number[];
  readonly stop: () => Promise<void>;
}

export interface Make {
  readonly folder: string;
  readonly core: number;
  /** BMCs; default 1. */
  readonly count?: number;
  readonly sensors: number;
  /** What writes to the serial console. */
  readonly feed?: ConsoleFeed;
}

/** A build of this project: its folder, and what the tables call it. */
export interface Build {
  readonly name: string;
  readonly folder: string;
  /** Default: what it takes by itself; builds before there was a choice have one. */
  readonly engine?: 'dgram' | 'batch';
  /** More that it is told on its command line. */
  readonly flags?: readonly string[];
}

const bmc = (name: string, listen: string, { sensors, feed }: Make): BmcOptions => ({
  name,
  interfaces: [{ type: 'lan', listen, cipherSuites: [3, 17], authTypes: ['md5'] }],
  users: [{ id: 2, name: USER, password: PASSWORD, privilege: 'administrator' }],
  sessions: { limit: SESSIONS },
  sel: { capacity: SEL_ENTRIES + 24, bootEvents: false },
  sol: { console: feed ? { type: 'socket', connect: feed.address } : { type: 'none' } },
  sensors: Array.from({ length: sensors }, (_, i) => ({
    name: `TEMP ${i + 1}`,
    number: i + 1,
    entity: `3.${(i % 127) + 1}`,
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 255],
    value: 50,
    thresholds: { lnr: 1, lc: 3, lnc: 5, unc: 85, uc: 90, unr: 95 },
  })),
});

/**
 * Writes its config; the command that serves it, but for Node and its flags. Port 0: the system chooses.
 * Without `--json`, as most run it: with it each log-in is a line of log.
 */
function command(build: Build, listen: string, make: Make): string[] {
  const { folder, count = 1 } = make;
  const file = join(folder, `${build.name}-${count}.yaml`);
  const one = count > 1 ? { count, ...bmc('node-{n}', listen, make) } : bmc('node', listen, make);
  writeFileSync(file, JSON.stringify({ bmcs: [one] }));
  const command = join(build.folder, 'bin', 'ipmi-bmc');
  // A line of log for each log-in is work that ipmi_sim and older builds do not do.
  const canBeQuiet = spawnSync(process.execPath, [command, 'run', '--help'], {
    encoding: 'utf8',
  }).stdout.includes('--log-level');
  const engine = build.engine === undefined ? [] : ['--engine', build.engine];
  const flags = build.flags ?? [];
  return [command, 'run', file, ...(canBeQuiet ? ['--log-level', 'warn'] : []), ...engine, ...flags];
}

/** Serves when it is there. `flags` are Node's. */
export async function ours(build: Build, make: Make, flags: readonly string[] = []): Promise<Server> {
  const readyFile = join(make.folder, `${build.name}-${make.count ?? 1}.ready`);
  const log = `${readyFile}.log`;
  const args = [...flags, ...command(build, '127.0.0.1:0', make), '--ready-file', readyFile];
  const child = pinned(make.core, process.execPath, args, ['ignore', 'ignore', openSync(log, 'w')]);
  while (!existsSync(readyFile)) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${build.name} did not start: ${readFileSync(log, 'utf8').trim()}`);
    await sleep(5);
  }
  const { interfaces } = JSON.parse(readFileSync(readyFile, 'utf8')) as {
    interfaces: readonly { readonly address: string }[];
  };
  return {
    name: build.name,
    targets: interfaces.map(({ address }) => address).join(','),
    pids: [child.pid!],
    stop: () => stopped(child),
  };
}

/** A temperature sensor's record (IPMI 2.0 table 43-1): thresholds and factors as above. */
function sensorRecord(number: number): string {
  const name = Buffer.from(`TEMP ${number}`, 'latin1');
  const masks = Buffer.from('7f680101800a807a3f3f', 'hex');
  const factors = Buffer.from('000100000100000000000032500aff00', 'hex');
  const thresholds = Buffer.from('5f5a550103050101000000', 'hex');
  const body = [
    0x20,
    0,
    number,
    3,
    ((number - 1) % 127) + 1,
    ...masks,
    ...factors,
    ...thresholds,
    0xc0 | name.length,
    ...name,
  ];
  return [0, 0, 0x51, 1, body.length, ...body].map((byte) => `0x${byte.toString(16)}`).join(' ');
}

/** Its folder, and the arguments that serve it. */
function simArguments(place: string, host: string, port: number, { sensors, feed }: Make): string[] {
  mkdirSync(join(place, 'state'), { recursive: true });
  const auths = ['callback', 'user', 'operator', 'admin']
    .map((level) => `  allowed_auths_${level} none md2 md5 straight\n`)
    .join('');
  writeFileSync(
    join(place, 'lan.conf'),
    `name "bench"\nstartlan 1\n  addr ${host} ${port}\n  priv_limit admin\n${auths}  guid a123456789abcdefa123456789abcdef\nendlan\n` +
      `${feed ? `sol "tcp:${feed.address}" 115200\n` : ''}user 1 true "" "" user 10\nuser 2 true "${USER}" "${PASSWORD}" admin ${SESSIONS}\n`,
  );
  const states = Array.from({ length: 4 }, () => '0'.repeat(15)).join(' ');
  const each = Array.from({ length: sensors }, (_, i) => [
    `sensor_add 0x20 0 ${i + 1} 1 1\nsensor_set_value 0x20 0 ${i + 1} 0x32 0\n`,
    `sensor_set_event_support 0x20 0 ${i + 1} enable scanning per-state ${states}\nmain_sdr_add 0x20 ${sensorRecord(i + 1)}\n`,
  ]).flat();
  writeFileSync(
    join(place, 'bmc.emu'),
    `mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nsel_enable 0x20 ${SEL_ENTRIES + 24} 0x0a\n` +
      `${each.join('')}mc_enable 0x20\n`,
  );
  return ['-c', join(place, 'lan.conf'), '-f', join(place, 'bmc.emu'), '-s', join(place, 'state'), '-n'];
}

/** One ipmi_sim or many, on loopback addresses of their own. Answers when it is there. */
export async function ipmiSim(make: Make): Promise<Server> {
  const { folder, core, count = 1 } = make;
  const port = await freePort();
  const fleet = Array.from({ length: count }, (_, n) => `127.7.${n >> 8}.${n & 255}`);
  const hosts = count === 1 ? ['127.0.0.1'] : fleet;
  const children = hosts.map((host) => {
    const place = join(folder, `sim-${count}`, host);
    const args = simArguments(place, host, port, make);
    return pinned(core, 'ipmi_sim', args, 'ignore', place);
  });
  const stop = async (): Promise<void> =>
    void (await Promise.all(children.map((child) => stopped(child, 'SIGKILL'))));
  try {
    for (const host of hosts) await firstAnswer(host, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const targets = hosts.map((host) => `${host}:${port}`).join(',');
  return { name: 'ipmi_sim', targets, pids: children.map(({ pid }) => pid!), stop };
}

/** A process that has just been started, and where it will answer. */
export interface Starting {
  readonly child: ChildProcess;
  readonly port: number;
}

export async function startOurs(build: Build, make: Make): Promise<Starting> {
  const port = await freePort();
  const args = command(build, `127.0.0.1:${port}`, make);
  return { child: pinned(make.core, process.execPath, args, ['ignore', 'ignore', 'inherit']), port };
}

export async function startSim(make: Make): Promise<Starting> {
  const port = await freePort();
  const place = join(make.folder, 'sim-start');
  const args = simArguments(place, '127.0.0.1', port, make);
  return { child: pinned(make.core, 'ipmi_sim', args, 'ignore', place), port };
}

// Get Channel Authentication Capabilities outside of a session: this channel, Administrator, IPMI 2.0 data.
const HELLO = Buffer.from('0600ff07000000000000000000092018c88104388e04b1', 'hex');
const PATIENCE = 20_000;

/** Asks each 2 ms until somebody answers. */
export function firstAnswer(host: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  return new Promise<void>((resolve, reject) => {
    const ask = setInterval(() => socket.send(HELLO, port, host), 2);
    const late = setTimeout(
      () => done(new Error(`${host}:${port} did not answer in ${PATIENCE / 1000} s`)),
      PATIENCE,
    );
    const done = (error?: Error): void => {
      clearInterval(ask);
      clearTimeout(late);
      socket.close();
      if (error) reject(error);
      else resolve();
    };
    socket.once('message', () => done());
    socket.send(HELLO, port, host);
  });
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });

const ENTRY = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);

/** Adds SEL entries until there are as many as the walk expects, as any client would. */
export async function fillSel(server: Server): Promise<void> {
  const [host, port] = server.targets.split(':');
  const client = await connectLan(nodeWorld(), {
    host,
    port: Number(port),
    user: USER,
    password: PASSWORD,
    cipherSuite: 3,
  });
  for (let n = 0; n < SEL_ENTRIES; n++) {
    const [cc] = await client.raw(0x0a, 0x44, ENTRY);
    if (cc !== 0) throw new Error(`${server.name}: Add SEL Entry ${n}: completion code ${cc.toString(16)}h`);
  }
  await client.close();
}
