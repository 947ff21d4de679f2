import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { NetFn } from '../../commands/command.ts';
import type { Requester } from '../../services/bridging/requester.ts';
import { buildMessage, buildRecord, buildResponse, parseFrame, parseRecord } from '../../wire/index.ts';
import { IpmbInterface, IpmbSocket, MessageBus } from '../index.ts';
import { simWorld, type SimDriver, type SimWorld } from '../../world/index.ts';

const AT = '/run/ipmb';

async function controller(world: SimWorld, options: BmcOptions): Promise<Bmc> {
  const bmc = new Bmc({ sel: { bootEvents: false }, chassis: { events: false }, ...options }, { world });
  await world.until(bmc.open());
  return bmc;
}

const requesterOf = (bmc: Bmc): Requester => bmc.bridge.outlet(0)!.requester;
const ask = (world: SimWorld, bmc: Bmc, to: number, cmd = GetDeviceId.cmd): Promise<number[]> =>
  world.until(
    requesterOf(bmc)
      .request({ to, toLun: 0, netFn: NetFn.App, cmd, data: new Uint8Array(0) })
      .then((answer) => [...answer.subarray(0, 2)])
      .catch((error: { cc: number }) => [error.cc]),
  );

test('controllers of two processes meet at a socket, whichever comes first', async () => {
  const world = simWorld(1);
  const satellite = await controller(world, {
    identity: { deviceId: 0x33 },
    interfaces: [{ type: 'ipmb', address: 0x30, connect: AT, timeout: 50 }],
  });
  await world.run(3000);
  const bmc = await controller(world, {
    interfaces: [{ type: 'ipmb', listen: AT, timeout: 50 }],
    satellites: [{ address: 0x82, identity: { deviceId: 0x11 } }],
  });
  await world.run(1500);
  expect(await ask(world, bmc, 0x30)).toEqual([0, 0x33]);
  expect(await ask(world, satellite, 0x20)).toEqual([0, 0x20]);
  // The listening end is a bus: what is not for the BMC itself reaches the others on it.
  expect(await ask(world, satellite, 0x82)).toEqual([0, 0x11]);
  expect(bmc.interfaces.map(({ address }) => address)).toEqual([`20h, ${AT}`]);
  await world.until(satellite.close());
  await world.run(100);
  expect(await ask(world, bmc, 0x30)).toEqual([0x83]);
  await world.until(bmc.close());
});

test('three at one socket: each gets what is for it, and only that', async () => {
  const world = simWorld(2);
  const bmc = await controller(world, { interfaces: [{ type: 'ipmb', listen: AT, timeout: 50 }] });
  const others = await Promise.all(
    [0x30, 0x32, 0x34].map((address) =>
      controller(world, {
        identity: { deviceId: address + 1 },
        interfaces: [{ type: 'ipmb', address, connect: AT, timeout: 50 }],
      }),
    ),
  );
  await world.run(10);
  for (const address of [0x30, 0x32, 0x34]) expect(await ask(world, bmc, address)).toEqual([0, address + 1]);
  expect(await ask(world, others[0], 0x34)).toEqual([0, 0x35]);
  expect(others.map((other) => requesterOf(other).unexpected)).toEqual([0, 0, 0]);
  expect(await ask(world, bmc, 0x36)).toEqual([0xc3]);
});

test('a stream that is no IPMB is closed, and the socket lives on', async () => {
  const world = simWorld(3);
  const bmc = await controller(world, { interfaces: [{ type: 'ipmb', listen: AT, timeout: 50 }] });
  for (const junk of [Uint8Array.of(0), Uint8Array.of(3, 1, 2, 3), new Uint8Array(300).fill(0xff)]) {
    const stream = await world.until(world.stream.connect({ path: AT }));
    let closed = false;
    stream.onClose = () => (closed = true);
    stream.onData = () => undefined;
    stream.write(junk);
    await world.run(20);
    expect(closed).toBe(true);
  }
  const other = await controller(world, {
    identity: { deviceId: 0x33 },
    interfaces: [{ type: 'ipmb', address: 0x30, connect: AT }],
  });
  await world.run(10);
  expect(await ask(world, bmc, 0x30)).toEqual([0, 0x33]);
  await world.until(other.close());
});

/** `/dev/ipmb-0` as `ipmb_dev_int.c` has it: newest first, checksum 1 checked, errors of the I2C core. */
class SimNode implements SimDriver {
  readonly written: Uint8Array[] = [];
  failure: string | undefined;
  opened = 0;
  released = 0;
  readonly #waiting: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  open(wake: () => void): void {
    this.opened++;
    this.#wake = wake;
  }

  read(): Uint8Array | undefined {
    return this.#waiting.pop();
  }

  write(message: Uint8Array): string | undefined {
    if (this.failure !== undefined) return this.failure;
    if (message[0] < 7 || message.length < message[0] + 1) return 'EINVAL';
    this.written.push(message);
    return undefined;
  }

  ioctl(): string {
    return 'ENOTTY';
  }

  release(): void {
    this.released++;
    this.#waiting.length = 0;
  }

  arrive(...frames: Uint8Array[]): void {
    for (const frame of frames)
      if (((frame[0] + frame[1] + frame[2]) & 0xff) === 0) this.#waiting.push(buildRecord(frame));
    this.#wake();
  }
}

async function withNode(): Promise<{ world: SimWorld; bmc: Bmc; node: SimNode }> {
  const world = simWorld(4);
  const node = new SimNode();
  world.devices.provide('/dev/ipmb-0', node);
  const bmc = await controller(world, { interfaces: [{ type: 'ipmb', device: '/dev/ipmb-0', timeout: 50 }] });
  return { world, bmc, node };
}

test('a device node: requests are answered, newest first as it hands them out', async () => {
  const { world, node } = await withNode();
  const request = (seq: number): Uint8Array =>
    buildMessage({
      to: 0x20,
      toLun: 0,
      netFn: NetFn.App,
      from: 0x30,
      fromLun: 0,
      seq,
      cmd: GetDeviceId.cmd,
      data: new Uint8Array(0),
    });
  node.arrive(request(1), request(2), request(3));
  await world.run(5);
  const answers = node.written.map((record) => parseFrame(parseRecord(record)!)!.message);
  expect(answers.map(({ to, seq, netFn }) => [to, seq, netFn])).toEqual(
    [3, 2, 1].map((seq) => [0x30, seq, 7]),
  );
});

test('a device node: responses find their requests by number; a wrong second checksum is ours to see', async () => {
  const { world, bmc, node } = await withNode();
  const answers = [0, 1, 2].map((cmd) =>
    requesterOf(bmc).request({ to: 0x30, toLun: 0, netFn: NetFn.App, cmd, data: new Uint8Array(0) }),
  );
  await world.run(1);
  const responses = node.written.map((record) => {
    const { message } = parseFrame(parseRecord(record)!)!;
    return buildResponse(message, Uint8Array.of(0, 0x40 + message.cmd));
  });
  const spoilt = responses[0].slice();
  spoilt[7] ^= 1;
  node.arrive(spoilt, ...responses);
  expect(await world.until(Promise.all(answers))).toEqual(
    [0, 1, 2].map((cmd) => Uint8Array.of(0, 0x40 + cmd)),
  );
});

test.each([
  ['ENXIO', 0x83],
  ['EREMOTEIO', 0x83],
  ['EAGAIN', 0x81],
  ['ETIMEDOUT', 0x82],
])('a device node: %s is %i', async (code, cc) => {
  const { world, bmc, node } = await withNode();
  node.failure = code;
  expect(await ask(world, bmc, 0x30)).toEqual([cc]);
});

test('a device node that is gone: 82h, and it is opened again when it is back; a missing one is an error at the start', async () => {
  const { world, bmc, node } = await withNode();
  world.devices.remove('/dev/ipmb-0');
  await world.run(5);
  expect(await ask(world, bmc, 0x30)).toEqual([0x82]);
  world.devices.provide('/dev/ipmb-0', node);
  await world.run(1500);
  expect(await ask(world, bmc, 0x30)).toEqual([0xc3]);
  expect(node.written.length).toBeGreaterThan(0);
  const other = new Bmc({ interfaces: [{ type: 'ipmb', device: '/dev/ipmb-9' }] }, { world });
  await expect(world.until(other.open())).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a device node that comes back while its BMC goes is closed again', async () => {
  for (let ms = 990; ms <= 1010; ms++) {
    const { world, bmc, node } = await withNode();
    world.devices.remove('/dev/ipmb-0');
    world.devices.provide('/dev/ipmb-0', node);
    await world.run(ms);
    await world.until(bmc.close());
    await world.run(100);
    expect(node.opened - node.released).toBe(0);
  }
});

test('an interface that cannot open leaves no socket behind', async () => {
  const world = simWorld(5);
  const bmc = await controller(world, {});
  const socket = () =>
    new IpmbSocket({
      stream: world.stream,
      clock: world.clock,
      at: { listen: { path: AT } },
      log: () => undefined,
    });
  const bus = new MessageBus(world);
  bus.join(0x30, () => undefined);
  const taken = new IpmbInterface({ bmc, bus, address: 0x30, channel: 7, carriers: [socket()] });
  await expect(world.until(bmc.router.attach(taken))).rejects.toThrow('two controllers have address 30h');
  const free = new IpmbInterface({ bmc, bus, address: 0x32, channel: 7, carriers: [socket()] });
  const attachment = await world.until(bmc.router.attach(free));
  await world.until(attachment.detach());
});
