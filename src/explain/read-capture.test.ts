import { expect, test } from 'vitest';
import { logInNet, SERVER } from '../../test/support/log-in-net.ts';
import { pcapngOf, pcapOf, record, type Recorded } from '../../test/support/recorder.ts';
import type { RawLogInOptions } from '../../test/support/raw-log-in.ts';
import { Capture, CaptureFile, captureHeader } from '../capture/index.ts';
import { enhancedPacket } from '../capture/pcapng.ts';
import { connectLan } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetChassisStatus } from '../commands/chassis/chassis.ts';
import { AuthType } from '../wire/index.ts';
import { importCapture } from '../tape/import.ts';
import type { Candidates } from './candidates.ts';
import { readCapture, type CapturedExchange, type LogIn20, type Seen } from './index.ts';

const PASSWORD = 'AdminPass123';
const SUITES = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];

async function read(file: Uint8Array, candidates: Candidates = {}) {
  const exchanges: CapturedExchange[] = [];
  const seen: Seen[] = [];
  for await (const one of readCapture(file, candidates, (datagram) => void seen.push(datagram)))
    exchanges.push(one);
  return { exchanges, seen };
}

const names = (exchanges: readonly CapturedExchange[]): string[] =>
  exchanges.map(({ request: { netFn, cmd }, user, privilege, answer }) =>
    [netFn.toString(16), cmd.toString(16), user ?? '-', privilege, answer?.cc ?? 'none'].join(' '),
  );

/** A session of a suite by hand, recorded. */
async function session(
  options: RawLogInOptions & { readonly users?: object },
  settings: object = {},
): Promise<Recorded[]> {
  const net = await logInNet({
    interfaces: [
      {
        type: 'lan',
        listen: '10.0.0.1:623',
        cipherSuites: SUITES,
        authTypes: ['md2', 'md5', 'password'],
        ...settings,
      },
    ],
  });
  const packets = record(net.bmc, net.world);
  const raw = await net.by(options);
  expect(await raw.open()).toBe(0);
  expect(await raw.rakp1()).toBe(0);
  expect(await raw.rakp3()).toBe(0);
  expect(await raw.send20(6, 0x3b, [4])).toBe(0);
  expect(await raw.send20(6, 1)).toBe(0);
  return packets;
}

test('EXP1: a session of every suite is found and opened with the password, and paired above the session layer', async () => {
  for (const suite of SUITES.filter((one) => one !== 0)) {
    const file = pcapngOf(await session({ suite }));
    const { exchanges, seen } = await read(file, { passwords: ['another', PASSWORD] });
    expect(names(exchanges), `suite ${suite}`).toEqual(['6 3b admin 2 0', '6 1 admin 4 0']);
    expect(seen.at(-1)?.isAuthentic).toBe(true);
    const [, device] = exchanges;
    expect(device).toMatchObject({ channel: 'lan', bmc: '10.0.0.1:623', request: { lun: 0 } });
    expect(device.peer).toMatch(/^10\.0\.0\.2:/);
    expect(device.answer?.data).toHaveLength(11);
    expect(device.took).toBeGreaterThanOrEqual(0);
    const { codes } = seen.at(-1)!.logIn as LogIn20;
    expect([codes.rakp2, codes.rakp3, codes.rakp4].map((one) => one?.isRight)).toEqual([true, true, true]);
  }
});

test('EXP1: K_g, as text or hexadecimal, is a key of its own; without it the session stays closed', async () => {
  const kg = new TextEncoder().encode('a key for the BMC');
  const file = pcapOf(await session({ kg: padded(kg) }, { kg: 'a key for the BMC' }));
  expect((await read(file, { passwords: [PASSWORD] })).exchanges).toEqual([]);
  for (const given of ['a key for the BMC', kg, `0x${Buffer.from(kg).toString('hex')}`])
    expect(names((await read(file, { passwords: [PASSWORD], kg: given })).exchanges)).toHaveLength(2);
});

const padded = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(20);
  out.set(bytes);
  return out;
};

test('EXP1: what is encrypted stays closed without a password; what is in the clear needs none', async () => {
  const sealed = await read(pcapngOf(await session({ suite: 3 })));
  expect(sealed.exchanges).toEqual([]);
  expect(sealed.seen.at(-1)).toMatchObject({ payload: undefined, isAuthentic: undefined });
  const clear = await read(pcapngOf(await session({ suite: 2 })));
  expect(names(clear.exchanges)).toEqual(['6 3b admin 2 0', '6 1 admin 4 0']);
});

test('EXP1: the log-in is found where RAKP 4 is lost', async () => {
  const packets = await session({ suite: 3 });
  // RAKP 4 is the sixth.
  const without = packets.filter((_, i) => i !== 5);
  const { exchanges } = await read(pcapngOf(without), { passwords: [PASSWORD] });
  expect(names(exchanges)).toEqual(['6 3b admin 2 0', '6 1 admin 4 0']);
});

test('EXP1: IPMI 1.5 with MD2, MD5 and passwords as they are', async () => {
  for (const authType of [AuthType.Md2, AuthType.Md5, AuthType.Password]) {
    const net = await logInNet({
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', authTypes: ['md2', 'md5', 'password'] }],
    });
    const packets = record(net.bmc, net.world);
    const raw = await net.by();
    expect(await raw.challenge(authType)).toBe(0);
    expect(await raw.activate(false, authType)).toBe(0);
    expect(await raw.send15(6, 0x3b, [4], authType)).toBe(0);
    expect(await raw.send15(6, 1, [], authType)).toBe(0);
    const right = await read(pcapngOf(packets), { passwords: [PASSWORD] });
    expect(names(right.exchanges)).toEqual(['6 39 - 0 0', '6 3a - 0 0', '6 3b admin 2 0', '6 1 admin 4 0']);
    expect(right.seen.slice(2).map(({ isAuthentic }) => isAuthentic)).toEqual(Array(6).fill(true));
    const wrong = await read(pcapngOf(packets), { passwords: ['another'] });
    expect(names(wrong.exchanges)).toEqual(names(right.exchanges));
    expect(wrong.seen.slice(2).map(({ isAuthentic }) => isAuthentic)).toEqual(Array(6).fill(false));
  }
});

test('EXP1: a request that is repeated counts once, one without an answer comes at the end, two sessions at a time stay apart', async () => {
  const net = await logInNet();
  const packets = record(net.bmc, net.world);
  const [one, two] = [
    await net.by({ suite: 3 }),
    await net.by({ suite: 17, user: 'user', password: 'UserPass123', role: 2 }, '10.0.0.3'),
  ];
  for (const raw of [one, two]) await raw.open();
  for (const raw of [one, two]) await raw.rakp1();
  for (const raw of [two, one]) expect(await raw.rakp3()).toBe(0);
  for (const raw of [one, two]) expect(await raw.send20(6, 1)).toBe(0);
  const asked = packets.length;
  expect(await one.send20(6, 1)).toBe(0);
  const repeated = [...packets.slice(0, asked + 1), packets[asked], ...packets.slice(asked + 1)];
  expect(await one.send20(0, 1)).toBe(0);
  const lost = [...repeated, packets.at(-2)!];
  const { exchanges } = await read(pcapngOf(lost), { passwords: [PASSWORD, 'UserPass123'] });
  expect(names(exchanges)).toEqual(['6 1 admin 2 0', '6 1 user 2 0', '6 1 admin 2 0', '0 1 admin 2 none']);
});

test('EXP1: our own capture, with the same twice and secrets masked, gives each exchange once', async () => {
  const net = await logInNet();
  const file = await net.world.until(
    CaptureFile.open(net.world.files, '/own.pcapng', {
      header: captureHeader('bmc'),
      failed: () => expect(0).toBe(1),
    }),
  );
  const capture = new Capture({ router: net.bmc.router, clock: net.world.clock }, (packet) =>
    file.write(packet),
  );
  net.bmc.taps.add(capture);
  const client = await net.world.until(
    connectLan(net.world, { ...SERVER, user: 'admin', password: PASSWORD }),
  );
  await net.world.until(client.send(GetDeviceId));
  await net.world.until(client.send(GetChassisStatus));
  capture.flush();
  await net.world.until(file.close());
  const bytes = await net.world.until(net.world.files.read('/own.pcapng'));
  const { exchanges } = await read(bytes, { passwords: [PASSWORD] });
  expect(names(exchanges).slice(-2)).toEqual(['6 1 admin 4 0', '0 1 admin 4 0']);
  expect(new Set(exchanges.map(({ number }) => number)).size).toBe(exchanges.length);
});

test('EXP9: BMCs that have one address and one port in a capture of ours are told apart by its interfaces', async () => {
  // One console's port to both, as programs have it that ask many BMCs.
  const of = async (place: number): Promise<Uint8Array[]> =>
    (await session({ suite: place === 0 ? 3 : 17 })).map((packet) =>
      enhancedPacket({ ...packet, interface: place, direction: 'in', comment: '' }),
    );
  const [first, second] = [await of(0), await of(3)];
  const mixed = first.flatMap((block, i) => [block, second[i]]);
  const file = Buffer.concat([...captureHeader('node-1', 'node-2'), ...mixed]);
  const { exchanges, seen } = await read(file, { passwords: [PASSWORD] });
  expect(exchanges.map(({ bmc, request: { cmd } }) => `${bmc} ${cmd.toString(16)}`)).toEqual([
    'node-1 3b',
    'node-2 3b',
    'node-1 1',
    'node-2 1',
  ]);
  expect(seen.map(({ problem }) => problem).join('')).toBe('');
  await expect(importCapture(file, { passwords: [PASSWORD] })).rejects.toThrow(
    'node-1, node-2: say which one',
  );
  const { header, entries } = await importCapture(file, { passwords: [PASSWORD], bmc: 'node-2' });
  expect([header.bmc, entries.length]).toEqual(['node-2', 2]);
});

test('EXP1: cut, changed and foreign datagrams throw nothing and open nothing', async () => {
  const packets = await session({ suite: 3 });
  const { world } = await logInNet();
  const spoilt = Array.from({ length: 400 }, (_, i) => {
    const { time, bytes } = packets[i % packets.length];
    const copy = bytes.slice(0, i % 3 === 0 ? 28 + (world.random.u32() % (bytes.length - 27)) : undefined);
    if (copy.length > 28) copy[28 + (world.random.u32() % (copy.length - 28))] ^= 1 << (i % 8);
    return { time, bytes: copy };
  });
  const { seen } = await read(pcapngOf([...packets.slice(0, 6), ...spoilt]), { passwords: [PASSWORD] });
  expect(seen.length).toBeGreaterThan(100);
  expect(seen.filter(({ problem }) => problem !== '').length).toBeGreaterThan(50);
});
