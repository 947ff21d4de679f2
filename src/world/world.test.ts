import { describe, expect, test } from 'vitest';
import { ptyPair } from '../../test/support/pty-pair.ts';
import { nodeWorld } from './node.ts';
import { simWorld, type SimWorld } from './sim.ts';
import { endpointName, parseEndpoint, type Endpoint, type World } from './world.ts';

type Part = Pick<World, 'clock' | 'random' | 'udp'>;
const worlds: [string, () => Part][] = [
  ['real', nodeWorld],
  ['simulated', () => simWorld(1)],
];
const settle = <T>(world: Part, promise: Promise<T>): Promise<T> =>
  'until' in world ? (world as SimWorld).until(promise) : promise;

describe.each(worlds)('%s world', (_name, make) => {
  test('datagrams go to their port, and the answer back', async () => {
    const world = make();
    const { udp } = world;
    const [server, client] = [
      await udp.bind({ host: '127.0.0.1', port: 0 }),
      await udp.bind({ host: '127.0.0.1', port: 0 }),
    ];
    expect(server.address.port).toBeGreaterThan(0);
    server.onDatagram = (datagram, from) =>
      server.send(
        datagram.map((b) => b + 1),
        from,
      );
    const answer = new Promise<[Uint8Array, Endpoint]>(
      (resolve) => (client.onDatagram = (datagram, from) => resolve([Uint8Array.from(datagram), from])),
    );
    client.send(Uint8Array.of(1, 2), server.address);
    expect(await settle(world, answer)).toEqual([Uint8Array.of(2, 3), server.address]);
    await Promise.all([server.close(), client.close()]);
  });

  test('a port in use is refused with the system code', async () => {
    const { udp } = make();
    const first = await udp.bind({ host: '127.0.0.1', port: 0 });
    await expect(udp.bind(first.address)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port: first.address.port,
    });
    await first.close();
    await (await udp.bind(first.address)).close();
  });

  test('timers run after their time, in order, unless cancelled', async () => {
    const world = make();
    const ran: string[] = [];
    const began = world.clock.monotonic();
    await settle(
      world,
      new Promise<void>((resolve) => {
        world.clock.after(30, resolve);
        world.clock.after(20, () => ran.push('b'));
        world.clock.after(10, () => ran.push('a'));
        world.clock.after(15, () => ran.push('never')).cancel();
      }),
    );
    expect(ran).toEqual(['a', 'b']);
    expect(world.clock.monotonic() - began).toBeGreaterThanOrEqual(29);
  });

  test('random bytes differ', () => {
    const { random } = make();
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
    expect(random.fill(new Uint8Array(1000)).some((b) => b > 200)).toBe(true);
    expect(random.u32()).not.toBe(random.u32());
  });
});

describe('simulated world', () => {
  test('a day passes in a moment', async () => {
    const world = simWorld(1, { start: 0 });
    let ticks = 0;
    const tick = (): void => void (ticks++, world.clock.after(60_000, tick));
    tick();
    await world.run(86_400_000);
    expect([ticks, world.clock.now()]).toEqual([1441, 86_400_000]);
  });

  const storm = async (seed: number): Promise<[string[], number]> => {
    const world = simWorld(seed, { loss: 0.2, duplicate: 0.1, delay: [1, 50] });
    const [a, b] = [
      await world.udp.bind({ host: 'a', port: 1 }),
      await world.udp.bind({ host: 'b', port: 1 }),
    ];
    let came = 0;
    const order: number[] = [];
    b.onDatagram = ([value]) => void (came++, order.push(value));
    for (let i = 0; i < 250; i++) a.send(Uint8Array.of(i), b.address);
    await world.run(100);
    expect(order).not.toEqual([...order].sort((x, y) => x - y));
    return [world.trace, came];
  };

  test('the same seed gives the same trace, another seed another', async () => {
    const [[one, came], [again], [other]] = [await storm(7), await storm(7), await storm(8)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    // 250 sent, a fifth lost, a tenth of the rest doubled.
    expect(came).toBeGreaterThan(180);
    expect(came).toBeLessThan(250);
  });

  test('waiting for what cannot happen is an error, not a hang', async () => {
    await expect(simWorld(1).until(new Promise(() => undefined))).rejects.toThrow('nothing happens any more');
  });
});

test('endpoints as text', () => {
  expect(parseEndpoint('[::1]:623')).toEqual({ host: '::1', port: 623 });
  expect(parseEndpoint('10.0.0.1:0')).toEqual({ host: '10.0.0.1', port: 0 });
  expect([parseEndpoint('x'), parseEndpoint('a:99999'), parseEndpoint('::1:5')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(endpointName({ host: '::1', port: 1 })).toBe('[::1]:1');
});

test('a terminal device carries bytes both ways, and says what is wrong with another', async () => {
  const pair = await ptyPair();
  const { stream } = nodeWorld();
  const [a, b] = await Promise.all([
    stream.connect({ tty: pair.near, baud: 9600 }),
    stream.connect({ tty: pair.far }),
  ]);
  const echoed = new Promise<number[]>((resolve) => (a.onData = (data) => resolve([...data])));
  b.onData = (data) => void b.write(data.map((byte) => byte ^ 0xff));
  const closed = new Promise<void>((resolve) => (b.onClose = () => resolve()));
  a.write(Uint8Array.of(0x03, 0x0d, 0x1b));
  expect(await echoed).toEqual([0xfc, 0xf2, 0xe4]);
  a.destroy();
  b.destroy();
  await closed;
  await expect(stream.connect({ tty: '/dev/no-such-line' })).rejects.toMatchObject({ code: 'ENOENT' });
  pair.close();
});
