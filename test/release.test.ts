// What `npm run package` makes, used as somebody uses it who has nothing of this repository.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const {
  version,
  exports: doors,
  typesVersions,
} = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  version: string;
  exports: Record<string, { types: string }>;
  typesVersions: { '*': Record<string, string[]> };
};
const out = join(root, 'out');
const binary = join(out, `ipmi-bmc-${version}-${process.platform}-${process.arch}`);
const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'release-'));

beforeAll(() => {
  const made = spawnSync(process.execPath, [join(root, 'scripts/package.mjs')], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
}, 300_000);

test('package: the binary knows its version, and carries the files that the program reads', async () => {
  const folder = emptyFolder();
  const run = (...args: string[]) =>
    spawnSync(binary, args, { encoding: 'utf8', cwd: folder, env: { PATH: '/nowhere' } });
  expect([run('--version').stdout, run('--version').stderr]).toEqual([`${version}\n`, '']);
  expect(run('schema').stdout).toBe(readFileSync(`${root}schema/config.schema.json`, 'utf8'));
  expect(run('init').stdout).toContain('wrote bmc.yaml');
  expect(run('check', 'bmc.yaml').status).toBe(0);
  writeFileSync(join(folder, 'plugin.cjs'), 'exports.handlers = [];');
  expect(run('check', 'bmc.yaml', '--plugin', 'plugin.cjs').stderr).toBe('');
  // The helper for device nodes is the binary once more: of no node it says that and ends.
  const helper = spawnSync(binary, ['--device-node', join(folder, 'none')]);
  expect(helper.stdout.toString('latin1')).toMatch(/ENOENT$/);
});

test('package: the binary passes the suites of the command line', { timeout: 600_000 }, () => {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const ran = spawnSync(process.execPath, [vitest, 'run', 'test/with.test.ts', 'test/cli.test.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, IPMI_BMC_BIN: binary },
  });
  expect(ran.status, ran.stdout).toBe(0);
});

toolTest(
  'package: the Debian package has the binary, the units and the documents',
  ['dpkg-deb'],
  async () => {
    const [deb] = readdirSync(out).filter((name) => name.endsWith('.deb') && name.includes(`_${version}_`));
    const fields = await runTool('dpkg-deb', ['-f', join(out, deb), 'Package', 'Version']);
    expect(fields.out).toBe(`Package: ipmi-bmc\nVersion: ${version}\n`);
    const { out: list } = await runTool('dpkg-deb', ['-c', join(out, deb)]);
    for (const path of [
      'usr/bin/ipmi-bmc',
      'usr/lib/systemd/system/ipmi-bmc@.service',
      'usr/share/doc/ipmi-bmc/copyright',
    ])
      expect(list).toContain(`./${path}\n`);
    expect(list).toMatch(/^-rwxr-xr-x root\/root .*usr\/bin\/ipmi-bmc$/m);
  },
);

toolTest(
  'package: from the tarball in an empty folder, three lines of TypeScript have a BMC',
  ['ipmitool', 'tar'],
  async () => {
    const folder = emptyFolder();
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'ipmi-bmc'), { recursive: true });
    const tar = await runTool('tar', [
      'xzf',
      join(out, `ipmi-bmc-${version}.tgz`),
      '--strip-components=1',
      '-C',
      join(modules, 'ipmi-bmc'),
    ]);
    expect(tar.code, tar.out).toBe(0);
    // What npm would bring beside it.
    for (const name of [
      '@hono',
      'hono',
      'commander',
      'picocolors',
      'yaml',
      'zod',
      'tsx',
      'esbuild',
      '@esbuild',
      'get-tsconfig',
      'resolve-pkg-maps',
      'openapi3-ts',
      '@asteasolutions',
    ])
      if (existsSync(join(root, 'node_modules', name)))
        symlinkSync(join(root, 'node_modules', name), join(modules, name));
    const page = readFileSync(`${root}docs/testing.md`, 'utf8');
    const [, block] = /^```ts\n([\s\S]*?)^```/m.exec(page) ?? [];
    writeFileSync(join(folder, 'main.mts'), block);
    const ran = spawnSync(process.execPath, ['--import', 'tsx', 'main.mts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([ran.status, ran.stdout], ran.stderr).toEqual([0, 'Chassis Power is off\n\n']);
  },
);

test('package: compilers that do not read exports find the types of every door', () => {
  const patterns = Object.entries(typesVersions['*']);
  const old = (door: string): string | undefined => {
    for (const [pattern, [path]] of patterns) {
      const found = new RegExp(`^${pattern.replace('*', '(.*)')}$`).exec(door);
      if (found) return path.replace('*', found[1] ?? '');
    }
    return undefined;
  };
  const named = Object.entries(doors).filter(([door]) => door !== '.');
  const types = named.map(([door, one]) => [door, one.types]);
  expect(named.map(([door]) => [door, old(door.slice(2))])).toEqual(types);
  expect(types.filter(([, path]) => !existsSync(join(root, path)))).toEqual([]);
});
