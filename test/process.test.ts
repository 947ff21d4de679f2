// The program that people start: signals, readers that go away, paths, ports, its log and its passwords.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { GetDeviceId } from '../src/commands/app/device.ts';
import { localAddresses } from '../src/world/node-addresses.ts';
import { nodeWorld } from '../src/world/node.ts';
import { bin, firstLine, stopped } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const children: ChildProcess[] = [];
afterEach(() => Promise.all(children.splice(0).map((child) => stopped(child))));

interface Ready {
  readonly interfaces: readonly { readonly type: string; readonly address: string }[];
  readonly logIns?: readonly { readonly user: string; readonly password: string }[];
}

async function start(
  args: string[],
  cwd = folder,
): Promise<{ child: ChildProcess; ready: Ready; port: number; log: () => string }> {
  const child = spawn(process.execPath, [bin, 'run', ...args, '--json'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += String(data)));
  const ready = JSON.parse(
    await firstLine(child).catch((error: Error) => Promise.reject(new Error(`${error.message}: ${log}`))),
  ) as Ready;
  const lan = ready.interfaces.find(({ type }) => type === 'lan');
  return { child, ready, port: Number(/:(\d+)$/.exec(lan?.address ?? ':0')![1]), log: () => log };
}

const cli = (args: string[], cwd = folder) =>
  spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd, timeout: 120_000 });

async function answers(port: number, password: string): Promise<number> {
  const client = await connectLan(nodeWorld(), { host: '127.0.0.1', port, user: 'admin', password });
  const { productId } = await client.send(GetDeviceId);
  await client.close();
  return productId;
}

const until = async (text: () => string, wanted: string): Promise<void> => {
  while (!text().includes(wanted)) await new Promise((resolve) => setTimeout(resolve, 20));
};

test('V16: SIGHUP without a file is a line in the log; it serves on, and its ready file stays', async () => {
  const file = join(folder, 'ready');
  const { child, ready, port, log } = await start(['--lan', '127.0.0.1:0', '--ready-file', file]);
  for (let i = 1; i <= 2; i++) {
    child.kill('SIGHUP');
    await until(() => log().split('SIGHUP')[i] ?? '', 'no file to read again');
  }
  expect(await answers(port, ready.logIns![0].password)).toBe(0x0f02);
  expect([child.exitCode, existsSync(file)]).toEqual([null, true]);
  await stopped(child);
  expect([child.exitCode, existsSync(file)]).toEqual([0, false]);
});

test.each(['stdout', 'stderr'] as const)(
  'V16: a reader of %s that goes away costs lines, not the process',
  async (which) => {
    const { child, ready, port } = await start(['--lan', '127.0.0.1:0', '--trace']);
    child[which]!.destroy();
    // More than one write: the first finds out, the next ones must not fall over it.
    for (let i = 0; i < 3; i++) {
      child.kill('SIGUSR1');
      expect(await answers(port, ready.logIns![0].password)).toBe(0x0f02);
    }
    await stopped(child);
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
  },
);

test('V16: relative paths of every kind are relative to the file that names them', async () => {
  const [there, here] = ['there', 'here'].map((name) => join(folder, name));
  for (const one of [there, here]) mkdirSync(one);
  writeFileSync(join(there, 'probe.sh'), '#!/bin/sh\ncat ./degrees\n', { mode: 0o755 });
  writeFileSync(join(there, 'degrees'), '41');
  writeFileSync(join(there, 'boot.log'), 'hello');
  writeFileSync(
    join(there, 'bmc.yaml'),
    `interfaces:
  - { type: lan, listen: 127.0.0.1:0 }
  - { type: vm, listen: ./vm.sock }
  - { type: serial, listen: ./serial.sock }
  - { type: ipmb, listen: ./ipmb.sock }
users: [{ id: 2, name: admin, password: secret-enough }]
sockets: { handlers: { path: ./handlers.sock }, bt: { path: ./bt.sock } }
sensorFeed: { listen: ./feed.sock }
state: { directory: ./state }
sol: { console: { type: replay, file: ./boot.log } }
chassis: { power: off, backend: { type: command, on: 'echo on > ./power', off: 'true' } }
firmware: { directory: ./images, components: [{ id: 0, name: BMC, bmc: true }] }
sensors:
  - { name: A, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: { command: ./probe.sh, interval: 1 } }
  - { name: B, entity: '3.2', type: temperature, unit: degrees C, range: [0, 127], value: { file: ./degrees, interval: 1 } }
`,
  );
  const { child, ready, port } = await start([join('..', 'there', 'bmc.yaml')], here);
  const addresses = ready.interfaces.map(({ address }) => address).join(' ');
  for (const name of [
    'vm.sock',
    'serial.sock',
    'ipmb.sock',
    'handlers.sock',
    'bt.sock',
    'feed.sock',
    'state',
    'images',
  ])
    expect([name, existsSync(join(there, name)), existsSync(join(here, name))]).toEqual([name, true, false]);
  for (const name of ['vm.sock', 'serial.sock', 'ipmb.sock', 'handlers.sock', 'bt.sock', 'feed.sock'])
    expect(addresses).toContain(join(there, name));
  const client = await connectLan(nodeWorld(), {
    host: '127.0.0.1',
    port,
    user: 'admin',
    password: 'secret-enough',
  });
  for (const sensor of [1, 2]) {
    // Bit 5: no reading (yet).
    while (((await client.raw(4, 0x2d, Uint8Array.of(sensor)))[2] & 0x20) !== 0)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect((await client.raw(0, 2, Uint8Array.of(1)))[0]).toBe(0);
  await client.close();
  expect(readFileSync(join(there, 'power'), 'utf8')).toBe('on\n');
  await stopped(child);
});

test('V16: a path of the command line is relative to the working directory', async () => {
  const [there, here] = ['file', 'cwd'].map((name) => join(folder, name));
  for (const one of [there, here]) mkdirSync(one);
  writeFileSync(
    join(there, 'bmc.yaml'),
    'interfaces: [{ type: lan, listen: 127.0.0.1:0 }]\nusers: [{ id: 2, name: admin, password: secret-enough }]\n',
  );
  await start(
    [join(there, 'bmc.yaml'), '--handler-socket', 'h.sock', '--vm-socket', './v.sock', '--state', 's'],
    here,
  );
  for (const name of ['h.sock', 'v.sock', 's'])
    expect([name, existsSync(join(here, name)), existsSync(join(there, name))]).toEqual([name, true, false]);
});

test('V16: what cannot be had names the option or the setting that asked for it', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  const tcp = createServer();
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const lan = `127.0.0.1:${udp.address().port}`;
  const feed = `127.0.0.1:${(tcp.address() as { port: number }).port}`;
  const users = 'users: [{ id: 2, name: admin, password: secret-enough }]\n';
  const refused = (text: string, ...flags: string[]): string => {
    writeFileSync(join(folder, 'taken.yaml'), text);
    const { status, stderr } = cli(['run', 'taken.yaml', ...flags]);
    expect([status, stderr.split('\n').length]).toEqual([2, 2]);
    return stderr;
  };
  try {
    expect(refused(`interfaces:\n  - type: lan\n    listen: ${lan}\n${users}`)).toBe(
      `ipmi-bmc: taken.yaml:3:13 interfaces.0.listen: ${lan}: port in use; another BMC? choose another port\n`,
    );
    expect(refused(`sensorFeed: { listen: "${feed}" }\n`)).toContain(
      `taken.yaml:1:23 sensorFeed.listen: ${feed}: port in use`,
    );
    const second = `bmcs:\n  - { name: a, interfaces: [{ type: lan, listen: "127.0.0.1:0" }], ${users.trim()} }\n`;
    expect(
      refused(`${second}  - { name: b, interfaces: [{ type: lan, listen: "${lan}" }], ${users.trim()} }\n`),
    ).toContain(`bmcs.1.interfaces.0.listen: ${lan}: port in use`);
    expect(refused(`interfaces: [{ type: lan, listen: "127.0.0.1:0" }]\n${users}`, '--lan', lan)).toContain(
      `ipmi-bmc: --lan ${lan}: port in use`,
    );
    expect(refused(`interfaces: [{ type: vm, listen: ./no/vm.sock }]\n`)).toContain(
      `taken.yaml:1:34 interfaces.0.listen: ${join(folder, 'no')}: no such directory`,
    );
  } finally {
    udp.close();
    tcp.close();
  }
});

test('V17: text with local time unless JSON is asked for, at the level that is asked for', async () => {
  const logOf = async (...flags: string[]): Promise<string> => {
    const child = spawn(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', ...flags], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let log = '';
    child.stderr.on('data', (data: Buffer) => (log += String(data)));
    await firstLine(child);
    child.kill('SIGHUP');
    child.kill('SIGUSR1');
    if (!flags.includes('error')) await until(() => log, 'SIGHUP');
    if (!flags.includes('error') && !flags.includes('warn')) await until(() => log, 'counters');
    await stopped(child);
    return log;
  };
  const line = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (info |warn ) .+$/;
  for (const one of (await logOf()).trimEnd().split('\n')) expect(one).toMatch(line);
  for (const one of (await logOf('--log-format', 'json')).trimEnd().split('\n'))
    expect(JSON.parse(one)).toMatchObject({ msg: expect.any(String) });
  expect(await logOf('--log-level', 'warn')).not.toContain('counters');
  expect(await logOf('--log-level', 'error')).toBe('');
  expect(cli(['run', '--log-level', 'loud']).stderr).toMatch(
    /^ipmi-bmc: option '--log-level <level>' argument 'loud' is invalid.*debug, info, warn, error/,
  );
});

test('V19: a mistake with --json is one JSON object, also where --json stands first', () => {
  for (const args of [
    ['run', 'none.yaml', '--json'],
    ['--json', 'run', 'none.yaml'],
  ]) {
    const { status, stdout, stderr } = cli(args);
    expect([status, stdout, JSON.parse(stderr)]).toEqual([
      2,
      '',
      { ok: false, problems: ['none.yaml: no such file'] },
    ]);
  }
  expect(JSON.parse(cli(['check', 'x', '--json', '--nope']).stderr)).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('--nope')],
  });
});

test('V19: what cannot be made is a sentence, not a call of the system', () => {
  const file = join(folder, 'plain');
  writeFileSync(file, '');
  for (const args of [
    ['--state', join(file, 'state')],
    ['--state', '/proc/none/state'],
    ['--vm-socket', join(file, 'vm.sock')],
  ]) {
    const { status, stderr } = cli(['run', '--lan', '127.0.0.1:0', ...args]);
    expect([status, stderr.split('\n').length, stderr]).toEqual([
      2,
      2,
      expect.not.stringMatching(/\bE[A-Z]{4,}\b|mkdtemp|mkdir '/),
    ]);
  }
});

test('M15: without a file the passwords are random at each start, printed once, and nobody has the public ones', async () => {
  const [one, two] = [await start(['--lan', '127.0.0.1:0']), await start(['--lan', '127.0.0.1:0'])];
  const passwords = [...one.ready.logIns!, ...two.ready.logIns!].map(({ password }) => password);
  expect(new Set(passwords).size).toBe(6);
  expect(await answers(one.port, one.ready.logIns![0].password)).toBe(0x0f02);
  await expect(answers(one.port, two.ready.logIns![0].password)).rejects.toThrow();
  await expect(answers(one.port, 'AdminPass123')).rejects.toThrow();
  for (const password of passwords) expect(one.log() + two.log()).not.toContain(password);
});

toolTest('M15: the line that is printed works when it is pasted', ['ipmitool'], async () => {
  const child = spawn(process.execPath, [bin, 'run', '--lan', '0.0.0.0:0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += String(data)));
  await until(() => said, 'mc info\n');
  const [, line] = /^ {2}ipmitool (.*)$/m.exec(said)!;
  expect(await runTool('ipmitool', line.split(' '))).toMatchObject({
    code: 0,
    out: expect.stringContaining('Product ID'),
  });
});

test('M15: a password that a client changed and that was kept is not printed as if it held', async () => {
  const args = ['--lan', '127.0.0.1:0', '--state', join(folder, 'kept')];
  const { child, ready, port } = await start(args);
  const client = await connectLan(nodeWorld(), {
    host: '127.0.0.1',
    port,
    user: 'admin',
    password: ready.logIns![0].password,
  });
  await client.raw(6, 0x47, Uint8Array.of(2, 2, ...Buffer.from('mine-alone'.padEnd(16, '\0'))));
  await stopped(child);
  const again = await start(args);
  expect(again.ready.logIns!.map(({ user }) => user)).toEqual(['operator', 'monitor']);
  expect(await answers(again.port, 'mine-alone')).toBe(0x0f02);
});

test('M15: init writes random passwords that this user alone may read, and check likes them', () => {
  const texts = ['a.yaml', 'b.yaml'].map((name) => {
    expect(cli(['init', name]).stdout).toMatch(
      new RegExp(`^wrote ${name}, with random passwords; next: ipmi-bmc run ${name}\n$`),
    );
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(cli(['check', name]).status).toBe(0);
    return readFileSync(join(folder, name), 'utf8');
  });
  expect(texts[0]).not.toBe(texts[1]);
  expect(texts.join()).not.toContain('change-me');
});

toolTest('V3: ipmitool reaches a BMC on all addresses by each of them', ['ipmitool'], async () => {
  const addresses = [
    '127.0.0.1',
    '127.0.0.5',
    ...localAddresses().filter((address) => !address.includes(':') && !address.startsWith('127.')),
  ];
  for (const listen of ['0.0.0.0:0', '[::]:0']) {
    if (listen.startsWith('[') && !localAddresses().includes('::1')) continue;
    const { ready, port } = await start(['--lan', listen]);
    for (const host of listen.startsWith('[') ? [...addresses, '::1'] : addresses) {
      const login = ['-U', 'admin', '-P', ready.logIns![0].password, '-N', '1', '-R', '2'];
      const { code, out } = await runTool('ipmitool', [
        '-I',
        'lanplus',
        '-H',
        host,
        '-p',
        String(port),
        ...login,
        'mc',
        'info',
      ]);
      expect([listen, host, code, out]).toEqual([listen, host, 0, expect.stringContaining('Product ID')]);
    }
  }
});
