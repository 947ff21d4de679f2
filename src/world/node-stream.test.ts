import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { nodeWorld } from './node.ts';

/** Milliseconds that the process slept of those 60 that follow an arrival. */
async function sleptAfterArrival(eager: number): Promise<number> {
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const server = await nodeWorld().stream.listen({ host: '127.0.0.1', port: 0 }, (stream) => {
    stream.eager = eager;
    stream.onData = () => arrived();
  });
  const client = await nodeWorld().stream.connect(server.address);
  client.write(Uint8Array.of(1));
  await arrival;
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const { idle } = performance.eventLoopUtilization(before);
  client.destroy();
  await server.close();
  return idle;
}

test('after an arrival on an eager stream the process does not sleep, unless it has one core', async () => {
  expect(await sleptAfterArrival(0)).toBeGreaterThan(30);
  const slept = await sleptAfterArrival(1000);
  if (availableParallelism() > 1) expect(slept).toBeLessThan(15);
  else expect(slept).toBeGreaterThan(30);
});
