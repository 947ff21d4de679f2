// Many datagrams in one call: bursts beyond the batch, flooded buffers, sockets that close in the middle.
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { BURST } from './native-layout.ts';
import { NativeSockets } from './native-sockets.ts';
import { nodeWorld, type NodeWorld } from './node.ts';
import type { UdpSocket } from './world.ts';

const closing: (() => unknown)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

async function bound(world: NodeWorld, host = '127.0.0.1'): Promise<UdpSocket> {
  const socket = await world.udp.bind({ host, port: 0, receiveBuffer: 1 << 20 });
  closing.push(() => socket.close());
  return socket;
}

async function client(): Promise<Socket> {
  // What comes while this process has no turn has to fit, all of it.
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  closing.push(() => new Promise<void>((resolve) => socket.close(resolve)));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

/** Until it is so, or the test's time is over. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

test('I18: which engine runs is known with the first socket', async () => {
  const plain = nodeWorld();
  expect(plain.udp.engine).toBeUndefined();
  await bound(plain);
  expect(plain.udp.engine).toBe('dgram');
  const world = nodeWorld({ engine: 'batch' });
  await bound(world);
  expect(world.udp.engine).toBe(world.udp.problem === undefined ? 'batch' : 'dgram');
});

const works = await NativeSockets.load().then(
  () => true,
  () => false,
);

test('I18: on Linux with koffi it works', () => {
  if (process.platform === 'linux' && process.arch === 'x64') expect(works).toBe(true);
});

describe.skipIf(!works)('batches', () => {
  test('I18: each of many datagrams is answered once, whoever else sends between', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    server.onDatagram = (data, from) => server.send(data, from);
    const clients = await Promise.all([client(), client(), client()]);
    const heard = clients.map(() => new Map<string, number>());
    for (const [n, one] of clients.entries())
      one.on('message', (data) => heard[n].set(String(data), (heard[n].get(String(data)) ?? 0) + 1));
    const count = 5 * BURST + 3;
    for (let i = 0; i < count; i++)
      for (const [n, one] of clients.entries()) one.send(`${n} ${i}`, server.address.port, '127.0.0.1');
    await until(() => heard.every(({ size }) => size === count));
    for (const [n, one] of heard.entries())
      expect(one).toEqual(new Map(Array.from({ length: count }, (_, i) => [`${n} ${i}`, 1])));
  });

  test('I18: more answers than datagrams go out, in the order of their sending', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    server.onDatagram = (data, from) => {
      for (let i = 0; i < 3 * BURST; i++) server.send(Uint8Array.of(data[0], i), from);
    };
    const one = await client();
    const heard: number[] = [];
    one.on('message', (data) => heard.push(data[1]));
    one.send(Uint8Array.of(1), server.address.port, '127.0.0.1');
    await until(() => heard.length === 3 * BURST);
    expect(heard).toEqual(Array.from({ length: 3 * BURST }, (_, i) => i));
  });

  test('I18: a socket that sends while answers of another wait for the end of their burst takes nothing from them', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const [server, other] = [await bound(world), await bound(world)];
    const one = await client();
    const heard: string[] = [];
    one.on('message', (data, { port }) =>
      heard.push(`${port === other.address.port ? 'other' : 'server'} ${String(data)}`),
    );
    server.onDatagram = (data, from) => {
      server.send(data, from);
      other.send(data, from);
      server.send(data, from);
    };
    for (const text of ['a', 'b']) one.send(text, server.address.port, '127.0.0.1');
    await until(() => heard.length === 6);
    expect(heard).toEqual(
      ['a', 'b'].flatMap((text) => [`server ${text}`, `other ${text}`, `server ${text}`]),
    );
  });

  test('I18: answers of all sizes to one sender arrive each by itself, in their order', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    const sizes = [64, 64, 64, 20, 20, 64, 1, 0, 0, 5, 512, 512, 511, 513, 513, 2000, 2000, 60_000, 64, 64];
    server.onDatagram = (_data, from) => {
      for (const [i, size] of sizes.entries()) server.send(new Uint8Array(size).fill(i), from);
    };
    const one = await client();
    const heard: Buffer[] = [];
    one.on('message', (data) => heard.push(data));
    one.send('x', server.address.port, '127.0.0.1');
    await until(() => heard.length === sizes.length);
    expect(heard.map(({ length }) => length)).toEqual(sizes);
    expect(heard.every((data, i) => data.every((byte) => byte === i))).toBe(true);
  });

  test('I18: a socket that closes in the middle of a burst hears and says nothing more', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    let came = 0;
    server.onDatagram = (data, from) => {
      server.send(data, from);
      if (++came === 2) void server.close();
    };
    const one = await client();
    let heard = 0;
    one.on('message', () => heard++);
    for (let i = 0; i < 10; i++) one.send('x', server.address.port, '127.0.0.1');
    await until(() => came === 2);
    await sleep(50);
    expect([came, heard]).toEqual([2, 0]);
  });

  test('I18: what a receiver throws costs that datagram alone', async () => {
    const told: string[] = [];
    const world = nodeWorld({ engine: 'batch', trouble: (where) => told.push(where) });
    const server = await bound(world);
    server.onDatagram = (data, from) => {
      if (data[0] === 1) throw new Error('no');
      server.send(data, from);
    };
    const one = await client();
    const heard: number[] = [];
    one.on('message', (data) => heard.push(data[0]));
    for (const byte of [0, 1, 2]) one.send(Uint8Array.of(byte), server.address.port, '127.0.0.1');
    await until(() => heard.length === 2);
    expect(heard).toEqual([0, 2]);
    expect(told[0]).toMatch(/^datagram, 127\.0\.0\.1:/);
  });

  test('I18: what cannot be sent is told, and does not stop what can', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    const told: string[] = [];
    server.onError = (error) => told.push(error.message);
    const one = await client();
    server.onDatagram = (data, from) => {
      server.send(data, from);
      // A socket of 127.0.0.1 reaches no other machine.
      server.send(data, { host: '198.51.100.9', port: 9 });
      server.send(data, { host: 'no.address', port: 9 });
      server.send(data, from);
    };
    let heard = 0;
    one.on('message', () => heard++);
    one.send('x', server.address.port, '127.0.0.1');
    await until(() => heard === 2);
    expect(told).toEqual([expect.stringMatching(/sendmmsg '198\.51\.100\.9:9'$/)]);
  });

  test('I18: a promise that a datagram settles goes on before the next event', async () => {
    const world = nodeWorld({ engine: 'batch' });
    const server = await bound(world);
    server.onDatagram = (data, from) => {
      const kept = data.slice();
      void Promise.resolve().then(() => process.nextTick(() => server.send(kept, from)));
    };
    const one = await client();
    const came = new Promise<string>((resolve) => one.once('message', (data) => resolve(String(data))));
    one.send('x', server.address.port, '127.0.0.1');
    expect(await came).toBe('x');
  });
});
