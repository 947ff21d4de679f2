// Every example runs alone and does what it says.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { firstLine, judged, startBmc, stopped } from './support/cli.ts';
import { lanplus, lanplusTo, runTool, toolTest } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('R18: oem-command', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/oem-command/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out).toBe('applied 60\nproduct 4711\nAcme Set Fan Duty: parameter out of range (cc C9h)\n');
});

test('kinds: own-kinds: settings name an interface, a power strip, a console and a source of a program', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/own-kinds/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out.split('\n')).toEqual([
    'bmc.yaml:4:44 chassis.backend.outlet: expected number to be <=8, received 9',
    expect.stringMatching(
      /^bmc\.yaml:4:29 chassis\.backend\.type: expected one of "simulated"\|.*\|"strip", received "stripe"$/,
    ),
    'node: the console repeats',
    'node: outlet 3 off',
    'the room has 21 degrees',
    'Get Device ID by a line: 00208101',
    '',
  ]);
});

test.each(['own-kinds', 'own-stores'])(
  'D19: what %s brings keeps the contracts of the package',
  (example) => {
    const out = execFileSync(
      process.execPath,
      ['--import', 'tsx', '--test', '--test-reporter=tap', `examples/${example}/contract.ts`],
      { cwd: root, encoding: 'utf8' },
    );
    expect(out).toMatch(/^# pass 8$/m);
    expect(out).toMatch(/^# fail 0$/m);
  },
);

test('emulated-host', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/emulated-host/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out).toMatch(/^Get Device ID: 1c0100[\da-f]{22,}\ninterrupts are on\n$/);
});

test('hot-server', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/hot-server/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out.split('\n').map((line) => line.replace(/, \d+ bytes$/, ''))).toEqual([
    ' 24 s  SEL 1: sensor 1, event 2',
    ' 24 s  trap from 192.0.2.10',
    ' 54 s  SEL 2: sensor 2, event 7',
    ' 54 s  trap from 192.0.2.10',
    ' 68 s  SEL 3: sensor 2, event 9',
    ' 68 s  trap from 192.0.2.10',
    ' 84 s  power off',
    ' 84 s  SEL 4: sensor 2, event 11',
    ' 84 s  SEL 5: sensor 0, event 0',
    ' 84 s  trap from 192.0.2.10',
    '120 s  cooling fault: true',
    '',
  ]);
});

test('F6: sick-fleet: a monitor finds each of them, and ten minutes pass in no time', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/sick-fleet/main.ts'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(out.split('\n')).toEqual([
    'node-0: well',
    'node-1: hardware fault',
    'node-2: no session to be had',
    'node-3: clock is wrong',
    'node-4: silent',
    'node-5: still on after ten minutes',
    'node-5: off once it was forced',
    '',
  ]);
});

toolTest(
  'F6: sick-fleet/ci.sh: a file, the control API and ipmitool in a job of a CI',
  ['ipmitool', 'curl'],
  async () => {
    const env = { IPMI_BMC: `${process.execPath} ${join(root, 'bin/ipmi-bmc')}` };
    const { code, out } = await runTool('sh', [join(root, 'examples/sick-fleet/ci.sh')], { env });
    expect(out.split('\n')).toEqual([
      'well: well',
      'full: no session to be had',
      'dying: hardware fault',
      'well: does not answer all of it',
      'well: well',
      'full: well',
      '',
    ]);
    expect(code).toBe(0);
  },
);

test('two-chassis: four controllers each, over ICMB', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/two-chassis/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out.split('\n')).toEqual([
    'chassis 2, controller 20h: device 32, 40 degrees',
    'chassis 2, controller 82h: device 130, 41 degrees',
    'chassis 2, controller 84h: device 132, 42 degrees',
    'chassis 2, controller 86h: device 134, 43 degrees',
    '',
  ]);
});

test('oem-payload', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', 'examples/oem-payload/main.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(out).toBe(
    'payload 20h is number 1 of abcdh, version 1.0\n1\n3\n6\nadmin is done (closed), counted to 6\n',
  );
});

toolTest(
  'D18: own-stores: the event log is a file of the program, the users are its people',
  ['ipmitool'],
  async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'ipmi-bmc-own-stores-')), 'events.log');
    const start = async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'examples/own-stores/main.ts', log], {
        cwd: root,
      });
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += String(data)));
      await expect.poll(() => said).toContain('listening on');
      const port = /listening on .*:(\d+)/.exec(said)![1];
      const ipmitool = (login: string, command: string) =>
        runTool('ipmitool', [...lanplusTo(port), ...`${login} ${command}`.split(' ')]);
      return { child, ipmitool, said: () => said };
    };
    const admin = '-U admin -P secret-enough';
    const ids = (): string[] =>
      readFileSync(log, 'utf8')
        .split('\n')
        .flatMap((line) => line.match(/^\d+(?=: [\da-f]{32}$)/) ?? []);
    const first = await start();
    try {
      await first.ipmitool(admin, 'event 1');
      expect((await first.ipmitool(admin, 'sel list')).out.trim().split('\n')).toHaveLength(ids().length);
      expect((await first.ipmitool(admin, 'user set name 3 eve')).code).toBe(0);
      expect((await first.ipmitool(admin, 'user set password 3 quite-secret')).code).toBe(0);
      expect((await first.ipmitool(admin, 'user enable 3')).code).toBe(0);
      expect(first.said()).toContain('people: admin, eve\n');
      expect((await first.ipmitool('-U eve -P quite-secret', 'mc info')).out).toContain('Device ID');
    } finally {
      await stopped(first.child);
    }
    const before = ids();
    const second = await start();
    try {
      expect((await second.ipmitool(admin, 'sel elist')).out.trim().split('\n')).toHaveLength(before.length);
      expect((await second.ipmitool(admin, `sel delete ${before[0]}`)).code).toBe(0);
      expect(ids()).toEqual(before.slice(1));
      expect((await second.ipmitool(admin, 'sel clear')).out).toContain('Clearing SEL');
      expect(ids()).toEqual([]);
    } finally {
      await stopped(second.child);
    }
  },
);

toolTest('V18: outside-handler', ['ipmitool'], async () => {
  const socket = join(mkdtempSync(join(tmpdir(), 'ipmi-bmc-outside-')), 'handlers.sock');
  const bmc = await startBmc(judged, '--handler-socket', socket);
  const worker = spawn(process.execPath, ['--import', 'tsx', 'examples/outside-handler/main.ts', socket], {
    cwd: root,
  });
  let said = '';
  worker.stdout.on('data', (data: Buffer) => (said += String(data)));
  try {
    while (!said.includes('registered')) await new Promise((resolve) => worker.stdout.once('data', resolve));
    expect((await bmc.ipmitool('raw 0x2e 0x10 0xcd 0xab 0x00 1 60')).out.trim()).toBe('cd ab 00 3c');
    expect((await bmc.ipmitool('raw 0x2e 0x10 0xcd 0xab 0x00 1 140')).out).toContain('rsp=0xc9');
    expect((await bmc.ipmitool('mc info')).out).toContain('18193 (0x4711)');
    expect(said).toMatch(/zone 1: 60%, says admin at 127\.0\.0\.1:\d+/);
    await stopped(worker);
    expect(worker.exitCode).toBe(0);
    expect((await bmc.ipmitool('mc info')).out).not.toContain('0x4711');
  } finally {
    await stopped(worker, 'SIGKILL');
    await bmc.stop();
  }
});

toolTest('minimal', ['ipmitool'], async () => {
  const bmc = spawn(process.execPath, ['--import', 'tsx', 'examples/minimal/main.ts', '127.0.0.1:0'], {
    cwd: root,
  });
  try {
    const port = /:(\d+)\n/.exec(await firstLine(bmc))![1];
    const { code, out } = await runTool('ipmitool', [...lanplus(port, 'secret-enough'), 'mc', 'info']);
    expect([code, out]).toEqual([0, expect.stringContaining('IPMI Version              : 2.0')]);
  } finally {
    await stopped(bmc);
  }
  expect(bmc.exitCode).toBe(0);
});
