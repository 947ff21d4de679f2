// The same ten scenarios in TypeScript, Python, Go and a shell, with the binary of `npm run package` and nothing
// else of this repository.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { ChassisControl, GetChassisStatus, SetSystemBootOptions } from '../src/commands/index.ts';
import { startBmc, startFleet, type TestBmc, type TestBmcOptions } from '../src/testing/index.ts';
import { root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
const out = join(root, 'out');
const binary = join(out, `ipmi-bmc-${version}-${process.platform}-${process.arch}`);
const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'kits-'));

beforeAll(() => {
  const script = join(root, 'scripts/package.mjs');
  const made = spawnSync(process.execPath, [script, 'binary', 'wheels'], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
}, 300_000);

/** In TypeScript: by number, what each of the other languages does as well. */
const scenarios: readonly (readonly [
  name: string,
  options: TestBmcOptions,
  body: (bmc: TestBmc) => Promise<void>,
])[] = [
  [
    'power on',
    { power: 'off' },
    async (bmc) => {
      await bmc.ipmitool('power', 'on');
      const { chosen, user } = await bmc.expectRequest(ChassisControl, { action: 'on' });
      expect([chosen, user, bmc.power]).toEqual(['power up', bmc.user, 'on']);
    },
  ],
  [
    'nothing else',
    {},
    async (bmc) => {
      await bmc.ipmitool('power', 'cycle');
      await bmc.expectRequest(ChassisControl, { action: 'cycle' });
      bmc.expectNoOther();
    },
  ],
  [
    'what did not come',
    {},
    async (bmc) => {
      await bmc.ipmitool('power', 'reset');
      const cycle = bmc.expectRequest(ChassisControl, { action: 'cycle' }, { within: '100ms' });
      await expect(cycle).rejects.toThrow(/action is 3 \(hard reset\), expected cycle/);
    },
  ],
  [
    'boot device',
    {},
    async (bmc) => {
      await bmc.ipmitool('chassis', 'bootdev', 'pxe');
      await bmc.expectRequest(SetSystemBootOptions, { parameter: 5, set: { device: 1 } });
    },
  ],
  [
    'wrong password',
    {},
    async (bmc) => {
      const args = [...bmc.args.slice(0, -1), `${bmc.password}x`, 'mc', 'info'];
      await expect(bmc.run('ipmitool', args)).rejects.toThrow(/establish/);
    },
  ],
  [
    'sensor and log',
    { sensors: { 'CPU1 Temp': 47 } },
    async (bmc) => {
      bmc.sensors.get('CPU1 Temp').set(97);
      await bmc.sel.expect({ sensor: 'CPU1 Temp', event: 'upper critical going high', asserted: true });
      expect(await bmc.ipmitool('sel', 'elist')).toContain('Upper Critical going high');
    },
  ],
  [
    'busy',
    {},
    async (bmc) => {
      const fault = bmc.faults.add({ when: { command: 'get-chassis-status' }, then: { complete: 'C0h' } });
      await expect(bmc.ipmitool('power', 'status')).rejects.toThrow(/busy/i);
      await bmc.expectRequest(GetChassisStatus, {}, { cc: 0xc0 });
      fault.remove();
      expect(await bmc.ipmitool('power', 'status')).toContain('on');
    },
  ],
  [
    'time',
    { clock: 'virtual', faults: [{ then: { softOff: 'ignored' } }] },
    async (bmc) => {
      await bmc.ipmitool('power', 'soft');
      await bmc.clock.advance('10m');
      expect(bmc.power).toBe('on');
    },
  ],
  [
    'unreadable',
    { sensors: { 'CPU1 Temp': null } },
    async (bmc) => expect(await bmc.ipmitool('sdr', 'list')).toMatch(/no reading/i),
  ],
];

for (const [i, [name, options, body]] of scenarios.entries())
  toolTest(`kits: TypeScript, ${i + 1}: ${name}`, ['ipmitool'], async () => {
    await using bmc = await startBmc(options);
    await body(bmc);
  });

toolTest('kits: TypeScript, 10: a fleet', ['ipmitool'], async () => {
  await using fleet = await startFleet(20, (n) => ({ power: n % 2 === 0 ? 'on' : 'off' }));
  expect(await fleet.at(7).ipmitool('power', 'status')).toContain('off');
  expect([...fleet].filter(({ power }) => power === 'on')).toHaveLength(10);
});

for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  toolTest(`kits: shell, ${n}`, ['ipmitool', 'curl', 'sh'], async () => {
    const folder = emptyFolder();
    symlinkSync(binary, join(folder, 'ipmi-bmc'));
    const PATH = `${folder}:${process.env.PATH}:/usr/sbin:/sbin`;
    const ran = await runTool('sh', ['-c', `cd ${folder} && exec ${root}test/kits.sh ${n}`], {
      env: { PATH },
    });
    expect(ran.code, ran.out).toBe(0);
  });

toolTest(
  'kits: Python, from the wheel with the binary in an empty folder, pytest plugin included',
  ['ipmitool', 'pytest-3'],
  async () => {
    const folder = emptyFolder();
    const wheel = readdirSync(out).find((name) => name.endsWith('.whl') && name.includes('manylinux'));
    const unpacked = spawnSync('python3', ['-m', 'zipfile', '-e', join(out, wheel ?? ''), folder], {
      encoding: 'utf8',
    });
    expect(unpacked.status, unpacked.stderr).toBe(0);
    const program = join(folder, 'ipmi_bmc/bin/ipmi-bmc');
    // pip sets modes, zipfile does not.
    spawnSync('chmod', ['755', program]);
    const ran = await runTool(
      'sh',
      ['-c', `cd ${folder} && pytest-3 -q -p no:cacheprovider ${root}python/tests`],
      {
        env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
        timeout: 120_000,
      },
    );
    expect(ran.code, ran.out).toBe(0);
    expect(ran.out).toMatch(/\b13 passed\b/);
  },
  180_000,
);

toolTest('kits: Python, the pure wheel runs on a Node that is there', ['python3', 'ipmitool'], async () => {
  const folder = emptyFolder();
  const wheel = join(out, `ipmi_bmc-${version}-py3-none-any.whl`);
  expect(spawnSync('python3', ['-m', 'zipfile', '-e', wheel, folder]).status).toBe(0);
  const text =
    "from ipmi_bmc import Bmc\nwith Bmc(power='off') as bmc:\n    print(bmc.ipmitool('power', 'status'))";
  const ran = await runTool('python3', ['-c', text], {
    env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect([ran.code, ran.out], ran.out).toEqual([0, 'Chassis Power is off\n\n']);
});

toolTest(
  'kits: Python, the types are those of openapi.json; if not: python3 python/generate.py',
  ['python3'],
  async () => {
    const text = 'import generate, pathlib; assert generate.TARGET.read_text() == generate.text()';
    const ran = await runTool('python3', ['-c', text], {
      env: { PYTHONPATH: join(root, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(ran.code, ran.out).toBe(0);
  },
);

const page = readFileSync(`${root}docs/testing.md`, 'utf8');
const blocksOf = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .filter(([, one]) => one === language)
    .map(([, , text]) => text);

toolTest(
  'kits: Python, the blocks of docs/testing.md',
  ['ipmitool', 'pytest-3'],
  async () => {
    const folder = emptyFolder();
    const wheel = join(out, `ipmi_bmc-${version}-py3-none-any.whl`);
    expect(spawnSync('python3', ['-m', 'zipfile', '-e', wheel, folder]).status).toBe(0);
    const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
    const blocks = blocksOf('python');
    expect(blocks.length).toBeGreaterThan(1);
    for (const [i, text] of blocks.entries()) {
      const file = join(folder, `test_block_${i}.py`);
      writeFileSync(file, text);
      const runner = text.includes('def test_') ? 'pytest-3' : 'python3';
      const ran = await runTool(
        runner,
        [...(runner === 'pytest-3' ? ['-q', '-p', 'no:cacheprovider'] : []), file],
        { env },
      );
      expect(ran.code, ran.out).toBe(0);
    }
  },
  120_000,
);

toolTest(
  'kits: Python, a test that fails shows what came and leaves a capture; options are for all of a run',
  ['ipmitool', 'pytest-3'],
  async () => {
    const folder = emptyFolder();
    const wheel = join(out, `ipmi_bmc-${version}-py3-none-any.whl`);
    expect(spawnSync('python3', ['-m', 'zipfile', '-e', wheel, folder]).status).toBe(0);
    writeFileSync(
      join(folder, 'bmc.yaml'),
      "interfaces: [{ type: lan, listen: '127.0.0.1:9623' }]\nusers: [{ id: 2, name: root, password: secret-enough }]\n",
    );
    writeFileSync(
      join(folder, 'test_it.py'),
      `import pytest
from ipmi_bmc import Bmc, ToolError


def test_cycle(ipmi_bmc):
    assert ipmi_bmc.user == "root" and ipmi_bmc.port != 9623
    ipmi_bmc.ipmitool("power", "status")
    ipmi_bmc.expect_request("chassis-control", action="cycle", within="100ms")


def test_sick(ipmi_bmc_factory):
    with pytest.raises(ToolError, match="fatal error"):
        ipmi_bmc_factory().ipmitool("mc", "selftest")
    assert ipmi_bmc_factory(power="off").power == "off"
    with pytest.raises(TypeError, match="bmc.yaml says what the BMC is"):
        Bmc(file="bmc.yaml", power="off")
`,
    );
    const script =
      'pytest-3 -q -p no:cacheprovider --ipmi-bmc-config bmc.yaml --ipmi-bmc-fault dying-psu --ipmi-bmc-pcap kept test_it.py';
    const ran = await runTool('sh', ['-c', `cd ${folder} && ${script}`], {
      env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      timeout: 60_000,
    });
    expect(ran.code, ran.out).toBe(1);
    expect(ran.out).toMatch(/1 failed, 1 passed/);
    expect(ran.out).toMatch(
      /ExpectationError: expected chassis-control with action cycle within 100ms, and it did not come/,
    );
    expect(ran.out).toMatch(/-+ ipmi-bmc -+\nwhat came:\n/);
    expect(readdirSync(join(folder, 'kept'))).toEqual(['test_it-py-test_cycle.pcapng']);
  },
  90_000,
);

// Go is no package of every Debian in the version that it needs: where it is not, there is no such test.
const go = ['/usr/local/go/bin/go', '/usr/bin/go'].find((path) => existsSync(path));
if (go !== undefined)
  toolTest(
    'kits: Go, offline',
    [go, 'ipmitool'],
    async () => {
      const ran = await runTool('sh', ['-c', `cd ${root}go/ipmibmctest && ${go} test -count=1 -v .`], {
        env: { IPMI_BMC_BIN: binary, GOFLAGS: '-mod=mod', GOPROXY: 'off' },
        timeout: 180_000,
      });
      expect(ran.code, ran.out).toBe(0);
      expect(ran.out.match(/^--- PASS: Test\d+/gm)).toHaveLength(10);
      const folder = emptyFolder();
      for (const [i, text] of blocksOf('go').entries())
        writeFileSync(join(folder, `block${i}_test.go`), text);
      const module = `module provision\n\ngo 1.18\n\nrequire ipmi-bmc/go/ipmibmctest v0.0.0\n\nreplace ipmi-bmc/go/ipmibmctest => ${root}go/ipmibmctest\n`;
      writeFileSync(join(folder, 'go.mod'), module);
      const block = await runTool('sh', ['-c', `cd ${folder} && ${go} test -count=1 -v .`], {
        env: { IPMI_BMC_BIN: binary, GOPROXY: 'off' },
        timeout: 120_000,
      });
      expect(block.code, block.out).toBe(0);
      expect(block.out).toContain('--- PASS: TestPowerOn');
    },
    200_000,
  );
