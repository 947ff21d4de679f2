// `ipmi-bmc with -- COMMAND`: BMCs for as long as a command runs.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { credentialsOf } from '../src/testing/index.ts';
import { before, firstLine, program } from './support/cli.ts';
import { toolTest } from './support/tools.ts';

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'with-'));

const cli = (folder: string, ...args: string[]) =>
  spawnSync(program, [...before, 'with', ...args], { encoding: 'utf8', cwd: folder, timeout: 120_000 });

const begun = (...args: string[]): ChildProcess =>
  spawn(program, [...before, 'with', '--no-pcap', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

/** One that has ended and that nobody has asked after is none. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const file = `
interfaces: [{ type: lan, listen: '127.0.0.1:9623' }]
users: [{ id: 2, name: root, password: not-for-logs }]
`;

toolTest(
  'with: the command finds a BMC in its environment; nothing is said where all is well',
  ['ipmitool'],
  async () => {
    const folder = emptyFolder();
    const ran = cli(
      folder,
      '--',
      'sh',
      '-c',
      'ipmitool $IPMI_ARGS power status && ipmitool -I lanplus -H $IPMI_HOST -p $IPMI_PORT -U $IPMI_USER -E mc guid > /dev/null',
    );
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([0, 'Chassis Power is on\n', '']);
    expect(existsSync(join(folder, 'ipmi-bmc-failed.pcapng'))).toBe(false);
  },
);

toolTest(
  "with: the exit code is the command's; what came is told and captured where it fails",
  ['ipmitool', 'tshark'],
  async () => {
    const folder = emptyFolder();
    const ran = cli(folder, '--', 'sh', '-c', 'ipmitool $IPMI_ARGS power cycle; exit 7');
    expect(ran.status).toBe(7);
    expect(ran.stderr).toMatch(/^ipmi-bmc: sh ended with 7\nwhat came:\n/);
    expect(ran.stderr).toMatch(/@lan {2}Chassis Control action=2 \(power cycle\) {2}-> {2}ok/);
    const path = join(folder, 'ipmi-bmc-failed.pcapng');
    expect(ran.stderr).toMatch(/\nipmi-bmc: \d+ packets in ipmi-bmc-failed\.pcapng/);
    const shown = spawnSync('tshark', ['-r', path, '-T', 'fields', '-e', 'frame.comment'], {
      encoding: 'utf8',
    });
    expect(shown.stdout).toContain('Chassis Control');
  },
);

test('with: a file says which BMCs; ports can be free ones, all are in IPMI_BMCS, and no password of it is told', () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'bmc.yaml'), file);
  const ran = cli(
    folder,
    '-f',
    'bmc.yaml',
    '--free-ports',
    '--no-pcap',
    '--',
    'sh',
    '-c',
    'echo "$IPMI_BMCS"; exit 1',
  );
  const [one] = JSON.parse(ran.stdout) as {
    name: string;
    host: string;
    port: number;
    user: string;
    password: string;
  }[];
  expect(one).toMatchObject({ name: 'bmc', host: '127.0.0.1', user: 'root', password: 'not-for-logs' });
  expect(one.port).not.toBe(9623);
  expect(ran.stderr).toMatch(/nothing came/);
  expect(ran.stderr).not.toContain('not-for-logs');
  const many = cli(folder, '-n', '3', '--', 'sh', '-c', 'echo "$IPMI_BMCS"');
  expect((JSON.parse(many.stdout) as { name: string }[]).map(({ name }) => name)).toEqual([
    'bmc-0',
    'bmc-1',
    'bmc-2',
  ]);
});

test.each([
  [['-f', 'none.yaml', '--', 'true'], 2, /^ipmi-bmc: none\.yaml: no such file\n$/],
  [['-f', 'bad.yaml', '--', 'true'], 2, /^ipmi-bmc: bad\.yaml:1:1 interfase: unknown/],
  [['-n', '0', '--', 'true'], 2, /a whole number of 1 to 10000/],
  [[], 2, /^ipmi-bmc: with: expected a command behind --, or --until-eof\n$/],
  [['--until-eof', '--', 'true'], 2, /^ipmi-bmc: --until-eof is for no command\n$/],
  [['--until-eof', '--options', '{}'], 2, /^ipmi-bmc: --options: expected a list of objects/],
  [['--until-eof', '--options', '[{"powr":"off"}]'], 2, /^ipmi-bmc: --options:1:\d+ bmcs\.0\.powr: unknown/],
  [['--', 'no-such-program'], 127, /^ipmi-bmc: no-such-program: no such file or directory\n$/],
  [['--', './data'], 126, /^ipmi-bmc: \.\/data: permission denied\n$/],
] as const)('with: %s is %i and one line', (args, code, line) => {
  const folder = emptyFolder();
  writeFileSync(join(folder, 'bad.yaml'), 'interfase: 1\n');
  writeFileSync(join(folder, 'data'), '');
  const ran = cli(folder, ...args);
  expect(ran.stderr).toMatch(line);
  expect(ran.status).toBe(code);
});

test('with: signals go to the command; what it leaves in the background ends, and the port is free', async () => {
  const child = begun(
    '--',
    'sh',
    '-c',
    'trap "exit 4" TERM; sleep 300 & echo $! $IPMI_PORT; while :; do sleep 0.05; done',
  );
  const [pid, port] = (await firstLine(child)).trim().split(' ').map(Number);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([4, null]);
  expect(isRunning(pid)).toBe(false);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  socket.close();
});

test('with: a command that a signal ended has the exit code of a shell', async () => {
  const child = begun('--', 'sh', '-c', 'echo; kill -KILL $$');
  let said = '';
  child.stderr?.on('data', (data: Buffer) => (said += String(data)));
  expect(await once(child, 'close')).toEqual([137, null]);
  expect(said).toMatch(/^ipmi-bmc: sh was ended by SIGKILL\n/);
});

toolTest(
  'with: expect waits for what a command sends, and says what came instead',
  ['ipmitool'],
  async () => {
    const folder = emptyFolder();
    symlinkSync(before[0] ?? program, join(folder, 'ipmi-bmc'));
    const PATH = `${folder}:${process.env.PATH}`;
    const script = (text: string) =>
      spawnSync(program, [...before, 'with', '--no-pcap', '--', 'sh', '-ec', text], {
        encoding: 'utf8',
        env: { ...process.env, PATH },
      });
    const good = script(`
    (sleep 0.5; ipmitool $IPMI_ARGS chassis bootdev pxe > /dev/null; ipmitool $IPMI_ARGS power cycle > /dev/null) &
    ipmi-bmc expect request set-system-boot-options parameter=5
    ipmi-bmc expect request chassis-control action=cycle --user "$IPMI_USER" --json
    ipmi-bmc expect nothing-else get-system-boot-options set-system-boot-options
    ipmi-bmc expect entry event="initiated by power up"
    wait`);
    expect([good.status, good.stdout]).toEqual([0, expect.stringContaining('power cycle')]);
    expect(good.stdout).toMatch(/system boot initiated {2}initiated by power up\n$/);
    const bad = script(
      'ipmitool $IPMI_ARGS power reset; ipmi-bmc expect request chassis-control action=cycle --within 100ms',
    );
    expect(bad.status).toBe(1);
    expect(bad.stderr).toMatch(
      /^ipmi-bmc: expected chassis-control with action cycle within 100ms, and it did not come\nnearest: .*hard reset/,
    );
    const wrong = script('ipmi-bmc expect request chasis-control');
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^ipmi-bmc: 'chasis-control' names no command/),
    ]);
  },
);

test('with: --until-eof serves a test kit until its standard input ends', async () => {
  const folder = emptyFolder();
  const child = spawn(
    program,
    [...before, 'with', '--until-eof', '--options', '[{"power":"off","seed":4}]'],
    {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const { ready, control, bmcs } = JSON.parse(await firstLine(child)) as {
    ready: boolean;
    control: string;
    bmcs: { user: string; password: string }[];
  };
  expect([ready, bmcs]).toEqual([true, [expect.objectContaining(credentialsOf(4))]]);
  expect(existsSync(control)).toBe(true);
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(existsSync(control)).toBe(false);
});

test("with: standard input and output are the command's", () => {
  const ran = spawnSync(program, [...before, 'with', '--', 'cat'], {
    input: 'as it is\n',
    encoding: 'utf8',
  });
  expect([ran.status, ran.stdout]).toEqual([0, 'as it is\n']);
});
