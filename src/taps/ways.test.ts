// What taps see on every way into a BMC but the LAN's messages, which taps.test.ts has.
import { expect, test } from 'vitest';
import { serialBench } from '../../test/support/serial-bench.ts';
import { bytes, solBench, text } from '../../test/support/sol-bench.ts';
import { toHex } from '../../test/support/vectors.ts';
import { Bmc } from '../bmc.ts';
import { connectLan, connectVm } from '../client/index.ts';
import { GetChannelAuthenticationCapabilities } from '../commands/app/sessions.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { ActivatePayload } from '../commands/app/payloads.ts';
import { GetIcmbAddress } from '../commands/bridge/icmb.ts';
import { NetFn } from '../commands/command.ts';
import {
  BtInterface,
  IcmbNetwork,
  IpmbInterface,
  KcsInterface,
  MessageBus,
  SsifInterface,
} from '../interfaces/index.ts';
import { buildBt } from '../wire/bt-frame.ts';
import {
  BtDriver,
  BtRegisters,
  KcsDriver,
  KcsRegisters,
  SsifDriver,
  SsifTarget,
  smbusOf,
  type HostBus,
  type Registers,
} from '../wire/host/index.ts';
import { buildMessage, parseFrame, PayloadType } from '../wire/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import type { Direction, Frame, Payload } from './index.ts';

interface Seen {
  readonly direction: Direction;
  readonly channel: number;
  readonly peer: string;
  readonly hex: string;
}

/** Frames as they pass, until `stop`. */
function framesOf(bmc: Bmc): { readonly seen: Seen[]; readonly stop: () => void } {
  const seen: Seen[] = [];
  const frame = ({ direction, channel, peer, bytes: data }: Frame): void =>
    void seen.push({ direction, channel: channel.number, peer, hex: toHex(data) });
  return { seen, stop: bmc.taps.add({ frame }) };
}

function payloadsOf(bmc: Bmc): Payload[] {
  const seen: Payload[] = [];
  bmc.taps.add({ payload: (payload) => void seen.push({ ...payload, bytes: payload.bytes.slice() }) });
  return seen;
}

const hostBus = (world: SimWorld, registers: Registers): HostBus => {
  const after = <T>(ms: number, result: T): Promise<T> =>
    new Promise((resolve) => void world.clock.after(ms, () => resolve(result)));
  return {
    read: (at) => after(0.001, registers.read(at)),
    write: (at, value) => after(0.001, registers.write(at, value)),
    pause: () => after(1, undefined),
  };
};

/** NetFn 06h, Get Device ID: request and response without what a medium puts around them. */
const REQUEST = '18 01';
const RESPONSE = /^1c 01 00 /;

test('TAP8: KCS and SSIF: the message in, the response out, of the host and on its channel; nothing once taken off', async () => {
  for (const kind of ['kcs', 'ssif'] as const) {
    const world = simWorld(1);
    const bmc = new Bmc({}, { world });
    const { port, request } =
      kind === 'kcs'
        ? (() => {
            const registers = new KcsRegisters();
            const driver = new KcsDriver(hostBus(world, registers));
            return { port: registers, request: (message: Uint8Array) => driver.request(message) };
          })()
        : (() => {
            const target = new SsifTarget();
            const pause = (): Promise<undefined> =>
              new Promise((resolve) => void world.clock.after(1, () => resolve(undefined)));
            const driver = new SsifDriver(smbusOf(target, pause, true));
            return { port: target, request: (message: Uint8Array) => driver.request(message) };
          })();
    await bmc.attach(new { kcs: KcsInterface, ssif: SsifInterface }[kind]({ bmc, port, clock: world.clock }));
    const { seen, stop } = framesOf(bmc);
    const answer = await world.until(request(Uint8Array.of(0x18, 1)));
    expect(seen, kind).toEqual([
      { direction: 'in', channel: 15, peer: 'host', hex: REQUEST },
      { direction: 'out', channel: 15, peer: 'host', hex: toHex(answer) },
    ]);
    expect(seen[1].hex).toMatch(RESPONSE);
    stop();
    await world.until(request(Uint8Array.of(0x18, 1)));
    expect(seen).toHaveLength(2);
  }
});

test('TAP8: BT: frames with their length and sequence number', async () => {
  const world = simWorld(1);
  const bmc = new Bmc({}, { world });
  const registers = new BtRegisters();
  await bmc.attach(new BtInterface({ bmc, port: registers, clock: world.clock }));
  const { seen } = framesOf(bmc);
  const driver = new BtDriver(hostBus(world, registers));
  const request = buildBt({
    netFn: NetFn.App,
    lun: 0,
    seq: 7,
    cmd: GetDeviceId.cmd,
    data: new Uint8Array(0),
  });
  await world.until(driver.write(request));
  await world.run(5);
  const response = await world.until(driver.poll());
  expect(seen).toEqual([
    { direction: 'in', channel: 15, peer: 'host', hex: '03 18 07 01' },
    { direction: 'out', channel: 15, peer: 'host', hex: toHex(response!) },
  ]);
  expect(seen[1].hex).toMatch(/^\w\w 1c 07 01 00 /);
});

test('TAP8: IPMB: what comes for others is seen too, what is not a frame as well, and what the BMC asks itself', async () => {
  const world = simWorld(1);
  const bus = new MessageBus(world);
  const bmc = new Bmc({}, { world });
  await bmc.attach(new IpmbInterface({ bmc, bus }));
  const heard: Uint8Array[] = [];
  const port = bus.join(0x30, (frame) => void heard.push(frame.slice()));
  const { seen } = framesOf(bmc);
  const { netFn, cmd } = GetDeviceId;
  const request = buildMessage({
    to: 0x20,
    toLun: 0,
    netFn,
    from: 0x30,
    fromLun: 0,
    seq: 5,
    cmd,
    data: new Uint8Array(0),
  });
  await port.write(request);
  await world.run(50);
  await bus.deliver(Uint8Array.of(0x20, 1, 2, 3));
  await world.run(50);
  expect(seen.map(({ direction, channel, peer }) => [direction, channel, peer])).toEqual([
    ['in', 0, ''],
    ['out', 0, ''],
    ['in', 0, ''],
  ]);
  expect([seen[0].hex, seen[1].hex, seen[2].hex]).toEqual([toHex(request), toHex(heard[0]), '20 01 02 03']);
  const parsed = parseFrame(heard[0]);
  expect(parsed?.message).toMatchObject({ to: 0x30, from: 0x20, seq: 5, cmd });
});

test('TAP8: ICMB: packets of both bridges, each on the side of its own BMC', async () => {
  const world = simWorld(1);
  const icmb = new IcmbNetwork(world);
  const [near, far] = ['near', 'far'].map(
    (name) => new Bmc({ name, interfaces: [{ type: 'icmb' }] }, { world, icmb }),
  );
  for (const bmc of [near, far]) await world.until(bmc.open());
  const [here, there] = [framesOf(near).seen, framesOf(far).seen];
  const port = near.icmb.out();
  const answer = await world.until(port.request(far.icmb.address, GetIcmbAddress.cmd, new Uint8Array(0)));
  expect(answer[0]).toBe(0);
  expect(here.map(({ direction }) => direction)).toEqual(['out', 'in']);
  expect(there.map(({ direction }) => direction)).toEqual(['in', 'out']);
  expect(there.map(({ hex }) => hex)).toEqual(here.map(({ hex }) => hex));
});

test('TAP8: VM protocol: bytes as the socket carries them, escaped and with checksums, by whom', async () => {
  const world = simWorld(1);
  const bmc = new Bmc({ interfaces: [{ type: 'vm', listen: '/vm.sock' }] }, { world });
  await world.until(bmc.open());
  const client = await world.until(connectVm(world, { path: '/vm.sock' }));
  await world.run(100);
  const { seen } = framesOf(bmc);
  await world.until(client.send(GetDeviceId));
  bmc.messages.watchdogPreTimeout = true;
  const said = (way: Direction): string[] =>
    seen.filter(({ direction }) => direction === way).map(({ hex }) => hex);
  // Number, NetFn/LUN, command, checksum, end of message; in the pieces that the socket makes of it.
  expect(said('in').join(' ')).toMatch(/^\w\w 18 01 \w\w a0$/);
  // Attention is a code of the protocol, not a message.
  expect(said('out')).toEqual([
    expect.stringMatching(/^\w\w 1c 01 00 .* a0$/),
    expect.stringMatching(/^\w\w a1$/),
  ]);
  expect(seen.every(({ channel, peer }) => channel === 15 && peer.includes('/vm.sock'))).toBe(true);
});

test('TAP8: serial: bytes of basic and of terminal mode, as they come and go, echo and all', async () => {
  for (const mode of ['basic', 'terminal'] as const) {
    const { bmc, basic, sys } = await serialBench({ withoutLogIn: 'administrator' });
    const { seen } = framesOf(bmc);
    if (mode === 'basic') await basic(GetDeviceId, {});
    else expect(await sys('18 00 01')).toMatch(/^\[1C 00 01 00 /);
    const said = (way: Direction): string =>
      seen
        .filter(({ direction }) => direction === way)
        .map(({ hex }) => hex)
        .join(' ');
    expect(seen.every(({ channel, peer }) => channel === bmcChannel(bmc) && peer !== '')).toBe(true);
    if (mode === 'basic') {
      // A0h begins, A5h ends, A6h says that it was taken.
      expect(said('in')).toMatch(/^a0 .* a5$/);
      expect(said('out')).toMatch(/^a6 a0 .* a5$/);
    } else {
      expect(said('in')).toBe(toHex(bytes('[18 00 01]\r')));
      expect(text(Uint8Array.from(said('out').split(' '), (byte) => Number.parseInt(byte, 16)))).toContain(
        '[1C 00 01 00 ',
      );
    }
  }
});

const bmcChannel = (bmc: Bmc): number =>
  [...bmc.router.attachments].find(({ interface: { channel } }) => channel.medium === 'serial')!.interface
    .channel.number;

test('TAP9: SOL: characters both ways as payloads of their session, in clear though the wire is encrypted', async () => {
  const { world, bmc, machine, terminal } = await solBench();
  const sol = await terminal({ encryption: true });
  const seen = payloadsOf(bmc);
  const { seen: frames } = framesOf(bmc);
  sol.write(bytes('whoami'));
  await world.run(500);
  machine.port.received(bytes('root\r\n'));
  await world.run(500);
  const carried = seen.filter(({ type }) => type === PayloadType.Sol);
  // Four bytes of packet header stand before the characters (IPMI 2.0 table 15-2).
  const said = (way: Direction): string =>
    carried
      .filter(({ direction }) => direction === way)
      .map(({ bytes: data }) => text(data.subarray(4)))
      .join('');
  expect([said('in'), said('out')]).toEqual(['whoami', 'root\r\n']);
  expect(carried.every(({ session }) => session?.userName === 'admin')).toBe(true);
  expect(carried.every(({ channel, sequence }) => channel.number === 1 && sequence > 0)).toBe(true);
  const [whoami, root] = [bytes('whoami'), bytes('root')].map(toHex);
  expect(frames.some(({ hex }) => hex.includes(whoami) || hex.includes(root))).toBe(false);
});

test('TAP9: OEM payloads by their type, both ways', async () => {
  const { world, bmc, logIn } = await solBench();
  bmc.payloads.register({
    owner: 'acme',
    name: 'Acme echo',
    type: 0x21,
    iana: 0xabcd,
    payloadId: 7,
    majorVersion: 1,
    minorVersion: 0,
    instances: 1,
    inboundSize: 64,
    outboundSize: 64,
    privilege: () => 2,
    activate: ({ send }) => ({
      receive: (payload) => send(payload.toReversed()),
      closed: () => undefined,
    }),
  });
  const client = await logIn();
  const auxiliary = new Uint8Array(4);
  await world.until(client.send(ActivatePayload, { payloadType: 0x21, instance: 1, auxiliary }));
  const seen = payloadsOf(bmc);
  client.payload(0x21).send(Uint8Array.of(1, 2, 3));
  await world.run(100);
  expect(
    seen
      .filter(({ type }) => type === 0x21)
      .map(({ direction, bytes: data, session }) => [direction, toHex(data), session?.userName]),
  ).toEqual([
    ['in', '01 02 03', 'admin'],
    ['out', '03 02 01', 'admin'],
  ]);
});

test('TAP10: what opens a session is seen whole: question, Open Session, RAKP 1 to 4, in the order of the wire, the key of nobody in it', async () => {
  const world = simWorld(1);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [{ id: 2, name: 'admin', password: 'secretword' }],
    },
    { world },
  );
  await world.until(bmc.open());
  const seen = payloadsOf(bmc);
  const server = { host: '10.0.0.1', port: 623, user: 'admin' };
  await world.until(connectLan(world, { ...server, password: 'secretword' }));
  const outside = seen.filter(({ session }) => session === undefined);
  const { Ipmi, OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4 } = PayloadType;
  expect(outside.map(({ direction, type }) => [direction, type])).toEqual([
    ['in', Ipmi],
    ['out', Ipmi],
    ['in', OpenSessionRequest],
    ['out', OpenSessionResponse],
    ['in', Rakp1],
    ['out', Rakp2],
    ['in', Rakp3],
    ['out', Rakp4],
  ]);
  expect(outside[0].bytes[5]).toBe(GetChannelAuthenticationCapabilities.cmd);
  expect(outside.every(({ sequence, channel }) => sequence === 0 && channel.number === 1)).toBe(true);
  // Each answer has the tag of its question, and status 0; RAKP 1 names the user.
  for (const at of [2, 4, 6]) {
    expect(outside[at + 1].bytes[0]).toBe(outside[at].bytes[0]);
    expect(outside[at + 1].bytes[1]).toBe(0);
  }
  expect(text(outside[4].bytes)).toContain('admin');
  expect(seen.some(({ bytes: data }) => text(data).includes('secretword'))).toBe(false);

  seen.length = 0;
  await expect(world.until(connectLan(world, { ...server, password: 'wrong' }))).rejects.toThrow();
  // A wrong password ends at RAKP 3, whose answer says so, or at RAKP 2, which the console does not believe.
  expect(seen.filter(({ type }) => type === Rakp2)).not.toEqual([]);
  expect(seen.filter(({ type, bytes: data }) => type === Rakp4 && data[1] === 0)).toEqual([]);
});
