// Addresses of a prefix: one socket of the system for all of them, in the simulated world as in the real one.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { shortPort } from '../../test/support/ports.ts';
import { NativeSockets } from './native-sockets.ts';
import { nodeWorld } from './node.ts';
import { simWorld } from './sim.ts';
import type { Endpoint, UdpSocket, World } from './world.ts';

const closing: UdpSocket[] = [];
afterEach(() => Promise.all(closing.splice(0).map((socket) => socket.close())));

async function bound(world: World, host: string, port = 0, prefix?: number): Promise<UdpSocket> {
  const socket = await world.udp.bind({ host, port, ...(prefix !== undefined && { prefix }) });
  closing.push(socket);
  return socket;
}

const native = await NativeSockets.load().catch(() => undefined);
const batch = (): World => nodeWorld({ engine: 'batch' });
const sim = simWorld(1);

/** Until so many have come, or the test's time is over; and a little longer, for what should not come. */
async function come(heard: readonly unknown[], count: number): Promise<void> {
  while (heard.length < count) await sleep(5);
  await sleep(30);
}

/** UDP sockets of IPv4 on this machine with this port, as the system counts them. */
const socketsAt = (port: number): number => {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const [, ...lines] = readFileSync('/proc/self/net/udp', 'utf8').trim().split('\n');
  return lines.filter((line) => line.trim().split(/\s+/)[1].endsWith(ending)).length;
};

/**
 * Until nobody has the port, or the test's time is over: a program that another thread is about to start has
 * what was open in this process for a moment, though it is closed here.
 */
async function freed(port: number): Promise<void> {
  while (socketsAt(port) > 0) await sleep(5);
}

interface Case {
  readonly name: string;
  readonly world: () => World;
  readonly pass: (heard: readonly unknown[], count: number) => Promise<unknown>;
}
const cases: Case[] = [{ name: 'simulated', world: () => sim, pass: () => sim.run(100) }];
if (native) cases.push({ name: 'real', world: batch, pass: come });

describe.each(cases)('$name world', ({ world: make, pass }) => {
  test('I16: each address of a prefix hears what is sent to it, and answers from it', async () => {
    const world = make();
    const first = await bound(world, '127.9.0.0', 0, 16);
    const { port } = first.address;
    const hosts = ['127.9.0.0', '127.9.0.1', '127.9.1.255', '127.9.255.255'];
    const sockets = [first];
    for (const host of hosts.slice(1)) sockets.push(await bound(world, host, port, 16));
    for (const socket of sockets)
      socket.onDatagram = (data, from) =>
        socket.send(Uint8Array.of(...data, hosts.indexOf(socket.address.host)), from);
    expect(sockets.map(({ address }) => address)).toEqual(hosts.map((host) => ({ host, port })));
    const client = await bound(world, '127.0.0.1');
    const heard: [string, number, ...number[]][] = [];
    client.onDatagram = (data, from) => heard.push([from.host, from.port, ...data]);
    for (const [i, host] of [...hosts, '127.9.7.7'].entries())
      client.send(Uint8Array.of(100 + i), { host, port });
    await pass(heard, hosts.length);
    expect(heard).toEqual(hosts.map((host, i) => [host, port, 100 + i, i]));
  });

  test('I16: an address has one owner; whoever closes leaves the others as they are', async () => {
    const world = make();
    const one = await bound(world, '127.9.0.1', 0, 16);
    const { port } = one.address;
    const two = await bound(world, '127.9.0.2', port, 16);
    await expect(world.udp.bind({ host: '127.9.0.2', port, prefix: 16 })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      address: '127.9.0.2',
      port,
    });
    const heard: string[] = [];
    for (const socket of [one, two]) socket.onDatagram = () => heard.push(socket.address.host);
    await one.close();
    await one.close();
    const client = await bound(world, '127.0.0.1');
    const ask = (to: Endpoint): void => client.send(Uint8Array.of(1), to);
    for (const { address } of [one, two]) ask(address);
    one.send(Uint8Array.of(1), client.address);
    await pass(heard, 1);
    expect(heard).toEqual(['127.9.0.2']);
    const again = await bound(world, '127.9.0.1', port, 16);
    again.onDatagram = () => heard.push('again');
    await two.close();
    ask(again.address);
    await pass(heard, 2);
    expect(heard).toEqual(['127.9.0.2', 'again']);
  });
});

describe.skipIf(native === undefined)('one socket', () => {
  test('I16: two thousand addresses have one descriptor, which is gone with the last of them', async () => {
    const world = batch();
    const port = await shortPort();
    const sockets: UdpSocket[] = [];
    for (let i = 0; i < 2000; i++) sockets.push(await bound(world, `127.9.${i >> 8}.${i & 255}`, port, 16));
    expect(socketsAt(port)).toBe(1);
    await Promise.all(sockets.map((socket) => socket.close()));
    await freed(port);
  });

  test('I16: an address that is not of this machine is refused, and leaves nothing open', async () => {
    const world = batch();
    await bound(world, '127.0.0.1');
    const port = await shortPort();
    const refused = { code: 'EADDRNOTAVAIL', address: '198.51.100.7', prefix: '198.51.100.0/24' };
    await expect(world.udp.bind({ host: '198.51.100.7', port, prefix: 24 })).rejects.toMatchObject(refused);
    await freed(port);
  });

  test('I16: a prefix does not share its port with whoever has one address of it', async () => {
    const world = batch();
    const one = await bound(world, '127.0.0.1');
    const { port } = one.address;
    await expect(world.udp.bind({ host: '127.9.0.1', port, prefix: 16 })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      address: '0.0.0.0',
      port,
    });
    await one.close();
    await freed(port);
    await bound(world, '127.9.0.1', port, 16);
  });

  test('I16: IPv6 has batches too, on one address and on all of both families', async () => {
    const world = batch();
    const v6 = await bound(world, '::1');
    expect(world.udp).toMatchObject({ engine: 'batch', problem: undefined });
    v6.onDatagram = (data, from) => v6.send(data, from);
    const every = await bound(world, '::');
    every.onDatagram = (data, from) => {
      expect(from.asked).toBe(data[0] === 6 ? '::1' : '127.0.0.7');
      every.send(data, from);
    };
    const plain = nodeWorld();
    const six = await bound(plain, '::1');
    const four = await bound(plain, '127.0.0.1');
    const heard: string[] = [];
    for (const client of [six, four])
      client.onDatagram = (data, { host, port }) => heard.push(`${host} ${port} ${data[0]} ${data.length}`);
    six.send(Uint8Array.of(6), v6.address);
    six.send(new Uint8Array(1400).fill(6), { host: '::1', port: every.address.port });
    // Node's sockets tell from where it came: an answer leaves from the address that was asked.
    four.send(Uint8Array.of(4), { host: '127.0.0.7', port: every.address.port });
    await come(heard, 3);
    const { port } = every.address;
    expect(heard.sort()).toEqual(
      [`::1 ${v6.address.port} 6 1`, `::1 ${port} 6 1400`, `127.0.0.7 ${port} 4 1`].sort(),
    );
  });
});

test('I16: without batches a prefix is refused with what would help', async () => {
  await expect(nodeWorld().udp.bind({ host: '127.9.0.1', port: 0, prefix: 16 })).rejects.toMatchObject({
    code: 'ENOTSUP',
    message: expect.stringMatching(
      /prefix 127\.9\.0\.1\/16 needs datagrams in batches .*koffi.*engine 'batch'/,
    ),
  });
});
