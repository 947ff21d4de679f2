import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { nodeWorld } from './node.ts';
import type { Stream } from './world.ts';

/**
 * Milliseconds that the process slept of those 60 that follow so many arrivals, with these ms between them.
 */
async function sleptAfterArrivals(eager: number, gaps: readonly number[]): Promise<number> {
  let arrived = (): void => {};
  const server = await nodeWorld().stream.listen({ host: '127.0.0.1', port: 0 }, (stream) => {
    stream.eager = eager;
    stream.onData = () => arrived();
  });
  const client = await nodeWorld().stream.connect(server.address);
  for (const gap of [0, ...gaps]) {
    if (gap > 0) await new Promise((resolve) => setTimeout(resolve, gap));
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    client.write(Uint8Array.of(1));
    await arrival;
  }
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const { idle } = performance.eventLoopUtilization(before);
  client.destroy();
  await server.close();
  return idle;
}

test('after quick arrivals on an eager stream the process does not sleep, unless it has one core', async () => {
  expect(await sleptAfterArrivals(0, [0])).toBeGreaterThan(30);
  // Longer than a busy machine keeps this process from its turn.
  const slept = await sleptAfterArrivals(30_000, [0]);
  if (availableParallelism() > 1) expect(slept).toBeLessThan(15);
  else expect(slept).toBeGreaterThan(30);
});

test('I18: who asks seldom has no core burnt: one arrival, or others too far apart, and the process sleeps', async () => {
  expect(await sleptAfterArrivals(1000, [])).toBeGreaterThan(30);
  expect(await sleptAfterArrivals(100, [150, 150])).toBeGreaterThan(30);
});

test.each(['TCP', 'a Unix socket'])(
  '18.4: what listens reads into one buffer as what connects does, over %s: pauses, order, ends and peers as before',
  async (over) => {
    const folder = mkdtempSync(join(tmpdir(), 'stream-'));
    const at = over === 'TCP' ? { host: '127.0.0.1', port: 0 } : { path: join(folder, 's') };
    const accepted: Stream[] = [];
    const server = await nodeWorld().stream.listen(at, (stream) => void accepted.push(stream));
    const clients = await Promise.all([1, 2].map(() => nodeWorld().stream.connect(server.address)));
    const until = async (is: () => boolean): Promise<void> => {
      while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await until(() => accepted.length === 2);
    expect(accepted[0].peer).toMatch(over === 'TCP' ? /^127\.0\.0\.1:\d+$/ : /^unix:/);
    // Nobody receives yet: it waits, and ends only after it.
    for (const [i, client] of clients.entries()) client.write(new Uint8Array(100_000).fill(i + 1));
    const came: Uint8Array[][] = [[], []];
    const ended = [false, false];
    const length = (i: number): number => came[i].reduce((sum, data) => sum + data.length, 0);
    for (const [i, stream] of accepted.entries()) {
      stream.onClose = () => (ended[i] = true);
      if (i === 0) stream.pause();
      stream.onData = (data) => void came[i].push(data);
    }
    await until(() => length(1) === 100_000);
    expect(length(0)).toBe(0);
    accepted[0].resume();
    await until(() => length(0) === 100_000);
    // What was kept stays as it was, whatever is read later by whomever; and a Buffer would be one of Node's own.
    expect(came[0].every((data) => data.every((byte) => byte === 1))).toBe(true);
    expect(came[1].every((data) => data.every((byte) => byte === 2))).toBe(true);
    expect(came.flat().some((data) => Buffer.isBuffer(data))).toBe(false);
    const back = new Promise<number>((resolve) => (clients[0].onData = (data) => resolve(data[0])));
    accepted[0].write(Uint8Array.of(9));
    expect(await back).toBe(9);
    clients[0].end();
    clients[1].destroy();
    await until(() => ended[0] && ended[1]);
    await server.close();
    rmSync(folder, { recursive: true });
  },
);
