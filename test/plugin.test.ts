// `--plugin FILE`: kinds and handlers that a module brings to the command line.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { bin, root, firstLine, startBmc, stopped } from './support/cli.ts';
import { toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-plugin-'));
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
});
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const ran = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });

const strip = written(
  'strip.mjs',
  `const strip = {
  type: 'strip',
  schema: (zod) => zod.strictObject({ type: zod.literal('strip'), outlet: zod.int().min(1).max(8) }),
  make: ({ outlet }, { name, log }) => ({ backend: { power: (action) => log.warn(name + ' outlet ' + outlet + ' ' + action) } }),
};
export const kinds = { backends: [strip] };
`,
);
const file = (outlet: number): string => `name: node
interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
users: [{ id: 2, name: admin, password: AdminPass123 }]
chassis: { power: off, backend: { type: strip, outlet: ${outlet} } }
`;

test.each([
  ['a module that is not there', 'gone.mjs', undefined, 'gone.mjs: no such file'],
  ['what is no module', 'broken.mjs', 'export const kinds = ;', "broken.mjs: Unexpected token ';'"],
  [
    'a module whose own import is not there',
    'lonely.mjs',
    "import 'ipmi-bmc-nobody';",
    "lonely.mjs: Cannot find package 'ipmi-bmc-nobody'",
  ],
  ['a module that throws', 'angry.mjs', "throw new Error('no licence');", 'angry.mjs: no licence'],
  [
    'a module that brings nothing',
    'empty.mjs',
    'export const kind = 1;',
    'empty.mjs: expected exports kinds or handlers, found kind',
  ],
  [
    'a sort that there is not',
    'sort.mjs',
    'export const kinds = { backend: [] };',
    'sort.mjs: kinds: expected lists interfaces, backends, consoles, sources, found backend',
  ],
  ['no lists', 'list.mjs', 'export const kinds = 1;', 'list.mjs: kinds: expected lists'],
  [
    'a kind that makes nothing',
    'idle.mjs',
    "export const kinds = { sources: [{ key: 'tide', schema: (zod) => zod.strictObject({}) }] };",
    'idle.mjs: kinds.sources.0: expected an object with key, schema, make',
  ],
  [
    'a type that is taken',
    'taken.mjs',
    "export const kinds = { backends: [{ type: 'http', schema: (zod) => zod.strictObject({ type: zod.literal('http') }), make: () => ({}) }] };",
    'taken.mjs: kinds: two of them have type http',
  ],
  [
    'handlers that are none',
    'none.mjs',
    "export const handlers = [{ owner: 'acme' }];",
    'none.mjs: handlers: expected a list of objects with owner, handlers',
  ],
])('plugin: %s is one line', (_name, name, text, problem) => {
  const module = text === undefined ? join(folder, name) : written(name, text);
  for (const command of ['check', 'run', 'handlers']) {
    const { status, stderr } = ran(command, written('ok.yaml', file(1)), '--plugin', module);
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toContain(problem);
  }
});

test('plugin: a handler that cannot be registered is one line, of check and of run', () => {
  const twice = written(
    'twice.mjs',
    `const mine = { claim: { netFn: 6, cmd: 1 }, name: 'Mine', privilege: 2, run: () => new Uint8Array([0]) };
export const handlers = [{ owner: 'acme', handlers: [mine] }];
`,
  );
  const plain = written('plain.yaml', file(1).replace(/^chassis.*\n/m, ''));
  for (const command of ['check', 'run']) {
    const { status, stderr } = ran(command, plain, '--plugin', twice);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^ipmi-bmc: --plugin: acme cannot claim Mine \(06h 01h\): claimed by standard.*\n$/,
    );
  }
});

test('plugin: check knows the kinds, names them and says where a mistake stands', () => {
  const at = (text: string) => ran('check', written('f.yaml', text), '--plugin', strip);
  expect(at(file(8)).stdout).toContain('1 BMC(s), no problem');
  expect(at(file(9)).stderr).toContain(
    'f.yaml:4:56 chassis.backend.outlet: expected number to be <=8, received 9',
  );
  expect(at(file(1).replace('strip', 'stripe')).stderr).toContain('"http"|"strip", received "stripe"');
  expect(ran('check', written('f.yaml', file(1))).stderr).toContain('received "strip"');
});

test('plugin: run serves them, and a file that is read again may name them too', async () => {
  const config = written('bmc.yaml', file(1));
  const child = spawn(process.execPath, [bin, 'run', config, '--plugin', strip, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += String(data)));
  await firstLine(child);
  written('bmc.yaml', file(2).replace('power: off', 'power: on'));
  child.kill('SIGHUP');
  await expect.poll(() => log).toContain('is read again: 1 changed (node: chassis, restart)');
  expect(log).not.toContain('nothing is changed');
});

toolTest(
  'plugin: examples/plugin: a source that the file names, and an OEM command',
  ['ipmitool'],
  async () => {
    const flags = ['--plugin', `${root}examples/plugin/fans.mjs`];
    const bmc = await startBmc(`${root}examples/plugin/bmc.yaml`, ...flags);
    const login = '-U admin -P change-me-soon';
    try {
      expect((await bmc.ipmitool('sensor reading FAN1', login)).out).toMatch(/FAN1\s+\| 3000/);
      expect((await bmc.ipmitool('raw 0x2e 0x10 0xcd 0xab 0x00 90', login)).out).toContain('cd ab 00');
      expect((await bmc.ipmitool('sensor reading FAN1', login)).out).toMatch(/FAN1\s+\| 5400/);
    } finally {
      await bmc.stop();
    }
  },
);
