import { createSocket } from 'node:dgram';
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { localAddresses, peerIn } from './node-addresses.ts';
import { udpEngines } from './udp-engine.ts';
import { nodeWorld } from './node.ts';
import type { UdpSocket } from './world.ts';

const closing: (() => unknown)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/** Listens, and answers each datagram at once and once more a little later. */
async function echo(host: string, world = nodeWorld()): Promise<UdpSocket> {
  const socket = await world.udp.bind({ host, port: 0 });
  closing.push(() => socket.close());
  socket.onDatagram = (data, from) => {
    const kept = data.slice();
    socket.send(kept, from);
    world.clock.after(20, () => socket.send(kept, from));
  };
  return socket;
}

/**
 * What a client with a connected socket hears of its question until it has heard two answers, or for so many
 * milliseconds: the system hides what comes from another address.
 */
async function asked(host: string, port: number, patience = 30_000): Promise<string[]> {
  const client = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  closing.push(() => client.close());
  await new Promise<void>((resolve) => client.connect(port, host, resolve));
  const heard: string[] = [];
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patience);
    client.on('message', (data) => {
      heard.push(String(data));
      if (heard.length < 2) return;
      clearTimeout(timer);
      resolve();
    });
    client.send(`to ${host}`);
  });
  return heard;
}

const linux = process.platform === 'linux';
const mine = localAddresses();
const everywhere = [...(linux ? ['127.0.0.5', '127.9.8.7'] : []), ...mine];

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const COMES = '198.51.100.77';
const comes = (how: 'add' | 'del'): string => ip('address', how, `${COMES}/32`, 'dev', 'lo');
const canAdd = (() => {
  try {
    comes('add');
    comes('del');
    return true;
  } catch {
    return false;
  }
})();

describe.each(udpEngines)('datagrams by %s', (engine) => {
  test.each(['0.0.0.0', '::'])(
    'V3: whoever asks any address of a machine that listens on %s hears that address answer',
    async (host) => {
      if (host === '::' && !mine.includes('::1')) return;
      const { address } = await echo(host, nodeWorld({ engine }));
      const reachable = everywhere.filter((one) => host === '::' || !one.includes(':'));
      expect(reachable.length).toBeGreaterThan(0);
      for (const one of reachable)
        expect([one, await asked(one, address.port)]).toEqual([one, [`to ${one}`, `to ${one}`]]);
    },
  );

  test('V3: a sender says which address it asked; the same one by its IPv4 name, however the socket was opened', async () => {
    if (!mine.includes('::1')) return;
    const socket = await echo('::', nodeWorld({ engine }));
    const seen = new Promise<unknown>((resolve) => (socket.onDatagram = (_data, from) => resolve(from)));
    const client = createSocket('udp4');
    closing.push(() => client.close());
    await new Promise<void>((resolve) => client.bind(0, '127.0.0.1', resolve));
    client.send('x', socket.address.port, '127.0.0.1');
    expect(await seen).toEqual({ host: '127.0.0.1', port: client.address().port, asked: '127.0.0.1' });
  });

  test('V3: a port that somebody has on one address is in use for all, and the other way round', async () => {
    const one = await nodeWorld({ engine }).udp.bind({ host: '127.0.0.1', port: 0 });
    closing.push(() => one.close());
    await expect(
      nodeWorld({ engine }).udp.bind({ host: '0.0.0.0', port: one.address.port }),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const all = await echo('0.0.0.0', nodeWorld({ engine }));
    for (const host of ['0.0.0.0', '127.0.0.1'])
      await expect(nodeWorld({ engine }).udp.bind({ host, port: all.address.port })).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
  });

  test('V3: a port that is closed on all addresses is free again', async () => {
    const isFreeAgain = async (): Promise<boolean> => {
      const all = await echo('0.0.0.0', nodeWorld({ engine }));
      await all.close();
      const again = await nodeWorld({ engine })
        .udp.bind({ host: '0.0.0.0', port: all.address.port })
        .catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('EADDRINUSE'));
      await again?.close();
      return again !== undefined;
    };
    // The system may give it to another program between the two, and a program that another thread is about to start has
    // what was open here for a moment; but not each time.
    let isFree = false;
    for (let tries = 0; tries < 10 && !isFree; tries++) isFree = await isFreeAgain();
    expect(isFree).toBe(true);
  });

  test.skipIf(!mine.some((address) => address.includes('%')))(
    'V3: the address of a link is listened on by its zone, and says it',
    async () => {
      const zoned = mine.find((address) => address.includes('%'))!;
      const { address } = await echo(zoned, nodeWorld({ engine }));
      expect(address.host).toBe(zoned);
      expect(await asked(zoned, address.port)).toEqual([`to ${zoned}`, `to ${zoned}`]);
    },
  );

  test.skipIf(!canAdd)(
    'V3: an address that comes while it listens answers for itself, and again after it has gone and come',
    async () => {
      const { address } = await echo('0.0.0.0', nodeWorld({ engine }));
      for (let round = 0; round < 2; round++) {
        comes('add');
        try {
          let heard: string[] = [];
          // What is asked before the address is known goes astray.
          for (let tries = 0; tries < 20 && heard.length < 2; tries++)
            heard = await asked(COMES, address.port, 1000);
          expect(heard).toEqual([`to ${COMES}`, `to ${COMES}`]);
        } finally {
          comes('del');
        }
      }
    },
  );
});

test('what Linux says of a connected socket', () => {
  const table = `  sl  local_address rem_address   st
  100: 0100007F:8957 0500007F:26AB 01 00000000:00000000
  101: 0100007F:8958 00000000:0000 07 00000000:00000000
`;
  expect(peerIn(table, '127.0.0.1', 0x8957, 9899)).toBe('127.0.0.5');
  expect(peerIn(table, '127.0.0.1', 0x8958, 9899)).toBeUndefined();
  expect(peerIn(table, '127.0.0.2', 0x8957, 9899)).toBeUndefined();
  const v6 = '   1: 00000000000000000000000001000000:8957 B80D0120000000000000000005000000:26AB 01 0\n';
  expect(peerIn(v6, '::1', 0x8957, 9899)).toBe('2001:db8::5');
  const mapped = '   1: 0000000000000000FFFF00000100007F:8957 0000000000000000FFFF00000500007F:26AB 01 0\n';
  expect(peerIn(mapped, '127.0.0.1', 0x8957, 9899)).toBe('127.0.0.5');
});
