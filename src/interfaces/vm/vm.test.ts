import { expect, test } from 'vitest';
import { hex, toHex } from '../../../test/support/vectors.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { connectVm, type VmMonitorOptions } from '../../client/index.ts';
import { GetSessionChallenge, SetSessionPrivilegeLevel } from '../../commands/app/sessions.ts';
import { parseConfig } from '../../config/index.ts';
import { GetChannelInfo } from '../../commands/app/channels.ts';
import { GetSystemInterfaceCapabilities, SetBmcGlobalEnables } from '../../commands/app/global.ts';
import { handleRaw } from '../../router/index.ts';
import { simWorld, type Stream } from '../../world/index.ts';

const ENABLES = {
  oem2: false,
  oem1: false,
  oem0: false,
  systemEventLogging: true,
  eventMessageBuffer: true,
  eventMessageBufferFullInterrupt: true,
  receiveMessageQueueInterrupt: true,
};
const DEVICE_ID = '00 18 01 e7 a0';
const event = hex('00 00 02 00 00 00 00 20 00 04 01 01 01 00 00 00');

async function bench(options: BmcOptions = {}) {
  const world = simWorld(6);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan' }, { type: 'vm', interface: 'bt', listen: '/vm.sock' }],
      sel: { bootEvents: false },
      ...options,
    },
    { world },
  );
  await world.until(bmc.open());
  /** A connection that speaks in bytes. */
  const raw = async () => {
    const heard: number[] = [];
    const stream: Stream = await world.until(world.stream.connect({ path: '/vm.sock' }));
    let closed = false;
    stream.onData = (bytes) => heard.push(...bytes);
    stream.onClose = () => (closed = true);
    const listen = async (ms = 100): Promise<string> => {
      await world.run(ms);
      return toHex(Uint8Array.from(heard.splice(0)));
    };
    const greeting = await listen();
    return {
      stream,
      listen,
      greeting,
      isClosed: () => closed,
      say: async (text: string) => (stream.write(hex(text)), listen()),
    };
  };
  const monitor = (more: VmMonitorOptions = {}) => world.until(connectVm(world, { path: '/vm.sock' }, more));
  return { world, bmc, raw, monitor };
}

test('the greeting of ipmi_sim, and a request as QEMU sends it', async () => {
  const { raw } = await bench();
  const { greeting, say } = await raw();
  expect(greeting).toBe('ff 01 a1 00 a1');
  expect(await say(`ff 01 a1 08 3f a1 ${DEVICE_ID}`)).toMatch(/^00 1c 01 00 [\da-f ]+ a0$/);
});

test('the process stays awake for what a machine asks next', async () => {
  const world = simWorld(6);
  const accepted: Stream[] = [];
  const listen = world.stream.listen.bind(world.stream);
  world.stream.listen = (at, accept) =>
    listen(at, (one) => {
      accepted.push(one);
      accept(one);
    });
  const bmc = new Bmc({ interfaces: [{ type: 'vm', listen: '/vm.sock' }] }, { world });
  await world.until(bmc.open());
  await world.until(world.stream.connect({ path: '/vm.sock' }));
  expect(accepted.map(({ eager }) => eager)).toEqual([0.4]);
  const calm = new Bmc({ interfaces: [{ type: 'vm', listen: '/calm.sock', awake: 0 }] }, { world });
  await world.until(calm.open());
  await world.until(world.stream.connect({ path: '/calm.sock' }));
  expect(accepted.map(({ eager }) => eager)).toEqual([0.4, 0]);
});

test('interrupts follow Set BMC Global Enables, and are on before its response', async () => {
  const { raw, bmc } = await bench();
  const { say } = await raw();
  await say('ff 01 a1 08 3f a1');
  expect(await say('01 18 2e 09 b0 a0')).toBe('05 a1 01 1c 2e 00 b5 a0');
  expect(await say('02 18 2e 0d ab a0')).toBe('02 1c 2e 00 b4 a0');
  expect(await say('03 18 2e 08 af a0')).toBe('06 a1 03 1c 2e 00 b3 a0');
  expect(bmc.messages.interruptsEnabled).toBe(false);
});

test('a connection lost and made again is told of waiting messages and of interrupts', async () => {
  const { world, bmc, raw, monitor } = await bench();
  const first = await monitor();
  await world.until(first.send(SetBmcGlobalEnables, ENABLES));
  bmc.messages.putEvent(event);
  await world.run(100);
  expect([first.monitor.attention, first.monitor.interrupts]).toEqual(['interrupt', true]);
  first.close();
  await world.run(100);
  expect((await raw()).greeting).toBe('ff 01 a1 02 a1 05 a1');
});

test('a machine without the capability is told nothing of attention and interrupts', async () => {
  const { bmc, raw } = await bench();
  const { say, listen } = await raw();
  await say('08 03 a1');
  expect(await say('01 18 2e 0f aa ba a0')).toBe('01 1c 2e 00 b5 a0');
  bmc.messages.putEvent(event);
  expect(await listen()).toBe('');
});

test('a new connection takes the place of the old one, whose answers go nowhere', async () => {
  const { world, bmc, raw } = await bench();
  let answer: (body: Uint8Array) => void = () => undefined;
  bmc.router.register({
    owner: 'slow',
    handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => new Promise((resolve) => (answer = resolve)))],
  });
  const old = await raw();
  await old.say('00 c0 01 3f a0');
  const fresh = await raw();
  expect(old.isClosed()).toBe(true);
  answer(Uint8Array.of(0));
  expect(await fresh.listen(5000)).toBe('');
  expect(await fresh.say(DEVICE_ID)).toMatch(/^00 1c 01/);
  await world.until(bmc.close());
  await world.run(100);
  expect(fresh.isClosed()).toBe(true);
});

test('what takes too long is C3h below the 4 s of the host, and its late answer is dropped', async () => {
  const { world, bmc, raw } = await bench();
  bmc.router.register({
    owner: 'slow',
    handlers: [
      handleRaw(
        { netFn: 0x30, cmd: 1 },
        () => new Promise((resolve) => world.clock.after(5000, () => resolve(Uint8Array.of(0)))),
      ),
    ],
  });
  const { stream, listen } = await raw();
  stream.write(hex('07 c0 01 38 a0'));
  expect(await listen(2900)).toBe('');
  expect(await listen(600)).toBe('07 c4 01 c3 71 a0');
  expect(await listen(5000)).toBe('');
});

test('no session is begun here, and every right is there', async () => {
  const { world, bmc, monitor } = await bench();
  const client = await monitor();
  const challenge = client.send(GetSessionChallenge, { authType: 2, userName: new Uint8Array(16) });
  await expect(world.until(challenge)).rejects.toMatchObject({ cc: 0xc1 });
  expect(toHex(await world.until(client.raw(6, 0x3a, new Uint8Array(22))))).toBe('c1');
  await expect(world.until(client.send(SetSessionPrivilegeLevel, { privilege: 4 }))).rejects.toMatchObject({
    cc: 0xd5,
  });
  expect(bmc.sessions.active).toEqual([]);
});

test.each([
  ['bt', 8, 'cc', 'cc'],
  ['kcs', 5, 'cc', '00 00 00 ff'],
  ['ssif', 4, '00 00 88 fe fe', 'cc'],
] as const)(
  '%s says so in Get Channel Info and Get System Interface Capabilities',
  async (kind, protocol, ssif, kcs) => {
    const { world, monitor } = await bench({
      interfaces: [{ type: 'vm', interface: kind, listen: '/vm.sock' }],
    });
    const client = await monitor();
    expect(await world.until(client.send(GetChannelInfo, { channel: 0xe }))).toMatchObject({
      channel: 15,
      medium: 12,
      protocol,
      sessionSupport: 0,
    });
    const { netFn, cmd } = GetSystemInterfaceCapabilities;
    expect(toHex(await world.until(client.raw(netFn, cmd, Uint8Array.of(0))))).toBe(ssif);
    expect(toHex(await world.until(client.raw(netFn, cmd, Uint8Array.of(1))))).toBe(kcs);
  },
);

test('requests too long, answers too long, responses and unknown operations: refused, or dropped and counted', async () => {
  const { world, bmc, raw, monitor } = await bench();
  bmc.router.register({
    owner: 'long',
    handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => new Uint8Array(253))],
  });
  const { stream, listen, say } = await raw();
  const long = [0x01, 0x18, 0x01, ...new Uint8Array(300).fill(1)];
  stream.write(Uint8Array.from([...long, -long.reduce((a, b) => a + b) & 0xff, 0xa0]));
  expect(await listen()).toBe('01 1c 01 c8 1a a0');
  expect(await say('02 c0 01 3d a0')).toBe('02 c4 01 ca 6f a0');
  expect(await say('03 1c 01 e0 a0 0a a1 08 a1')).toBe('');
  const client = await monitor();
  expect([...(await world.until(client.raw(6, 1)))][0]).toBe(0);
});

test('connecting instead of listening: tried each second, and again when the machine has gone', async () => {
  const world = simWorld(8);
  const bmc = new Bmc({ interfaces: [{ type: 'vm', connect: '/qemu.sock' }] }, { world });
  await world.until(bmc.open());
  await world.run(3000);
  const streams: Stream[] = [];
  await world.until(world.stream.listen({ path: '/qemu.sock' }, (stream) => streams.push(stream)));
  await world.run(1200);
  expect(streams.length).toBe(1);
  streams[0].destroy();
  await world.run(1200);
  expect(streams.length).toBe(2);
  streams[1].destroy();
  await world.run(500);
  await world.until(bmc.close());
  await world.run(5000);
  expect(streams.length).toBe(2);
});

test('detached and attached again, it connects again, and again when the machine has gone', async () => {
  const world = simWorld(8);
  const bmc = new Bmc({ interfaces: [{ type: 'vm', connect: '/qemu.sock' }] }, { world });
  const streams: Stream[] = [];
  await world.until(world.stream.listen({ path: '/qemu.sock' }, (stream) => streams.push(stream)));
  await world.until(bmc.open());
  await world.run(10);
  const attachment = [...bmc.router.attachments].find(
    ({ interface: { channel } }) => channel.medium === 'system-interface',
  )!;
  await world.until(attachment.detach());
  await world.until(bmc.router.attach(attachment.interface));
  await world.run(10);
  streams[1].destroy();
  await world.run(1200);
  expect(streams.length).toBe(3);
});

test('a fleet: each machine has a socket of its own; a TCP port is said to be open to everybody', async () => {
  const world = simWorld(9);
  const log: string[] = [];
  const text = `
bmcs:
  - { count: 2, name: 'bmc-{n}', identity: { productId: 7 }, interfaces: [{ type: vm, listen: '/run/vm-{n}.sock' }] }
  - { name: open, interfaces: [{ type: vm, listen: '127.0.0.1:9002' }] }
`;
  const say = (line: string): void => void log.push(line);
  const bmcs = parseConfig(text, 'fleet.yaml').map(
    (options) => new Bmc(options, { world, log: { debug: say, info: say, warn: say, error: say } }),
  );
  await world.until(Promise.all(bmcs.map((bmc) => bmc.open())));
  const clients = await Promise.all(
    [0, 1].map((n) => world.until(connectVm(world, { path: `/run/vm-${n}.sock` }))),
  );
  await world.until(clients[0].send(SetBmcGlobalEnables, ENABLES));
  expect(bmcs.map((bmc) => bmc.messages.interruptsEnabled)).toEqual([true, false, false]);
  expect(clients.map((client) => client.monitor.interrupts)).toEqual([true, false]);
  expect(log).toEqual(['open: vm listens on 127.0.0.1:9002: whoever connects is the host, with every right']);
});
