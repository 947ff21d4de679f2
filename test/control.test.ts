// The control API of a process that runs, asked by curl as docs/control.md has it, and its effects seen by ipmitool.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ControlClient, type BmcList } from '../src/control/client.ts';
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
`,
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

toolTest(
  '17: every example of docs/control.md is done by curl as it stands there',
  ['curl'],
  async () => {
    expect(examples.length).toBeGreaterThan(50);
    const shared = await running();
    for (const { route, script } of examples) {
      // It says what would have to be there; a clock that stands is none of these BMCs'.
      if (script.startsWith('#') || /clock|scenarios/.test(route)) continue;
      const isDestructive = /^DELETE |bmcs$|\/(stop|start|restart|apply|reload)$/.test(route);
      const { socket, child } = isDestructive ? await running() : shared;
      const { status, stdout, stderr } = spawnSync('sh', ['-c', `set -e\n${script}`], {
        encoding: 'utf8',
        env: { ...process.env, SOCKET: socket },
      });
      // A stream of events has no end of its own: curl's time is over.
      expect(
        [0, ...(script.includes('--max-time') ? [28] : [])],
        `${route}\n${script}${stdout}${stderr}`,
      ).toContain(status);
      if (isDestructive) await stopped(child, 'SIGKILL');
    }
  },
  120_000,
);

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
  60_000,
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
