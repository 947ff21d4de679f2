// The wheels where pip puts them, and the examples with Ironic's driver and pyghmi: what somebody has who installs them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from './support/cli.ts';
import { hasIronic, ironicPython } from './support/ironic.ts';
import { runTool, toolTest } from './support/tools.ts';

const out = join(root, 'out');
const wheelOf = (kind: 'manylinux' | 'none-any'): string => {
  const name = readdirSync(out).find((one) => one.endsWith('.whl') && one.includes(kind));
  return join(out, name ?? `no wheel for ${kind}`);
};
const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'kits-python-'));

beforeAll(() => {
  const script = join(root, 'scripts/package.mjs');
  const made = spawnSync(process.execPath, [script, 'binary', 'wheels'], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
}, 300_000);

/** Minor versions of Python 3 that are here, with one program of each: on PATH, or kept by pyenv. */
function pythons(): ReadonlyMap<number, string> {
  const kept = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const folders = existsSync(kept) ? readdirSync(kept).map((name) => join(kept, name, 'bin/python3')) : [];
  const found = new Map<number, string>();
  for (const path of ['python3', ...folders]) {
    const { status, stdout } = spawnSync(path, ['-c', 'import sys, venv; print(sys.version_info[1])'], {
      encoding: 'utf8',
    });
    if (status === 0 && !found.has(Number(stdout))) found.set(Number(stdout), path);
  }
  return found;
}

const page = readFileSync(`${root}docs/testing.md`, 'utf8');
const [, lines] = /^```python\n([\s\S]*?)^```/m.exec(page) ?? [];
const all = pythons();
const wanted = [...all.keys()].filter((minor) => minor >= 9).sort((a, b) => a - b);
// The oldest that there is: test/kits.test.ts has the system's.
const tried = wanted.slice(0, 1);

for (const minor of tried)
  toolTest(
    `kits: Python 3.${minor}, pip installs the wheel offline, and the first lines of the page work`,
    ['ipmitool', 'python3'],
    async () => {
      const folder = emptyFolder();
      const run = async (program: string, ...args: string[]): Promise<void> => {
        const ran = await runTool(program, args, {
          timeout: 60_000,
          env: { PYTHONPATH: '', IPMI_BMC_BIN: '' },
        });
        expect(ran.code, ran.out).toBe(0);
      };
      const python = join(folder, 'venv/bin/python');
      await run(all.get(minor)!, '-m', 'venv', join(folder, 'venv'));
      await run(python, '-m', 'pip', 'install', '-q', '--no-index', wheelOf('manylinux'));
      writeFileSync(join(folder, 'three_lines.py'), lines);
      await run(python, join(folder, 'three_lines.py'));
    },
    150_000,
  );

test('kits: Python, there is one to try', () => expect(tried.length).toBeGreaterThan(0));

if (hasIronic)
  toolTest(
    "kits: Python, the example with Ironic's driver",
    ['ipmitool', 'pytest-3'],
    async () => {
      const folder = emptyFolder();
      expect(spawnSync('python3', ['-m', 'zipfile', '-e', wheelOf('none-any'), folder]).status).toBe(0);
      // Ironic's environment has no pytest: that of this system, and nothing else of the system's.
      const debian = '/usr/lib/python3/dist-packages';
      for (const name of ['pytest', '_pytest', 'pluggy', 'iniconfig', 'py'])
        if (existsSync(join(debian, name))) symlinkSync(join(debian, name), join(folder, name));
      const example = join(root, 'python/examples/test_ironic.py');
      const ran = await runTool(
        ironicPython,
        ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-W', 'ignore', example],
        { env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }, timeout: 150_000 },
      );
      expect(ran.code, ran.out).toBe(0);
      expect(ran.out).toMatch(/\b3 passed\b/);
    },
    180_000,
  );

toolTest(
  'kits: Python, the example with pyghmi',
  ['pytest-3', 'pyghmicons'],
  async () => {
    const folder = emptyFolder();
    expect(spawnSync('python3', ['-m', 'zipfile', '-e', wheelOf('none-any'), folder]).status).toBe(0);
    const example = join(root, 'python/examples/test_pyghmi.py');
    const ran = await runTool('pytest-3', ['-q', '-p', 'no:cacheprovider', '-W', 'ignore', example], {
      env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      timeout: 60_000,
    });
    expect(ran.code, ran.out).toBe(0);
    expect(ran.out).toMatch(/\b1 passed\b/);
  },
  90_000,
);
