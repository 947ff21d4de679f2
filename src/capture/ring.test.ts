import { expect, test } from 'vitest';
import { logInNet, SERVER } from '../../test/support/log-in-net.ts';
import { connectLan } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { Capture, PacketBlock, PacketRing, type CapturedPacket } from './index.ts';
import { enhancedPacket } from './pcapng.ts';

/** A capture that tells of each packet and one that keeps them in a ring, beside each other. */
async function both(most: number) {
  const { bmc, world } = await logInNet();
  const told: CapturedPacket[] = [];
  const parts = { router: bmc.router, clock: world.clock };
  const ring = new PacketRing(most);
  const captures = [new Capture(parts, ring), new Capture(parts, (packet) => void told.push(packet))];
  for (const capture of captures) bmc.taps.add(capture);
  const flush = (): void => captures.forEach((capture) => capture.flush());
  const client = await world.until(
    connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', cipherSuite: 3 }),
  );
  return { world, ring, flush, client, told };
}

test('EXP5: a ring gives the packets that are told one by one, with their times and comments, and then has none', async () => {
  const { world, ring, flush, client, told } = await both(1 << 20);
  for (let i = 0; i < 5; i++) await world.until(client.send(GetDeviceId));
  const socket = await world.until(world.udp.bind({ host: '10.0.0.9', port: 0 }));
  socket.send(Uint8Array.of(6, 0, 0xff, 7, 6, 0), SERVER);
  await world.run(10);
  flush();
  expect(ring.bytes).toBeGreaterThan(1000);
  const blocks = ring.take();
  expect(blocks.length).toBeGreaterThan(30);
  expect(blocks).toEqual(told.map(enhancedPacket));
  expect(new PacketBlock(blocks.at(-1)!).comment).toContain('dropped: malformed');
  expect([ring.bytes, ring.take()]).toEqual([0, []]);
});

test('EXP5: a ring keeps the last of what passed, within its bytes', async () => {
  const { world, ring, flush, client, told } = await both(8192);
  for (let i = 0; i < 500; i++) {
    await world.until(client.send(GetDeviceId));
    expect(ring.bytes).toBeLessThanOrEqual(8192);
  }
  flush();
  expect(ring.bytes).toBeGreaterThan(4096);
  const blocks = ring.take();
  expect(blocks).toEqual(told.slice(-blocks.length).map(enhancedPacket));
});
