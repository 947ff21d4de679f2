import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { nodeWorld } from './node.ts';

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
  const slept = await sleptAfterArrivals(1000, [0]);
  if (availableParallelism() > 1) expect(slept).toBeLessThan(15);
  else expect(slept).toBeGreaterThan(30);
});

test('I18: who asks seldom has no core burnt: one arrival, or others too far apart, and the process sleeps', async () => {
  expect(await sleptAfterArrivals(1000, [])).toBeGreaterThan(30);
  expect(await sleptAfterArrivals(100, [150, 150])).toBeGreaterThan(30);
});
