import { expect, test } from 'vitest';
import { btNode, kcsNode, ssifNode } from '../../../test/support/kernel-nodes.ts';
import { toHex } from '../../../test/support/vectors.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { GetChannelInfo } from '../../commands/app/channels.ts';
import { loopback } from '../../client/index.ts';
import { Context, handleRaw } from '../../router/index.ts';
import {
  KcsDriver,
  KcsStatus,
  SsifDriver,
  smbusOf,
  type HostBus,
  type Registers,
} from '../../wire/host/index.ts';
import { simWorld, type SimDriver } from '../../world/index.ts';
import { DevicePort } from './index.ts';

const EVENTS = { request: () => undefined, cancelled: () => undefined, ready: () => undefined };

function bench(kind: 'bt' | 'kcs' | 'ssif', driver?: SimDriver) {
  const world = simWorld(9);
  if (driver) world.devices.provide('/dev/node', driver);
  const log: string[] = [];
  const port = new DevicePort({
    kind,
    path: '/dev/node',
    devices: world.devices,
    clock: world.clock,
    log: (line) => log.push(line),
  });
  return { world, port, log };
}

/** A driver that does as it is told. */
function script(): SimDriver & {
  inbox: Uint8Array[];
  written: string[];
  answer: (string | undefined)[];
  requests: string[];
  wake: () => void;
} {
  return {
    inbox: [],
    written: [],
    answer: [],
    requests: [],
    wake: () => undefined,
    open(wake) {
      this.wake = wake;
    },
    read() {
      return this.inbox.shift();
    },
    write(message) {
      this.written.push(toHex(message));
      return this.answer.shift();
    },
    ioctl(request) {
      this.requests.push(request.toString(16));
      return this.answer.shift();
    },
    release: () => undefined,
  };
}

test('a node that is not there, and one that another program serves: an error that names it', async () => {
  const { world, port } = bench('bt');
  await expect(world.until(Promise.resolve(port.open(EVENTS)))).rejects.toThrow(
    "ENOENT: no such file or directory, open '/dev/node'",
  );
  world.devices.provide('/dev/node', btNode().driver);
  await world.until(world.devices.open('/dev/node'));
  await expect(world.until(Promise.resolve(port.open(EVENTS)))).rejects.toThrow(
    "EBUSY: in use by another process, open '/dev/node'",
  );
});

test('the bytes of each driver, both ways; one read and one write a message', async () => {
  for (const [kind, read, request, response, written] of [
    ['bt', '03 18 07 01', '03 18 07 01', '04 1c 07 01 c1', '04 1c 07 01 c1'],
    ['kcs', '18 01', '18 01', '1c 01 c1', '1c 01 c1'],
    ['ssif', '02 00 00 00 18 01', '18 01', '1c 01 c1', '03 00 00 00 1c 01 c1'],
  ] as const) {
    const driver = script();
    const { world, port } = bench(kind, driver);
    const got: string[] = [];
    await world.until(
      Promise.resolve(port.open({ ...EVENTS, request: (message) => got.push(toHex(message)) })),
    );
    const bytes = (text: string): Uint8Array =>
      Uint8Array.from(text.split(' '), (byte) => parseInt(byte, 16));
    driver.inbox.push(bytes(read), bytes(read));
    driver.wake();
    await world.run(10);
    expect(got).toEqual([request, request]);
    expect(port.send(bytes(response))).toBe('sent');
    await world.run(10);
    expect(driver.written).toEqual([written]);
  }
});

test('R36: ssif: a length that lies is no message; what follows it is no part of it', async () => {
  const driver = script();
  const { world, port } = bench('ssif', driver);
  const got: string[] = [];
  await world.until(
    Promise.resolve(port.open({ ...EVENTS, request: (message) => got.push(toHex(message)) })),
  );
  driver.inbox.push(
    Uint8Array.of(3, 0, 0, 0, 0x18, 1),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(2, 0, 0),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1),
    Uint8Array.of(2, 0, 0, 0, 0x18, 1, 9),
  );
  driver.wake();
  await world.run(10);
  expect(got).toEqual(['18 01']);
  expect(port.counters.malformed).toBe(4);
});

test('a write that comes too late is normal: counted, not told; other errors are told once', async () => {
  const driver = script();
  const { world, port, log } = bench('kcs', driver);
  await world.until(Promise.resolve(port.open(EVENTS)));
  driver.answer.push('EINVAL', 'EINVAL', 'EIO', 'EIO');
  for (let i = 0; i < 4; i++) port.send(Uint8Array.of(0x1c, 1, 0));
  await world.run(10);
  expect(port.counters).toMatchObject({ undelivered: 2, errors: 2 });
  expect(log).toEqual(["EIO: input/output error, write '/dev/node'"]);
});

test('bt: a writer that has to wait holds the next one up, not the BMC; EIO is tried again', async () => {
  const driver = script();
  const { world, port, log } = bench('bt', driver);
  let ready = 0;
  await world.until(Promise.resolve(port.open({ ...EVENTS, ready: () => ready++ })));
  const frame = Uint8Array.of(4, 0x1c, 1, 1, 0);
  driver.answer.push('sleep');
  expect(port.send(frame)).toBe('sent');
  await world.run(1000);
  expect(port.send(frame)).toBe('later');
  driver.answer.push('EIO');
  driver.wake();
  await world.run(100);
  expect([ready, driver.written.length, port.counters.errors, log]).toEqual([1, 3, 0, []]);
  expect(port.send(frame)).toBe('sent');
});

test('R41: bt: a host that fetches nothing and asks on costs no memory, and is served when it is back', async () => {
  const world = simWorld(3);
  const driver = script();
  world.devices.provide('/dev/ipmi-bt-host', driver);
  const bmc = new Bmc({ interfaces: [{ type: 'bt' }], sel: { bootEvents: false } }, { world });
  await world.until(bmc.open());
  const [{ interface: one }] = [...bmc.router.attachments];
  const ask = (seq: number): number => driver.inbox.push(Uint8Array.of(3, 0x18, seq & 0xff, 1));
  driver.answer = Array.from({ length: 20_000 }, () => 'sleep');
  for (let i = 0; i < 10_000; i++) {
    ask(i);
    driver.wake();
    if (i % 100 === 0) await world.run(1);
    expect(one.unsent).toBeLessThanOrEqual(64);
  }
  await world.run(10_000);
  driver.answer = [];
  driver.written = [];
  driver.wake();
  await world.run(100);
  expect(one.unsent).toBe(0);
  ask(200);
  driver.wake();
  await world.run(100);
  // The one that the driver held, and this one: what waited in between is too old to be returned.
  expect(driver.written.map((frame) => frame.split(' ')[2])).toEqual(['00', 'c8']);
});

test('R33: attention by ioctl: bt sets, kcs sets, clears and aborts, ssif cannot; without koffi it is said once', async () => {
  for (const [kind, requests] of [
    ['bt', ['b100', 'b100']],
    ['kcs', ['b100', 'b101', 'b100', 'b102']],
    ['ssif', []],
  ] as const) {
    const driver = script();
    const { world, port, log } = bench(kind, driver);
    await world.until(Promise.resolve(port.open(EVENTS)));
    for (const set of [false, true, true, false, true]) port.attention(set, set);
    port.abort();
    await world.run(10);
    expect(driver.requests).toEqual(requests);
    expect(log).toHaveLength(kind === 'ssif' ? 1 : 0);
    driver.answer.push('ENOSYS', 'ENOSYS');
    port.attention(false, false);
    port.attention(true, true);
    await world.run(10);
    expect(log).toHaveLength(1);
    if (kind !== 'ssif')
      expect(log[0]).toBe("ENOSYS: the optional package koffi is not installed, ioctl '/dev/node'");
  }
});

test('a node that goes is said once, and opened again when it is back, attention included', async () => {
  const driver = script();
  const { world, port, log } = bench('kcs', driver);
  let cancelled = 0;
  await world.until(Promise.resolve(port.open({ ...EVENTS, cancelled: () => cancelled++ })));
  port.attention(true, true);
  await world.run(10);
  world.devices.remove('/dev/node');
  await world.run(5000);
  expect([cancelled, log.length]).toEqual([1, 1]);
  expect(port.send(Uint8Array.of(0x1c, 1, 0))).toBe('gone');
  world.devices.provide('/dev/node', driver);
  await world.run(1500);
  expect(driver.requests).toEqual(['b100', 'b100']);
  expect(port.counters.reopened).toBe(1);
  await world.until(Promise.resolve(port.close()));
  world.devices.remove('/dev/node');
  await world.run(5000);
  expect(log).toHaveLength(1);
});

const busOf = (world: ReturnType<typeof simWorld>, registers: Registers): HostBus => {
  const takes = <T>(ms: number, result: T): Promise<T> =>
    new Promise((resolve) => void world.clock.after(ms, () => resolve(result)));
  return {
    read: (at) => takes(0.001, registers.read(at)),
    write: (at, value) => takes(0.001, registers.write(at, value)),
    pause: () => takes(1, undefined),
  };
};

test('a BMC from its settings, behind the node of each driver', async () => {
  for (const [kind, protocol] of [
    ['bt', 8],
    ['kcs', 5],
    ['ssif', 4],
  ] as const) {
    const world = simWorld(3);
    const nodes = { bt: btNode(), kcs: kcsNode(), ssif: ssifNode(world.clock) };
    world.devices.provide('/dev/ipmi', nodes[kind].driver);
    const options: BmcOptions = {
      interfaces: [{ type: kind, device: '/dev/ipmi' }],
      sel: { bootEvents: false },
    };
    const bmc = new Bmc(options, { world });
    await world.until(bmc.open());
    expect(bmc.interfaces).toMatchObject([{ type: kind, channel: 15, address: '/dev/ipmi' }]);
    const [{ channel }] = [...bmc.router.attachments].map((attachment) => attachment.interface);
    const client = loopback(bmc.router.dispatch, new Context(bmc, channel, 4));
    expect(await client.send(GetChannelInfo, { channel: 0xe })).toMatchObject({ protocol, medium: 12 });
    if (kind === 'kcs') {
      const driver = new KcsDriver(busOf(world, nodes.kcs.registers));
      expect(toHex(await world.until(driver.request(Uint8Array.of(0x18, 0x01)))).slice(0, 8)).toBe(
        '1c 01 00',
      );
      bmc.messages.watchdogPreTimeout = true;
      await world.run(10);
      expect(nodes.kcs.registers.read(1) & KcsStatus.SmsAtn).toBe(KcsStatus.SmsAtn);
    }
    if (kind === 'ssif') {
      const driver = new SsifDriver(
        smbusOf(nodes.ssif.target, () => busOf(world, nodes.kcs.registers).pause(), true),
      );
      // R45: input and output sizes that hold.
      expect(toHex(await world.until(driver.request(Uint8Array.of(0x18, 0x57, 0))))).toBe(
        '1c 57 00 00 88 fe fe',
      );
    }
    await world.until(bmc.close());
  }
});

test('ssif: the driver gives a response half a second; a handler that is slower is busy before that, and its answer is dropped', async () => {
  const world = simWorld(3);
  const { driver, target } = ssifNode(world.clock);
  world.devices.provide('/dev/ipmi-ssif-host', driver);
  const bmc = new Bmc({ interfaces: [{ type: 'ssif' }], sel: { bootEvents: false } }, { world });
  const slow = (): Promise<Uint8Array> =>
    new Promise((resolve) => void world.clock.after(2000, () => resolve(Uint8Array.of(0))));
  bmc.router.register({ owner: 'slow', handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, slow)] });
  await world.until(bmc.open());
  const pause = (): Promise<void> => new Promise((resolve) => void world.clock.after(5, resolve));
  const host = new SsifDriver(smbusOf(target, pause));
  expect(toHex(await world.until(host.request(Uint8Array.of(0xc0, 1))))).toBe('c4 01 c0');
  await world.run(3000);
  expect(toHex(await world.until(host.request(Uint8Array.of(0x18, 1)))).slice(0, 8)).toBe('1c 01 00');
});
