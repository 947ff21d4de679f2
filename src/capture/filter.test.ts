// Captures of what fits alone: by the answer, by what was dropped, by what a fault did; in order all the
// same.
import { expect, test } from 'vitest';
import { logInNet, SERVER } from '../../test/support/log-in-net.ts';
import type { BmcState } from '../bmc-state.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { handleRaw } from '../router/index.ts';
import { parseTraceFilter } from '../taps/index.ts';
import { Capture, PacketRing, type CapturedPacket } from './index.ts';

async function filtered(text: string) {
  const { bmc, world } = await logInNet();
  const filter = parseTraceFilter(text);
  if (typeof filter === 'object') throw new Error(filter.problem);
  const packets: CapturedPacket[] = [];
  const parts = { router: bmc.router, clock: world.clock, filter };
  const capture = new Capture(parts, (packet) => void packets.push(packet));
  bmc.taps.add(capture);
  const logIn = (): Promise<LanClient> =>
    world.until(connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', cipherSuite: 3 }));
  const said = (): string[] => {
    capture.flush();
    return packets.map(({ interface: one, direction, comment }) => {
      const [name] = comment.split(/\n| {2}->/);
      return `${one} ${direction} ${name}`;
    });
  };
  return { bmc, world, packets, logIn, said };
}

const exchange = (name: string): string[] =>
  ['0 in', '1 in', '0 out', '1 out'].map((one) => `${one} ${name}`);

test('CAP14: a request is there with its answer, by its name, its code, and who answered', async () => {
  for (const text of ['cmd=get-device-id cc=0 user=admin', 'cc!=0', 'owner=mine us>=0']) {
    const { bmc, world, logIn, said } = await filtered(text);
    const handler = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0), { name: 'Mine' });
    bmc.router.register({ owner: 'mine', handlers: [handler] });
    const client = await logIn();
    await world.until(client.send(GetDeviceId));
    await world.until(client.raw(0x30, 1, new Uint8Array(0)));
    await world.until(client.raw(0x30, 2, new Uint8Array(0)));
    const names = { cmd: 'Get Device ID', cc: '30h 02h', owner: 'Mine' };
    const name = names[text.slice(0, text.search(/[!=]/)) as keyof typeof names];
    const all = said();
    expect(all).toHaveLength(4);
    expect(all.map((one) => one.slice(0, -1))).toEqual(
      exchange(name).map((one) => expect.stringContaining(one.slice(0, -1))),
    );
  }
});

test('CAP14: an answer that takes its time is awaited, and what came meanwhile stays behind it', async () => {
  const { bmc, world, packets, logIn, said } = await filtered(
    'netfn=0x30,6 cmd!=get-channel-*,set-session-*',
  );
  const slow = handleRaw<BmcState>(
    { netFn: 0x30, cmd: 1 },
    async () => {
      await new Promise<void>((resolve) => world.clock.after(50, resolve));
      return Uint8Array.of(0);
    },
    { name: 'Slow' },
  );
  bmc.router.register({ owner: 'mine', handlers: [slow] });
  const client = await logIn();
  const answer = client.raw(0x30, 1, new Uint8Array(0));
  await world.run(5);
  const other = await logIn();
  await world.until(other.send(GetDeviceId));
  expect(packets).toEqual([]);
  await world.until(answer);
  const all = said();
  expect(all.slice(0, 2)).toEqual(['0 in Slow', '1 in Slow']);
  expect(all.slice(2, 6)).toEqual(exchange('Get Device ID'));
  expect(all.slice(6)).toEqual(['0 out Slow', '1 out Slow']);
});

test('CAP14: what was dropped, a log-in by its peer, and what a fault struck', async () => {
  const dropped = await filtered('kind=dropped');
  const socket = await dropped.world.until(dropped.world.udp.bind({ host: '10.0.0.9', port: 0 }));
  socket.send(Uint8Array.of(6, 0, 0xff, 7, 6, 0), SERVER);
  await dropped.world.run(10);
  await dropped.logIn();
  expect(dropped.said()).toEqual(['0 in dropped: malformed']);

  const steps = await filtered('kind=log-in');
  await steps.logIn();
  expect(steps.said()).toEqual([
    expect.stringContaining('in RMCP+ Open Session Request'),
    expect.stringContaining('out RMCP+ Open Session Response'),
    ...[1, 2, 3, 4].map((n) => expect.stringContaining(`RAKP Message ${n}`)),
  ]);

  const struck = await filtered('fault=busy');
  struck.bmc.faults.add({ id: 'busy', when: { command: 'get-device-id' }, then: { complete: 0xc0 } });
  const client = await struck.logIn();
  await struck.world.until(client.raw(6, 1, new Uint8Array(0)));
  await struck.world.until(client.raw(6, 4, new Uint8Array(0)));
  expect(struck.said()).toEqual(exchange('Get Device ID'));
});

test('CAP14: the packets of a filter go to a ring as well', async () => {
  const { bmc, world } = await logInNet();
  const filter = parseTraceFilter('cmd=get-device-id');
  if (typeof filter === 'object') throw new Error(filter.problem);
  const ring = new PacketRing(1 << 16);
  bmc.taps.add(new Capture({ router: bmc.router, clock: world.clock, filter }, ring));
  const client = await world.until(
    connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', cipherSuite: 3 }),
  );
  await world.until(client.send(GetDeviceId));
  await world.until(client.close());
  expect(ring.take()).toHaveLength(4);
});
