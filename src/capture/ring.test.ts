import { expect, test } from 'vitest';
import { logInNet, SERVER } from '../../test/support/log-in-net.ts';
import { connectLan } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { Capture, CaptureRing, type CapturedPacket } from './index.ts';

/** A capture and a ring, beside each other. */
async function both(most: number) {
  const { bmc, world } = await logInNet();
  const [now, later]: [CapturedPacket[], CapturedPacket[]] = [[], []];
  const parts = { router: bmc.router, clock: world.clock };
  const ring = new CaptureRing(parts, most, (packet) => void later.push(packet));
  const capture = new Capture(parts, (packet) => void now.push(packet));
  bmc.taps.add(ring);
  bmc.taps.add(capture);
  const client = await world.until(
    connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', cipherSuite: 3 }),
  );
  return { bmc, world, ring, capture, client, now, later };
}

test('EXP5: a ring gives the packets that a capture would have given, with their times and comments', async () => {
  const { world, ring, capture, client, now, later } = await both(1 << 20);
  for (let i = 0; i < 5; i++) await world.until(client.send(GetDeviceId));
  const socket = await world.until(world.udp.bind({ host: '10.0.0.9', port: 0 }));
  socket.send(Uint8Array.of(6, 0, 0xff, 7, 6, 0), SERVER);
  await world.run(10);
  capture.flush();
  expect(later).toEqual([]);
  expect(ring.bytes).toBeGreaterThan(1000);
  ring.drain();
  expect(later.length).toBeGreaterThan(30);
  expect(later).toEqual(now);
  expect(later.at(-1)?.comment).toContain('dropped: malformed');
  expect(ring.bytes).toBe(0);
  ring.drain();
  expect(later).toHaveLength(now.length);
});

test('EXP5: a ring keeps the last of what passed, within its bytes', async () => {
  const { world, ring, client, now, later, capture } = await both(8192);
  for (let i = 0; i < 500; i++) {
    await world.until(client.send(GetDeviceId));
    expect(ring.bytes).toBeLessThanOrEqual(8192);
  }
  expect(ring.bytes).toBeGreaterThan(4096);
  capture.flush();
  ring.drain();
  expect(later.length).toBeGreaterThan(10);
  expect(later.length).toBeLessThan(60);
  const rest = now.slice(-later.length + 8);
  expect(later.slice(-rest.length)).toEqual(rest);
});
