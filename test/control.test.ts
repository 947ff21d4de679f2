// The control API of a process that runs, asked by curl as docs/control.md has it, and its effects seen by ipmitool.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { ALL_ROUTES } from '../src/control/all-routes.ts';
import { ControlClient, type BmcList, type ShardList } from '../src/control/client.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { toolTest, runTool } from './support/tools.ts';

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const PASSWORD = 'secret-enough';
/** Two BMCs like those of the examples, and a file that can be read again. */
const settings = `
bmcs:
${[1, 2]
  .map(
    (n) => `  - name: node-${n}
    labels: { rack: '${n}' }
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    fru: [{ id: 0, name: Board, size: 2048, board: { product: Example } }]
    firmware: { components: [{ id: 0, name: BMC, bmc: true }, { id: 1, name: BIOS, version: '1.00' }] }
    sensors:
      - { name: CPU1 Temp, number: 1, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: { base: 40 }, thresholds: { unc: 80, uc: 95 } }
${
  n === 1
    ? '    faults: { scenarios: [{ name: warm, steps: [{ state: warm, step: { sensor: CPU1 Temp, to: 60 } }, { hold: 10m }] }] }\n'
    : '    clock: virtual\n'
}`,
  )
  .join('')}`;

async function running(...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  folders.push(folder);
  const [file, socket] = [join(folder, 'bmc.yaml'), join(folder, 'control.sock')];
  writeFileSync(file, settings);
  const args = ['run', file, '--json', '--control', socket, ...flags];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const ready = JSON.parse(await firstLine(child)) as { interfaces: { bmc: string; address: string }[] };
  const port = ready.interfaces.find(({ bmc }) => bmc === 'node-1')?.address.split(':')[1] ?? '';
  return { socket, port, client: new ControlClient({ socket }), child };
}

const page = readFileSync(new URL('../docs/control.md', import.meta.url), 'utf8');
/** Of the routes: what stands under each heading as a shell script. */
const examples = [
  ...page.matchAll(/^### ((?:GET|POST|PUT|DELETE) \S+)\n[\s\S]*?^```sh\n([\s\S]*?)^```/gm),
].map(([, route, script]) => ({ route, script }));

/** Does a script in a shell; its code and what it says. */
async function done(script: string, socket: string): Promise<readonly [number | null, string]> {
  const { code, out } = await runTool('sh', ['-c', `set -e\n${script}`], { env: { SOCKET: socket } });
  return [code, out];
}

/** What an example needs that no request makes, by what it says of it; each does the script where it is so. */
const NEEDS: Readonly<Record<string, (script: string) => Promise<readonly [number | null, string]>>> = {
  'an open session': async (script) => {
    const { socket, port } = await running();
    await connectLan(nodeWorld(), {
      host: '127.0.0.1',
      port: Number(port),
      user: 'admin',
      password: PASSWORD,
    });
    return done(script, socket);
  },
  '`run --workers N`': async (script) => {
    const state = mkdtempSync(join(tmpdir(), 'state-'));
    folders.push(state);
    const { socket } = await running('--workers', '2', '--state', state);
    const { shards } = await new ControlClient({ socket }).get<ShardList>('/v1/shards');
    expect(shards.length).toBe(2);
    return done(script, socket);
  },
  'a process of `ipmi-bmc with`': async (script) => {
    const others = script.includes('no-other') ? '' : 'ipmitool $IPMI_ARGS power cycle;';
    const whole = `ipmitool $IPMI_ARGS mc info; ${others} SOCKET=$IPMI_BMC_SOCKET; ${script}`;
    const { code, out } = await runTool(process.execPath, [
      bin,
      'with',
      '--no-pcap',
      '--options',
      '[{"name":"node-1"}]',
      '--',
      'sh',
      '-ec',
      whole,
    ]);
    return [code, out];
  },
};

/** Routes after which the examples of others would find something else. */
const isDestructive = (route: string): boolean =>
  /^DELETE \S+\/(\{bmc\}|sel|sel\/\{id\}|sdr|sdr\/\{id\})$|\/(stop|start|restart|apply|reload)$|scenarios|faults/.test(
    route,
  );

describe('docs/control.md', () => {
  let shared: string;
  let child: ChildProcess | undefined;
  let folder: string;
  beforeAll(async () => {
    ({ socket: shared, child } = await running());
    // They are not of one test alone.
    children.pop();
    folder = folders.pop() ?? '';
  });
  afterAll(async () => {
    if (child) await stopped(child, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('17: every route has an example', () => {
    const routes = ALL_ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(examples.map(({ route }) => route).sort()).toEqual(routes.sort());
  });

  for (const { route, script } of examples)
    toolTest(`17: its example works as it stands there: ${route}`, ['curl', 'ipmitool'], async () => {
      const [, need] = /^# where there is (.*):$/m.exec(script) ?? [];
      const [code, out] =
        need !== undefined
          ? await NEEDS[need](script)
          : await done(script, isDestructive(route) ? (await running()).socket : shared);
      // A stream of events has no end of its own: curl's time is over.
      expect([0, ...(script.includes('--max-time') ? [28] : [])], `${script}${out}`).toContain(code);
    });
});

toolTest(
  '17: what the control API does, ipmitool sees: power, boot, sensor, SEL, user',
  ['ipmitool'],
  async () => {
    const { client, port } = await running();
    const logIn = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', port, '-U', 'admin', '-P', PASSWORD];
    const ask = (...words: string[]) => runTool('ipmitool', [...logIn, ...words]).then(({ out }) => out);
    const at = '/v1/bmcs/node-1';
    await client.post(`${at}/power`, { action: 'off' });
    expect(await ask('power', 'status')).toContain('is off');
    await client.post(`${at}/power`, { action: 'on' });
    expect(await ask('power', 'status')).toContain('is on');
    await client.put(`${at}/boot`, { device: 'pxe', efi: true });
    expect(await ask('chassis', 'bootparam', 'get', '5')).toContain('Force PXE');
    await client.put(`${at}/sensors/CPU1%20Temp`, { value: 100 });
    expect(await ask('sdr', 'elist')).toMatch(/CPU1 Temp .*\| ucr +\|.*100 degrees C/);
    expect(await ask('sel', 'elist')).toMatch(/CPU1 Temp .*Upper Critical/);
    await client.delete(`${at}/sel`);
    expect(await ask('sel', 'list')).not.toContain('Temp');
    await client.put(`${at}/users/5`, { name: 'kim', password: PASSWORD, enabled: true, privilege: 'user' });
    expect(await ask('user', 'list', '1')).toMatch(/^5 +kim .*USER/m);
    const { bmcs } = await client.get<BmcList>('/v1/bmcs?label=rack%3D1');
    expect(bmcs).toMatchObject([{ name: 'node-1', power: 'on' }]);
  },
  180_000,
);

test('17.1: a process that nobody may steer has no socket, and one socket is not taken twice', async () => {
  const { socket } = await running();
  const second = spawnSync(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', '--control', socket], {
    encoding: 'utf8',
  });
  expect([second.status, second.stderr.split('\n').length]).toEqual([2, 2]);
  expect(second.stderr).toContain(`${socket} belongs to a process that runs`);
  const child = spawn(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', '--json', '--no-control'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  expect(JSON.parse(await firstLine(child))).toMatchObject({ control: [] });
});
