// How the program starts: from one file with what V8 compiled of it, from its modules where that is not to be had.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { firstLine, root, stopped } from './support/cli.ts';

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { encoding: 'utf8' });
  expect(built.status, built.stderr).toBe(0);
});

/** A package whose program says which of its files it was started from. */
function tree({ bundle, modules, compiled }: { bundle?: number; modules?: true; compiled?: number }): string {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'dist/cli'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of ['ipmi-bmc', 'run-bundle.cjs'])
    copyFileSync(join(root, 'bin', file), join(folder, 'bin', file));
  const dated = (path: string, text: string, seconds: number): void => {
    writeFileSync(join(folder, path), text);
    utimesSync(join(folder, path), seconds, seconds);
  };
  if (bundle !== undefined) dated('dist/cli/ipmi-bmc.cjs', "console.log('one file', __filename)", bundle);
  if (compiled !== undefined) dated('dist/.tsbuildinfo', '', compiled);
  if (modules)
    dated('dist/cli/main.js', "export const main = () => { console.log('modules'); return 3; }", 1);
  return folder;
}

function start(folder: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/ipmi-bmc'), ...words], {
    encoding: 'utf8',
  });
  return { status, out: (stdout + stderr).trim() };
}

test('start: one file where it is there, as in the package', () => {
  const folder = tree({ bundle: 1000, modules: true });
  expect(start(folder)).toEqual({ status: 0, out: `one file ${join(folder, 'dist/cli/ipmi-bmc.cjs')}` });
});

test('start: what the compiler made later is what runs, and so it is for modules of --plugin', () => {
  expect(start(tree({ bundle: 1000, compiled: 1001, modules: true }))).toEqual({ status: 3, out: 'modules' });
  expect(start(tree({ bundle: 1000, compiled: 1000, modules: true })).out).toContain('one file');
  expect(start(tree({ bundle: 1000, modules: true }), 'run', '--plugin=it.mjs').out).toBe('modules');
  expect(start(tree({ modules: true })).out).toBe('modules');
});

test('start: nothing is built, and a line says so', () => {
  const { status, out } = start(tree({}));
  expect([status, out]).toEqual([2, expect.stringMatching(/^ipmi-bmc is not built yet.*$/)]);
});

test('start: what V8 kept is of no use after an upgrade, and does no harm', () => {
  const folder = tree({ bundle: 1000 });
  const cache = join(folder, `dist/cli/ipmi-bmc.cjs.1000000-${process.version}-${process.arch}.cache`);
  writeFileSync(cache, 'not of V8');
  expect(start(folder).out).toContain('one file');
});

test('start: V8 takes what was kept of this bundle', () => {
  const require = createRequire(import.meta.url);
  const bundle = join(root, 'dist/cli/ipmi-bmc.cjs');
  const script = `
    const { readFileSync, statSync } = require('node:fs');
    const { runBundle } = require(${JSON.stringify(join(root, 'bin/run-bundle.cjs'))});
    const filename = ${JSON.stringify(bundle)};
    const cache = readFileSync(filename + '.' + Math.floor(statSync(filename).mtimeMs) + '-' + process.version + '-' + process.arch + '.cache');
    process.argv = ['', filename, '--version'];
    const { script } = runBundle({ source: readFileSync(filename), cache, filename, require });
    console.log('rejected', script.cachedDataRejected);`;
  expect(require.resolve(bundle)).toBe(bundle);
  const ran = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(ran.stdout, ran.stderr).toContain('rejected false');
  // Read byte by byte, so that nothing in it may take two.
  expect(readFileSync(bundle).every((byte) => byte < 0x80)).toBe(true);
});

/** Seconds of a processor until the ready line. */
async function ready(...words: string[]): Promise<number> {
  const child = spawn(process.execPath, [...words, 'run', '--json', '--lan', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await firstLine(child);
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  await stopped(child);
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test(
  'start: the program takes less than two thirds of what its modules take',
  { timeout: 180_000 },
  async () => {
    const modules = `import('${root}dist/cli/main.js').then(({ main }) => main(process.argv.slice(1)))`;
    // The least of some starts of each, one beside the other: what else runs is the same to both.
    let [one, many] = [Infinity, Infinity];
    for (let round = 0; round < 4; round++) {
      one = Math.min(one, await ready(join(root, 'bin/ipmi-bmc')));
      many = Math.min(many, await ready('-e', modules, '--'));
    }
    expect(one / many).toBeLessThan(0.66);
  },
);

test('18.5: a start says nothing of V8, which has all flags that are set for it', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, 'bin/ipmi-bmc'), '--version'], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^\d+\.\d+/);
  const odd = "require('node:v8').setFlagsFromString('--semi-space-growth-facto=16')";
  expect(spawnSync(process.execPath, ['-e', odd], { encoding: 'utf8' }).stderr).not.toBe('');
});
