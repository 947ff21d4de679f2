// Handlers in other processes, for real: Python and shell on the handler socket of a running BMC, ipmitool on
// its LAN.
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { nodeWorld } from '../src/world/index.ts';
import { bin, judged, root, startBmc, stopped } from './support/cli.ts';
import { lanplus, toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-userland-'));
const children: ChildProcess[] = [];
afterEach(() => Promise.all(children.splice(0).map((child) => stopped(child))));

function run(program: string, ...args: string[]): ChildProcess {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LOADAVG: join(folder, 'loadavg') },
  });
  children.push(child);
  return child;
}

async function bmc(...flags: string[]) {
  const running = await startBmc(judged, ...flags);
  children.push(running.child);
  return running;
}

const line = (child: ChildProcess, text: string): Promise<void> =>
  new Promise((resolve) => {
    let seen = '';
    child.stdout!.on('data', (data: Buffer) => {
      seen += String(data);
      if (seen.includes(text)) resolve();
    });
  });

toolTest(
  'R12, R14: the Python example serves an OEM command to ipmitool; its socket is for this user alone',
  ['ipmitool', 'python3'],
  async () => {
    const socket = join(folder, 'python.sock');
    const { ipmitool } = await bmc('--handler-socket', socket);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const worker = run('python3', `${root}examples/python-handler/handler.py`, socket);
    await line(worker, 'serving');
    expect((await ipmitool('raw 0x2e 0x01 0xef 0xcd 0xab 60')).out.trim()).toBe('ef cd ab');
    expect((await ipmitool('raw 0x2e 0x02 0xef 0xcd 0xab')).out.trim()).toBe('ef cd ab 3c');
    expect((await ipmitool('raw 0x2e 0x01 0xef 0xcd 0xab 101')).out).toContain('rsp=0xc9');
    expect((await ipmitool('raw 0x2e 0x01 0xef 0xcd 0xab')).out).toContain('rsp=0xc7');
    await stopped(worker, 'SIGKILL');
    expect((await ipmitool('raw 0x2e 0x02 0xef 0xcd 0xab')).out).toContain('rsp=0xc1');
  },
);

toolTest('the shell example serves through `ipmi-bmc worker`', ['ipmitool'], async () => {
  const socket = join(folder, 'shell.sock');
  writeFileSync(join(folder, 'loadavg'), '5.12 0.40 0.30 1/100 4242\n');
  const { ipmitool } = await bmc('--handler-socket', socket);
  const worker = run(
    process.execPath,
    bin,
    'worker',
    socket,
    '--',
    `${root}examples/shell-handler/handler.sh`,
  );
  let out = '';
  for (let tries = 0; tries < 50 && !out.includes('ef cd ab'); tries++)
    out = (await ipmitool('raw 0x2e 0x10 0xef 0xcd 0xab')).out.trim();
  expect(out).toBe('ef cd ab 00 02');
  expect(worker.exitCode).toBe(null);
});

toolTest(
  'kill -9 of a Python worker with 100 requests open: each has a completion code, and an ipmitool session goes on',
  ['ipmitool', 'python3'],
  async () => {
    const socket = join(folder, 'hang.sock');
    const { ipmitool, port } = await bmc('--handler-socket', socket);
    const worker = run('python3', `${root}test/support/hang.py`, socket);
    await line(worker, 'registered');
    const world = nodeWorld();
    // A session numbers its requests with six bits: four sessions have a hundred open.
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () =>
        connectLan(world, {
          host: '127.0.0.1',
          port: Number(port),
          user: 'admin',
          password: 'AdminPass123',
          retryAfter: 20_000,
          tries: 1,
        }),
      ),
    );
    const shell = spawn('ipmitool', [...lanplus(port), 'shell']);
    children.push(shell);
    const serves = async (): Promise<void> => {
      shell.stdin.write('mc guid\n');
      await line(shell, 'System GUID');
    };
    await serves();
    let seen = 0;
    const full = new Promise<void>((resolve) => {
      worker.stdout!.on('data', (data: Buffer) => {
        seen += String(data).split('request').length - 1;
        if (seen >= 100) resolve();
      });
    });
    const answers = sessions.flatMap((session) =>
      Array.from({ length: 25 }, (_, i) => session.raw(0x3a, i).then(([cc]) => cc)),
    );
    await full;
    // The session that has nothing to do with the worker is served meanwhile, and afterwards.
    await serves();
    expect((await ipmitool('mc info')).code).toBe(0);
    worker.kill('SIGKILL');
    expect(new Set(await Promise.all(answers))).toEqual(new Set([0xc3]));
    expect(await Promise.all(sessions.map((session) => session.raw(0x3a, 1).then(([cc]) => cc)))).toEqual([
      0xc1, 0xc1, 0xc1, 0xc1,
    ]);
    await Promise.all(sessions.map((session) => session.close()));
    await serves();
    const ended = new Promise((resolve) => shell.once('exit', resolve));
    shell.stdin.end('exit\n');
    expect(await ended).toBe(0);
  },
);

toolTest(
  'R29: existing BMC userspace as default handler over BT frames',
  ['ipmitool', 'python3'],
  async () => {
    const socket = join(folder, 'bt.sock');
    const { ipmitool } = await bmc('--bt-socket', socket);
    expect((await ipmitool('raw 0x32 0x01')).out).toContain('rsp=0xc1');
    // What a program does that reads and writes /dev/ipmi-bt-host: one frame in, one frame out.
    const daemon = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print("up", flush=True)
while True:
    f = s.recv(256)
    if not f: break
    ok = f[1] >> 2 == 0x32
    data = bytes(reversed(f[4:])) if ok else f[4:5]
    s.send(bytes([4 + len(data), f[1] | 4, f[2], f[3], 0 if ok else 0xc1]) + data)
`;
    await line(run('python3', '-c', daemon, socket), 'up');
    let out = '';
    for (let tries = 0; tries < 20 && !out.startsWith('03'); tries++)
      out = (await ipmitool('raw 0x32 0x01 1 2 3')).out.trim();
    expect(out).toBe('03 02 01');
  },
);

test(
  'the hot-reload example: an edited handler answers in the same session; a broken edit keeps the old one',
  { timeout: 180_000 },
  async () => {
    const file = join(root, 'examples/hot-reload', `fan-test-${process.pid}.ts`);
    const { rmSync } = await import('node:fs');
    copyFileSync(`${root}examples/hot-reload/fan.ts`, file);
    try {
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', 'examples/hot-reload/main.ts', '127.0.0.1:0', file],
        { cwd: root },
      );
      children.push(child);
      let out = '';
      child.stdout.on('data', (data: Buffer) => (out += String(data)));
      child.stderr.on('data', (data: Buffer) => (out += String(data)));
      const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
        for (;;) {
          const found = pattern.exec(out);
          if (found) return found;
          await firstChunk(child);
        }
      };
      const port = Number((await until(/ready on 127\.0\.0\.1:(\d+)/))[1]);
      const session = await connectLan(nodeWorld(), {
        host: '127.0.0.1',
        port,
        user: 'admin',
        password: 'secret-enough',
      });
      const duty = async (): Promise<number[]> => [
        ...(await session.raw(0x2e, 0x02, Uint8Array.of(0xef, 0xcd, 0xab))),
      ];
      expect(await duty()).toEqual([0, 0xef, 0xcd, 0xab, 30]);
      writeFileSync(file, readFileSync(file, 'utf8').replace('duty: 30', 'duty: 45'));
      await until(/loaded[\s\S]*loaded/);
      expect(await duty()).toEqual([0, 0xef, 0xcd, 0xab, 45]);
      writeFileSync(file, 'export const fan = {;');
      await until(/kept the old handlers/);
      expect(await duty()).toEqual([0, 0xef, 0xcd, 0xab, 45]);
      await session.close();
    } finally {
      rmSync(file, { force: true });
    }
  },
);

const firstChunk = (child: ChildProcess): Promise<unknown> =>
  Promise.race([
    new Promise((resolve) => child.stdout!.once('data', resolve)),
    new Promise((resolve) => child.stderr!.once('data', resolve)),
  ]);

toolTest(
  'buttons of the front panel are pressed from outside, and honour their enables',
  ['ipmitool'],
  async () => {
    const socket = join(folder, 'panel.sock');
    const { ipmitool } = await bmc('--handler-socket', socket);
    const press = async (button: string): Promise<number | null> => {
      const child = spawn(process.execPath, [bin, 'press', socket, button], { stdio: 'ignore' });
      return new Promise((resolve) => child.once('close', resolve));
    };
    expect(await press('reset')).toBe(0);
    expect((await ipmitool('chassis restart_cause')).out).toContain('reset via pushbutton');
    await ipmitool('raw 0 0x0a 2');
    expect(await press('reset')).toBe(1);
    expect(await press('eject')).toBe(2);
  },
);
