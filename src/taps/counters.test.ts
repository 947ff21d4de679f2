import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { connectLan } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetIpUdpRmcpStatistics } from '../commands/transport/lan.ts';
import { BtInterface, KcsInterface, SsifInterface } from '../interfaces/index.ts';
import { attachmentCounters, handleRaw } from '../router/index.ts';
import { BtRegisters, KcsRegisters, SsifTarget } from '../wire/host/index.ts';
import { simWorld } from '../world/index.ts';
import type { CounterGroup } from './index.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };
const OK = Uint8Array.of(0);
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** A BMC with an interface of every kind. */
async function everyKind() {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [
        { type: 'lan', listen: '10.0.0.1:623' },
        { type: 'ipmb' },
        { type: 'icmb', channel: 5 },
        { type: 'vm', listen: '/vm.sock' },
        { type: 'serial', channel: 4, listen: '10.0.0.1:2000' },
      ],
      users: [{ id: 2, name: 'admin', password: 'secret' }],
      sockets: { handlers: { path: '/handlers' }, bt: { path: '/bt' } },
    },
    { world, log },
  );
  await world.until(bmc.open());
  for (const [i, port] of [new BtRegisters(), new KcsRegisters(), new SsifTarget()].entries()) {
    const options = { bmc, port, clock: world.clock, channel: 8 + i };
    await bmc.attach(new [BtInterface, KcsInterface, SsifInterface][i](options));
  }
  return { world, bmc };
}

const of = (bmc: Bmc, name: string): CounterGroup => bmc.counters.find((group) => group.name === name)!;

test('P2: whatever counts, counts in one shape: each number has a name, a unit and what it counts, and nothing is declared that is not there', async () => {
  const { bmc } = await everyKind();
  const groups = bmc.counters;
  expect(groups.map(({ name }) => name).sort()).toEqual([
    'bt-socket',
    'channel 0 (ipmb)',
    'channel 1 (lan)',
    'channel 10 (system-interface)',
    'channel 15 (system-interface)',
    'channel 4 (serial)',
    'channel 5 (icmb)',
    'channel 8 (system-interface)',
    'channel 9 (system-interface)',
    'dropped datagrams',
    'handler-socket',
    'log-ins',
  ]);
  for (const { name, counters, table } of groups) {
    expect(Object.keys(counters).sort(), name).toEqual(Object.keys(table).sort());
    for (const [counter, { unit, counts }] of Object.entries(table))
      expect(
        [unit, counts].every((text) => /^[\w-].*[^.\s]$/.test(text)),
        `${name}: ${counter}`,
      ).toBe(true);
    expect(new Set(Object.values(counters)), name).toEqual(new Set([0]));
  }
});

test('P2: an interface leaves the names alone that are counted of every one, and its registers leave its own alone', async () => {
  const { world, bmc } = await everyKind();
  for (const { interface: attached } of bmc.router.attachments)
    expect(Object.keys(attached.counterTable ?? {}).filter((name) => name in attachmentCounters)).toEqual([]);
  for (const port of [new BtRegisters(), new SsifTarget()]) {
    const bare = { open: quiet, close: quiet, send: () => 'sent' as const, attention: quiet };
    for (const Kind of [BtInterface, KcsInterface, SsifInterface]) {
      const own = Object.keys(new Kind({ bmc, port: bare, clock: world.clock }).counters);
      expect(own.filter((name) => name in port.counters)).toEqual([]);
    }
  }
});

test('P2: requests, datagrams, log-ins by result and drops by reason are counted where they happen', async () => {
  const { world, bmc } = await everyKind();
  const client = await world.until(connectLan(world, SERVER));
  const before = of(bmc, 'channel 1 (lan)').counters;
  await world.until(client.send(GetDeviceId));
  const after = of(bmc, 'channel 1 (lan)').counters;
  const more = Object.entries(after).filter(([name, count]) => count !== before[name]);
  expect(Object.fromEntries(more.map(([name, count]) => [name, count - before[name]]))).toEqual({
    received: 1,
    valid: 1,
    sent: 1,
    requests: 1,
  });
  await expect(world.until(connectLan(world, { ...SERVER, password: 'wrong' }))).rejects.toThrow();
  await expect(world.until(connectLan(world, { ...SERVER, user: 'nobody' }))).rejects.toThrow();
  expect(of(bmc, 'log-ins').counters).toMatchObject({ admitted: 1, 'unknown user': 1 });
  const refused = Object.entries(of(bmc, 'log-ins').counters).filter(([, count]) => count > 0);
  expect(refused.some(([name]) => name.includes('wrong password'))).toBe(true);
  const socket = await world.until(world.udp.bind({ host: '10.0.0.7', port: 0 }));
  socket.send(Uint8Array.of(1, 2, 3), { host: '10.0.0.1', port: 623 });
  await world.run(10);
  expect(of(bmc, 'dropped datagrams').counters.malformed).toBe(1);
  await world.until(client.send(GetIpUdpRmcpStatistics, { channel: 1, clear: true }));
  expect(of(bmc, 'channel 1 (lan)').counters).toMatchObject({ received: 0, valid: 0, sent: 1 });
});

test('P2: what is read is a moment: it does not go on counting', async () => {
  const { world, bmc } = await everyKind();
  const [lan] = bmc.counters;
  const socket = await world.until(world.udp.bind({ host: '10.0.0.7', port: 0 }));
  socket.send(Uint8Array.of(6, 0, 0xff, 7), { host: '10.0.0.1', port: 623 });
  await world.run(10);
  expect([lan.counters.received, of(bmc, lan.name).counters.received]).toEqual([0, 1]);
});

test('P2: what comes after its deadline is counted beside what the medium counts', async () => {
  const { world, bmc } = await everyKind();
  let release: () => void = quiet;
  bmc.router.register({
    owner: 'slow',
    handlers: [
      handleRaw({ netFn: 0x30, cmd: 1 }, () => new Promise((resolve) => (release = () => resolve(OK)))),
    ],
  });
  const client = await world.until(connectLan(world, SERVER));
  expect(await world.until(client.raw(0x30, 1))).toEqual(Uint8Array.of(0xc3));
  release();
  await world.run(10);
  expect(of(bmc, 'channel 1 (lan)').counters).toMatchObject({ expired: 1, late: 1, busy: 0 });
});

test('P2: a worker that goes takes nothing away from what its socket counted', async () => {
  const { world, bmc } = await everyKind();
  const worker = await world.until(world.stream.connect({ path: '/handlers' }));
  const say = (line: object): void =>
    void worker.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  say({ type: 'hello', protocol: 1 });
  say({ type: 'answer', token: 7, cc: 0 });
  await world.run(10);
  expect(of(bmc, 'handler-socket').counters.stray).toBe(1);
  worker.destroy();
  await world.run(10);
  expect(of(bmc, 'handler-socket').counters.stray).toBe(1);
});

test('P2: an interface of somebody else brings counters of its own, or none', async () => {
  const bmc = new Bmc({ name: 'bare' }, { world: simWorld(1), log });
  const channel = { number: 9, medium: 'smbus', maxAnswer: 64 } as const;
  const bare = { channel, open: async () => undefined, close: async () => undefined };
  await bmc.attach({ ...bare, channel: { ...channel, number: 8 } });
  const counterTable = { parity: { unit: 'bytes', counts: 'with a wrong parity' } };
  await bmc.attach({ ...bare, counters: { parity: 3 }, counterTable });
  expect(Object.keys(of(bmc, 'channel 8 (smbus)').counters)).toEqual(Object.keys(attachmentCounters));
  expect(of(bmc, 'channel 9 (smbus)')).toMatchObject({
    counters: { parity: 3, late: 0 },
    table: counterTable,
  });
});
