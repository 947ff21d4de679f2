// The blocks of docs/testing.md, as somebody has them who has copied them into an empty folder.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChassisControl } from '../src/commands/index.ts';
import { startBmc, startFleet } from '../src/testing/index.ts';
import { root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const page = readFileSync(`${root}docs/testing.md`, 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language, text], i) => ({
  language,
  text,
  name: `${i + 1} (${/^(?:const|import|test)\b.*/m.exec(text)?.[0] ?? language})`,
}));

/** A folder in which the package is installed, and vitest. */
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'testing-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'ipmi-bmc'));
  for (const name of ['vitest', 'tsx', '@types', 'typescript'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** How a block is run: by the runner that it is for; Jest's by test/jest.test.ts. */
function commandOf(text: string): readonly string[] {
  if (/testing\/vitest'/.test(text))
    return [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', '.'];
  return /'node:test'/.test(text)
    ? ['--import', 'tsx', '--test', 'block.test.ts']
    : ['--import', 'tsx', 'block.test.ts'];
}

for (const { name, text } of blocks.filter(({ language }) => language === 'ts'))
  toolTest(`testing: docs/testing.md, block ${name}`, ['ipmitool'], async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'block.test.ts'), text);
    const ran = await ranIn(folder, commandOf(text));
    expect(ran.code, ran.out).toBe(0);
  });

for (const { name, text } of blocks.filter(({ language }) => language === 'sh'))
  toolTest(`testing: docs/testing.md, block ${name}`, ['ipmitool', 'sh'], async () => {
    const folder = emptyFolder();
    const PATH = `${join(root, 'bin')}:${process.env.PATH}:/usr/sbin:/sbin`;
    const ran = await runTool('sh', ['-ec', `cd ${folder}\n${text}`], { env: { PATH } });
    expect(ran.code, ran.out).toBe(0);
  });

test('testing: every block of docs/testing.md has types that hold', { timeout: 180_000 }, async () => {
  const folder = emptyFolder();
  const files = blocks
    .filter(({ language }) => language === 'ts')
    .map(({ text }, i) => {
      writeFileSync(join(folder, `block-${i}.ts`), text);
      return `block-${i}.ts`;
    });
  expect(files.length).toBeGreaterThan(7);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'NodeNext',
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    types: ['node'],
    skipLibCheck: true,
    rootDir: '.',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const ran = await ranIn(folder, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);
  expect(ran.out).toBe('');
});

const ranIn = (folder: string, args: readonly string[]): Promise<{ code: number | null; out: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (out += String(data)));
    child.on('close', (code) => resolve({ code, out }));
  });

toolTest('testing: ipmitool is what is expected of it, and no more', ['ipmitool', 'bmc-info'], async () => {
  await using bmc = await startBmc({ power: 'off' });
  await bmc.ipmitool('power', 'on');
  await bmc.expectRequest(ChassisControl, { action: 'on' }, { user: bmc.user, cc: 0 });
  bmc.expectNoOther();
  const { code, out } = await runTool('ipmipower', [
    '-D',
    'LAN_2_0',
    '-h',
    `${bmc.host}:${bmc.port}`,
    '-u',
    bmc.user,
    '-p',
    bmc.password,
    '--cycle',
    '--wait-until-on',
  ]);
  expect(code, out).toBe(0);
  await bmc.expectRequest(ChassisControl, { action: 'cycle' });
});

test('testing: 500 tests at a time have a BMC each', { timeout: 180_000 }, async () => {
  const first = await startBmc();
  await first.stop();
  const bmcs = await Promise.all(Array.from({ length: 500 }, () => startBmc()));
  expect(new Set(bmcs.map(({ port }) => port)).size).toBe(500);
  await Promise.all(bmcs.map((bmc) => bmc.stop()));
  const fleet = await startFleet(10);
  expect(fleet.length).toBe(10);
  await fleet.stop();
});
