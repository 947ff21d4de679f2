// The process behind a device node, on real files: what blocks there blocks nobody here.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeWorld } from '../src/world/index.ts';
import type { Device } from '../src/world/world.ts';
import { root, stopped } from './support/cli.ts';
import { ptyPair } from './support/pty-pair.ts';
import { toolTest } from './support/tools.ts';
import { toHex } from './support/vectors.ts';

const { devices } = nodeWorld();
const fifos = ['a', 'b', 'c', 'd', 'e', 'f'];
const where = { directory: '' };
beforeAll(() => {
  where.directory = mkdtempSync(join(tmpdir(), 'node-'));
  execFileSync(
    'mkfifo',
    fifos.map((name) => join(where.directory, name)),
  );
});
afterAll(() => rmSync(where.directory, { recursive: true, force: true }));

const messages = (device: Device): (() => Promise<string>) => {
  const got: string[] = [];
  let wake: () => void = () => undefined;
  device.onMessage = (message) => {
    got.push(toHex(message));
    wake();
  };
  return async () => {
    if (got.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return got.shift()!;
  };
};

test('six nodes on which nothing comes: the pool is free, messages arrive, and closing ends the processes', async () => {
  const open = await Promise.all(fifos.map((name) => devices.open(join(where.directory, name))));
  // More reads than the pool has threads; and yet:
  await Promise.all(Array.from({ length: 20 }, () => stat(where.directory)));
  const next = messages(open[3]);
  const fd = openSync(join(where.directory, fifos[3]), 'r+');
  writeSync(fd, Uint8Array.of(3, 0x18, 1, 1));
  expect(await next()).toBe('03 18 01 01');
  await Promise.all(open.map((device) => device.close()));
  await expect(open[0].write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'EPIPE' });
});

test('a message that waited before anybody listened is not lost', async () => {
  const path = join(where.directory, fifos[5]);
  const fd = openSync(path, 'r+');
  writeSync(fd, Uint8Array.of(3, 0x18, 2, 1));
  const device = await devices.open(path);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await messages(device)()).toBe('03 18 02 01');
  await device.close();
});

test('what is no node, what is not there, and a driver that knows no such ioctl', async () => {
  await expect(devices.open(join(where.directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(devices.open(where.directory)).rejects.toMatchObject({ code: 'EISDIR' });
  const device = await devices.open(join(where.directory, fifos[0]));
  await expect(device.ioctl(0xb100)).rejects.toMatchObject({ code: 'ENOTTY' });
  await device.close();
});

test('a node that has come to its end is an error, not silence', async () => {
  const device = await devices.open('/dev/null');
  expect(await new Promise((resolve) => (device.onClose = resolve))).toMatchObject({ code: 'EPIPE' });
});

toolTest('both ways through a terminal device, message for message', ['python3'], async () => {
  const pair = await ptyPair();
  const [near, far] = [await devices.open(pair.near), await devices.open(pair.far)];
  const [fromFar, fromNear] = [messages(near), messages(far)];
  for (let i = 0; i < 200; i++) {
    await near.write(Uint8Array.of(3, 0x18, i, 1));
    expect(await fromNear()).toBe(toHex(Uint8Array.of(3, 0x18, i, 1)));
    await far.write(Uint8Array.of(4, 0x1c, i, 1, 0));
    expect(await fromFar()).toBe(toHex(Uint8Array.of(4, 0x1c, i, 1, 0)));
  }
  await near.close();
  await far.close();
  pair.close();
});

test('process.exit() does not wait for a node, and its helper goes with it', async () => {
  const path = join(where.directory, fifos[0]);
  const world = pathToFileURL(join(root, 'src/world/index.ts')).href;
  const source = `const { nodeWorld } = await import(${JSON.stringify(world)}); await nodeWorld().devices.open(${JSON.stringify(path)}); process.exit(7);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  await stopped(child);
  expect(code).toBe(7);
  // The helper has the FIFO open while it lives; with its last opener gone, a non-blocking writer finds
  // nobody.
  for (let i = 0; ; i++) {
    const holders = execFileSync(
      'sh',
      ['-c', `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '${path}$' || true`],
      { encoding: 'utf8' },
    );
    if (Number(holders) === 0) break;
    expect(i).toBeLessThan(50);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
