// Contracts in the real world, as who brings a kind tries what asks the outside by itself: `realTime`.
import { createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  consoleContract,
  realTime,
  sourceContract,
  type ContractWorld,
} from '../src/testing/contracts/index.ts';
import { nodeWorld } from '../src/world/index.ts';
import { ptyPair } from './support/pty-pair.ts';
import { toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-contracts-'));
afterAll(() => rm(folder, { recursive: true }));

const world = (): ContractWorld => realTime(nodeWorld());

test('D19: real time passes by itself, and a world of it waits for what is under way', async () => {
  const real = world();
  const { clock } = real;
  const before = clock.monotonic();
  await real.run(50);
  const passed = clock.monotonic() - before;
  expect(passed).toBeGreaterThanOrEqual(49);
  await expect(real.until(Promise.resolve(5))).resolves.toBe(5);
  await expect(real.until(Promise.reject(new Error('no')))).rejects.toThrow('no');
});

describe('D19: a Unix socket is a console in real time', () => {
  const path = join(folder, 'machine.tty');
  const servers: Server[] = [];
  const gone = (server: Server | undefined) => new Promise((resolve) => server?.close(resolve) ?? resolve(0));
  afterAll(() => gone(servers.at(-1)));
  const machine = async () => {
    const heard: number[] = [];
    let line: Socket | undefined;
    const comes = async (): Promise<void> => {
      const server = createServer((opened) => {
        line = opened.on('data', (bytes) => void heard.push(...bytes)).on('error', () => opened.destroy());
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(path, resolve));
    };
    const goes = async (): Promise<void> => {
      line?.destroy();
      await gone(servers.at(-1));
    };
    // The one of the case before.
    await gone(servers.at(-1));
    await comes();
    return {
      says: (characters: Uint8Array) => void line?.write(characters),
      heard: () => Uint8Array.from(heard),
      goes,
      comes,
    };
  };
  for (const { name, run } of consoleContract({ world, console: { type: 'socket', connect: path }, machine }))
    test(name, run);
});

toolTest('D19: a serial device is a console in real time', ['python3', 'stty'], async () => {
  const pair = await ptyPair();
  const line = await nodeWorld().stream.connect({ tty: pair.far, baud: 115_200 });
  const heard: number[] = [];
  line.onData = (bytes) => void heard.push(...bytes);
  const machine = () => ({
    says: (characters: Uint8Array) => void line.write(characters),
    heard: () => Uint8Array.from(heard),
  });
  const console = { type: 'tty', path: pair.near } as const;
  for (const { run } of consoleContract({ world, console, machine, isLost: false })) await run();
  line.destroy();
  pair.close();
});

test('D19: a file is a source in real time', async () => {
  const path = join(folder, 'temp');
  const [follows] = sourceContract({
    world,
    value: { file: path, interval: 1 },
    measures: () => ({ gives: (value) => writeFile(path, `${value}\n`), fails: () => rm(path) }),
  });
  expect(follows.name).toBe('the sensor has what is measured, and follows it');
  await follows.run();
});
