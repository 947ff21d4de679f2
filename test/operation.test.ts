// A BMC as a service: ready, systemd, SIGTERM, the state directory, and no secret where it does not belong.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectLan, Worker } from '../src/client/index.ts';
import { handleRaw } from '../src/router/index.ts';
import { nodeWorld } from '../src/world/index.ts';
import { bin, firstLine, judged, root, startBmc, stopped } from './support/cli.ts';
import { toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-operation-'));
const children: ChildProcess[] = [];
afterEach(() => Promise.all(children.splice(0).map((child) => stopped(child))));
const login = { host: '127.0.0.1', user: 'admin', password: 'AdminPass123' };
const cli = (...args: string[]) =>
  spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder, timeout: 120_000 });

toolTest(
  'systemd is told READY=1 when every interface listens, and STOPPING=1',
  ['systemd-notify', 'python3'],
  async () => {
    const socket = join(folder, 'notify');
    const receiver = spawn('python3', [`${root}test/support/notify.py`, socket]);
    children.push(receiver);
    let heard = '';
    receiver.stdout.on('data', (data: Buffer) => (heard += String(data)));
    const until = async (text: string): Promise<void> => {
      while (!heard.includes(text)) await new Promise((resolve) => receiver.stdout.once('data', resolve));
    };
    await until('listening');
    const child = spawn(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', '--json'], {
      env: { ...process.env, NOTIFY_SOCKET: socket },
    });
    children.push(child);
    await firstLine(child);
    await until('READY=1');
    expect(heard).toContain(`MAINPID=${child.pid}`);
    expect(heard).not.toContain('STOPPING');
    await stopped(child);
    await until('STOPPING=1');
    expect(child.exitCode).toBe(0);
  },
);

/** Sends a datagram to a Unix socket. */
const SEND =
  'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), sys.argv[1])';

toolTest(
  "A5: systemd's watchdog is fed while the event loop turns, and not while it hangs, nor for another process",
  ['systemd-notify', 'python3'],
  async () => {
    const socket = join(folder, 'watchdog');
    const receiver = spawn('python3', [`${root}test/support/notify.py`, socket]);
    children.push(receiver);
    let heard = '';
    receiver.stdout.on('data', (data: Buffer) => (heard += String(data)));
    await expect.poll(() => heard).toContain('listening');
    let marks = 0;
    /** How often it was fed until now: what was sent before the mark has been heard with it. */
    const fed = async (): Promise<number> => {
      const mark = `mark ${++marks}.`;
      const { status } = spawnSync('python3', ['-c', SEND, socket, mark]);
      expect(status).toBe(0);
      await expect.poll(() => heard).toContain(mark);
      return heard.slice(0, heard.indexOf(mark)).split('WATCHDOG=1').length - 1;
    };
    const start = async (env: Record<string, string>): Promise<ChildProcess> => {
      const child = spawn(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', '--json'], {
        env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '900000', ...env },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      children.push(child);
      await firstLine(child);
      return child;
    };
    const child = await start({});
    await expect.poll(fed).toBeGreaterThan(3);
    child.kill('SIGSTOP');
    await expect.poll(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) T /);
    const before = await fed();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await fed()).toBe(before);
    child.kill('SIGCONT');
    await expect.poll(fed).toBeGreaterThan(before);
    await stopped(child);
    expect(child.exitCode).toBe(0);
    const ended = await fed();
    const other = await start({ WATCHDOG_PID: '1' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await fed()).toBe(ended);
    await stopped(other);
  },
);

test('SIGTERM: what is under way is answered, then everything is closed; the ready file comes and goes', async () => {
  const [socket, ready, state] = ['drain.sock', 'ready', 'state'].map((name) => join(folder, name));
  writeFileSync(ready, 'of an earlier life');
  const { child, port } = await startBmc(
    judged,
    '--handler-socket',
    socket,
    '--ready-file',
    ready,
    '--state',
    state,
  );
  children.push(child);
  const interfaces = expect.arrayContaining(
    ['lan', 'handler-socket'].map((type) => expect.objectContaining({ type })),
  ) as unknown;
  expect(JSON.parse(readFileSync(ready, 'utf8'))).toEqual({
    ready: true,
    engine: expect.stringMatching(/^(dgram|batch)$/) as string,
    state,
    control: [join(state, 'control.sock')],
    interfaces,
  });
  expect(
    [state, ...readdirSync(state).map((name) => join(state, name))].map((path) =>
      (statSync(path).mode & 0o777).toString(8),
    ),
  ).toEqual(['700', ...readdirSync(state).map((name) => (name === 'firmware' ? '700' : '600'))]);
  const second = cli('run', '--lan', '127.0.0.1:0', '--state', state);
  expect([second.status, second.stderr]).toEqual([
    2,
    `ipmi-bmc: ${state}: another process uses this state directory\n`,
  ]);

  const world = nodeWorld();
  const worker = new Worker(await world.stream.connect({ path: socket }), world.clock);
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (asked = resolve));
  const slow = handleRaw<undefined>({ netFn: 0x3a, cmd: 1 }, () => {
    asked();
    return new Promise((resolve) => world.clock.after(300, () => resolve(Uint8Array.of(0, 7))));
  });
  await worker.register({ owner: 'slow', handlers: [slow] });
  const client = await connectLan(world, { ...login, port: Number(port) });
  const answer = client.raw(0x3a, 1);
  await arrived;
  const gone = stopped(child);
  expect(await answer).toEqual(Uint8Array.of(0, 7));
  await gone;
  await client.close().catch(() => undefined);
  expect([child.exitCode, existsSync(ready), existsSync(socket)]).toEqual([0, false, false]);
});

test('where state is kept is in the start line; a directory that cannot be made is one clear line', async () => {
  const start = async (...flags: string[]): Promise<string> => {
    const child = spawn(process.execPath, [bin, 'run', '--lan', '127.0.0.1:0', ...flags], { cwd: folder });
    children.push(child);
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    await firstLine(child);
    // Ended with SIGTERM, it has said what it has to say.
    await stopped(child);
    return said;
  };
  expect(await start()).toContain('state is in memory only: it ends with this process');
  expect(await start('--state', 'kept/deep/down')).toContain('state is kept in kept/deep/down');
  for (const [flag, path] of [
    ['--state', '/proc/none/state'],
    ['--ready-file', '/no/such/place'],
  ]) {
    const { status, stderr } = cli('run', '--lan', '127.0.0.1:0', flag, path);
    expect([status, stderr.split('\n').length, stderr]).toEqual([2, 2, expect.stringContaining(path)]);
  }
});

test('a BMC that was renamed in the config leaves its state behind, and the start says so', async () => {
  const config = join(folder, 'renamed.yaml');
  const start = async (name: string): Promise<string> => {
    writeFileSync(config, `name: ${name}\ninterfaces: [{ type: lan }]\n`);
    const { log, stop } = await startBmc(config, '--state', join(folder, 'renamed'));
    await stop();
    return log();
  };
  expect(await start('old')).not.toContain('renamed?');
  expect(await start('new')).toMatch(
    /keeps \d+ value\(s\) of a BMC 'old', which the config does not have; was it renamed\?/,
  );
});

toolTest(
  'no password or key in logs, traces, ready lines, exports, or the sealed file',
  ['ipmitool'],
  async () => {
    const [state, key, socket] = ['sealed', 'key', 'secret.sock'].map((name) => join(folder, name));
    writeFileSync(key, 'SECRET-sealing-key-1234');
    const { child, ipmitool, log, stop } = await startBmc(
      judged,
      '--trace',
      '--state',
      state,
      '--seal-key',
      key,
      '--handler-socket',
      socket,
    );
    children.push(child);
    const marked = [...Buffer.from('SECRETKG'), ...new Uint8Array(12)]
      .map((byte) => `0x${byte.toString(16)}`)
      .join(' ');
    await ipmitool('user set password 9 SECRET-password1');
    await ipmitool('user set password 9 SECRET-password-20by 20');
    await ipmitool('user test 9 20 SECRET-password-20by');
    await ipmitool(`raw 6 0x47 9 2 ${[...Buffer.from('SECRET')].join(' ')}`);
    await ipmitool(
      `raw 6 0x34 0 0x20 0x18 0xc8 0x81 0x04 0x47 9 2 ${[...Buffer.from('SECRET-password1')].join(' ')} 0`,
    );
    await ipmitool('mc info', '-U admin -P SECRET-wrong-one');
    // A handler that takes bytes goes over the command: its trace line knows no fields.
    const world = nodeWorld();
    const worker = new Worker(await world.stream.connect({ path: socket }), world.clock);
    const over = handleRaw<undefined>(
      { netFn: 6, cmd: 0x47 },
      (message, context, next) => next(message, context),
      { override: 'standard' },
    );
    await worker.register({ owner: 'over', handlers: [over] });
    expect((await ipmitool('user set password 9 SECRET-password2')).code).toBe(0);
    worker.close();
    await ipmitool(`raw 6 0x56 1 1 1 ${marked}`);
    await stop();
    await expect.poll(log).toContain('Set User Password');
    const shown = [
      log(),
      ...[['show'], ['show', '--json'], ['export'], ['verify', '--json']].map(([what, ...flags]) => {
        const { stdout, stderr } = cli('state', what, state, ...flags, '--seal-key', key);
        return stdout + stderr;
      }),
      ...readdirSync(state)
        .filter((name) => name.endsWith('.journal'))
        .map((name) => readFileSync(join(state, name), 'latin1')),
    ];
    const hex = Buffer.from('SECRET').toString('hex');
    for (const text of shown)
      expect(text.replaceAll(' ', '').toLowerCase()).not.toMatch(
        new RegExp(`secret-|secretkg|${hex}|adminpass`),
      );
    // They are there all the same, for whoever asks for them.
    expect(cli('state', 'export', state, '--secrets', '--seal-key', key).stdout.toLowerCase()).toContain(
      Buffer.from('SECRET-password2').toString('hex'),
    );
  },
);

toolTest('SIGUSR1: what each interface did', ['ipmitool'], async () => {
  const { child, ipmitool, log } = await startBmc(judged);
  children.push(child);
  await ipmitool('mc info');
  child.kill('SIGUSR1');
  while (!log().includes('counters')) await new Promise((resolve) => child.stderr!.once('data', resolve));
  expect(
    JSON.parse(
      log()
        .split('\n')
        .find((line) => line.includes('"medium":"lan"'))!,
    ),
  ).toMatchObject({ channel: 1, busy: 0, expired: 0, late: 0 });
  while (!log().includes('counters of log-ins'))
    await new Promise((resolve) => child.stderr!.once('data', resolve));
  await expect.poll(log).toMatch(/counters of log-ins: 1 admitted/);
});
