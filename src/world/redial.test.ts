import { expect, test } from 'vitest';
import { Redial } from './redial.ts';
import { simWorld } from './sim.ts';
import type { Stream } from './world.ts';

const at = { path: '/later' };

function bench() {
  const world = simWorld(3);
  const seen: string[] = [];
  const say = (what: string): void => void seen.push(`${Math.round(world.clock.monotonic())} ${what}`);
  const streams: Stream[] = [];
  const redial = new Redial({
    clock: world.clock,
    connect: () => world.stream.connect(at),
    connected: (stream) => {
      say('connected');
      streams.push(stream);
      stream.onClose = () => redial.lost();
    },
    failed: () => say('failed'),
    pause: { first: 100, most: 400 },
  });
  return { world, seen, streams, redial };
}

test('pauses grow up to the longest, and begin again after a connection', async () => {
  const { world, seen, redial } = bench();
  await world.until(redial.start());
  await world.run(1000);
  expect(seen).toEqual(['0 failed', '100 failed', '300 failed', '700 failed']);
  seen.length = 0;
  const accepted: Stream[] = [];
  const server = await world.until(world.stream.listen(at, (stream) => accepted.push(stream)));
  await world.run(200);
  expect(seen).toEqual(['1100 connected']);
  await world.until(server.close());
  accepted[0].destroy();
  await world.run(399);
  expect(seen.slice(1)).toEqual(['1300 failed', '1500 failed']);
  redial.stop();
  expect(world.clock.pending).toBe(0);
});

test('what a stopped one still reaches is closed, and it tries no more', async () => {
  const { world, seen, streams, redial } = bench();
  let open = 0;
  await world.until(
    world.stream.listen(at, (stream) => {
      open++;
      stream.onClose = () => open--;
    }),
  );
  const attempt = redial.start();
  redial.stop();
  await world.until(attempt);
  await world.run(1000);
  redial.lost();
  expect([seen, streams, open, world.clock.pending]).toEqual([[], [], 0, 0]);
});
