// ipmi-bmc/testing/jest in Jest itself, required and imported, and the block of docs/testing.md.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

/** Where `npm test` has put it (scripts/setup.mjs). */
const modules = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc/jest/node_modules');
const jest = join(modules, 'jest/bin/jest.js');
const page = readFileSync(`${root}docs/testing.md`, 'utf8');
const blocks = [...page.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```/gm)]
  .map(([, text]) => text)
  .filter((text) => text.includes("'ipmi-bmc/testing/jest'"));

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { encoding: 'utf8' });
  expect(built.status, built.stderr).toBe(0);
}, 120_000);

/** A project of somebody's: this package is installed in it, and what files it has. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'jest-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ipmi-bmc'));
  for (const [name, text] of Object.entries({ 'package.json': '{}', ...files }))
    writeFileSync(join(folder, name), text);
  return folder;
}

const runJest = (folder: string, NODE_OPTIONS = '') =>
  runTool(process.execPath, [jest, '--rootDir', folder, '--testMatch', '**/*.test.*'], {
    env: { NODE_OPTIONS, CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' },
    timeout: 110_000,
  });

const FAILING = `
const { bmcMatchers, startBmc, useBmc, withBmc } = require('ipmi-bmc/testing/jest');
const bmc = useBmc({ power: 'off' });
test('reset', async () => {
  await bmc().ipmitool('power', 'reset').catch(() => undefined);
  await expect(bmc()).toReceive('chassis-control', { action: 'cycle' }, { within: '100ms' });
});
test('on', () => expect(bmc()).toBeOn());
test('off', () => expect(bmc()).not.toBeOn());
test('by itself', withBmc({ seed: 7 }, async (own) => {
  await own.ipmitool('mc', 'info');
  throw new Error('the assertion of another library');
}));
`;

if (existsSync(jest)) {
  test('jest: docs/testing.md has a block', () => expect(blocks).toHaveLength(1));

  for (const [i, text] of blocks.entries())
    toolTest(
      `jest: docs/testing.md, block ${i + 1}`,
      ['ipmitool'],
      async () => {
        const isModule = /^import /m.test(text);
        const folder = project({ [isModule ? 'block.test.mjs' : 'block.test.js']: text });
        const ran = await runJest(folder, isModule ? '--experimental-vm-modules' : '');
        expect(ran.code, ran.out).toBe(0);
        expect(ran.out).toMatch(/Tests: +1 passed, 1 total/);
      },
      120_000,
    );

  toolTest('jest: a test that fails says what came, by matchers and by withBmc', ['ipmitool'], async () => {
    const { code, out } = await runJest(project({ 'failing.test.js': FAILING }));
    expect(code, out).toBe(1);
    expect(out).toMatch(/Tests: +3 failed, 1 passed, 4 total/);
    expect(out).toMatch(
      /\S+ reset\s+expected chassis-control with action cycle within 100ms, and it did not come\n +nearest: .*action is 3 \(hard reset\), expected cycle\n +what came:\n/,
    );
    expect(out).toMatch(/\S+ on\s+expected on, and it is off\n +what came:\n/);
    expect(out).toMatch(
      /\S+ by itself\s+the assertion of another library\n +what came:\n(?: .*\n)* .*Get Device ID/,
    );
  });

  test('jest: what can be required has types in every kind of project, and matchers beside those of @types/jest', () => {
    const text = `import { useBmc } from 'ipmi-bmc/testing/jest';
const bmc = useBmc({ power: 'off' });
test('it is switched on', async () => {
  await expect(bmc()).toReceive('chassis-control', { action: 'on' });
  expect(bmc()).toBeOn();
  // @ts-expect-error there is no such key
  useBmc({ powr: 'off' });
});
`;
    const folder = project({ 'a.test.ts': text, 'b.test.mts': text });
    for (const name of ['@types', 'expect', '@jest', 'pretty-format', 'jest-mock', '@sinclair'])
      if (existsSync(join(modules, name)))
        symlinkSync(join(modules, name), join(folder, 'node_modules', name));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    for (const [module, resolution] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['commonjs', 'bundler'],
    ]) {
      const how = ['--module', module, '--moduleResolution', resolution, '--types', 'jest,node'];
      const lib = ['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--skipLibCheck'];
      const files = ['a.test.ts', 'b.test.mts'];
      const ran = spawnSync(
        process.execPath,
        [tsc, '--ignoreConfig', '--noEmit', '--strict', ...how, ...lib, ...files],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      );
      expect(ran.stdout, module).toBe('');
    }
  }, 60_000);
}
