// A file that is read again while its BMCs serve: what did not change keeps its sessions.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectLan, type LanClient } from '../src/client/index.ts';
import { GetDeviceId } from '../src/commands/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { lanplus, runTool, toolTest } from './support/tools.ts';

const temporary = (name: string): string => mkdtempSync(join(tmpdir(), `${name}-`));
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
});

const PASSWORD = 'secret-enough';
const one = (name: string, more: readonly string[] = []): string =>
  [
    `  - name: ${name}`,
    '    interfaces: [{ type: lan, listen: "127.0.0.1:0" }]',
    `    users: [{ id: 2, name: admin, password: ${PASSWORD} }]`,
    ...more.map((line) => `    ${line}`),
  ].join('\n');
const fileOf = (...bmcs: readonly string[]): string => `bmcs:\n${bmcs.join('\n')}\n`;

interface Ready {
  readonly interfaces: readonly { readonly bmc: string; readonly address: string }[];
}
const portOf = (ready: Ready, name: string): number =>
  Number(ready.interfaces.find(({ bmc }) => bmc === name)?.address.split(':')[1]);

async function running(text: string, ...flags: string[]) {
  const folder = temporary('reload');
  const [file, readyFile] = [join(folder, 'bmc.yaml'), join(folder, 'ready')];
  writeFileSync(file, text);
  const args = ['run', file, '--json', '--ready-file', readyFile, ...flags];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += String(data)));
  await firstLine(child);
  const ready = (): Ready => JSON.parse(readFileSync(readyFile, 'utf8')) as Ready;
  const reload = async (next: string, wanted: string): Promise<void> => {
    writeFileSync(file, next);
    const from = log.length;
    child.kill('SIGHUP');
    while (!log.slice(from).includes(wanted)) {
      expect(child.exitCode).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The ready file follows the line.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  return { child, ready, reload, log: () => log, readyFile };
}

const connect = (port: number): Promise<LanClient> =>
  connectLan(nodeWorld(), { host: '127.0.0.1', port, user: 'admin', password: PASSWORD });
const deviceId = async (client: LanClient): Promise<number> => (await client.send(GetDeviceId)).deviceId;

test('F10: SIGHUP adds, removes and changes BMCs; a session of an unchanged one goes on, in the ready file stand the new ones', async () => {
  const { child, ready, reload, readyFile } = await running(fileOf(one('a'), one('b'), one('c')));
  const before = ready();
  const [a, b] = await Promise.all([connect(portOf(before, 'a')), connect(portOf(before, 'b'))]);
  const next = fileOf(one('d'), one('a'), one('b', ['identity: { deviceId: 77 }']));
  await reload(next, '1 added (d), 1 removed (c), 1 changed (b: identity, restart), 1 unchanged');
  expect(await deviceId(a)).toBe(0x20);
  expect(ready().interfaces.map(({ bmc }) => bmc)).toEqual(['d', 'a', 'b']);
  expect(portOf(ready(), 'a')).toBe(portOf(before, 'a'));
  const [d, changed] = await Promise.all([connect(portOf(ready(), 'd')), connect(portOf(ready(), 'b'))]);
  expect(await Promise.all([d, changed].map(deviceId))).toEqual([0x20, 77]);
  await Promise.all([a, d, changed].map((client) => client.close()));
  void b;
  await stopped(child);
  expect([child.exitCode, existsSync(readyFile)]).toEqual([0, false]);
});

test('F10: a file with a mistake changes nothing, and says where it is', async () => {
  const { ready, reload, log } = await running(fileOf(one('a'), one('b')));
  const before = ready();
  const a = await connect(portOf(before, 'a'));
  await reload(fileOf(one('a'), one('c', ['sensorIntervall: 3'])), 'nothing is changed');
  await expect.poll(log).toMatch(/bmc\.yaml:\d+:\d+ bmcs\.1\.sensorIntervall/);
  await reload(fileOf(one('a', ['satellites: [{ address: 48 }, { address: 48 }]'])), 'bmcs.0.satellites');
  await reload('', 'nothing is changed');
  await reload(`state: { directory: ./elsewhere }\n${fileOf(one('a'))}`, 'restart to change it');
  expect(ready()).toEqual(before);
  expect(await deviceId(a)).toBe(0x20);
  await a.close();
});

toolTest(
  'F10: what a client changed of a BMC is there after a change of its settings',
  ['ipmitool'],
  async () => {
    const state = temporary('reload-state');
    const { ready, reload } = await running(fileOf(one('a')), '--state', state);
    const ipmitool = (...args: string[]) => {
      return runTool('ipmitool', [...lanplus(portOf(ready(), 'a'), PASSWORD), ...args]);
    };
    expect((await ipmitool('user', 'set', 'name', '3', 'kim')).code).toBe(0);
    await reload(fileOf(one('a', ['identity: { deviceId: 5 }'])), '1 changed');
    expect((await ipmitool('user', 'list', '1')).out).toMatch(/^3 +kim /m);
    expect((await ipmitool('mc', 'info')).out).toMatch(/Device ID +: 5/);
  },
);

test('F11: more BMCs than the process may have sockets for are told before one is opened, with what raises the limit', () => {
  const file = join(temporary('descriptors'), 'bmc.yaml');
  writeFileSync(file, fileOf(`${one('n{n}')}\n    count: 500`));
  const run = `ulimit -n 256 && exec "$0" "$@"`;
  const { status, stderr } = spawnSync('bash', ['-c', run, process.execPath, bin, 'run', file], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  expect(stderr).toMatch(
    /500 BMCs need at least 532 open files, and this process may have 256: .*ulimit -n 532/,
  );
  expect(status).toBe(2);
});
