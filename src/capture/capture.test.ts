import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { SetUserPassword } from '../commands/app/users.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { SendMessage } from '../commands/app/bridging.ts';
import { SetLanConfigurationParameters } from '../commands/transport/lan.ts';
import { AuthType, build15, buildMessage, parseMessage, PayloadType } from '../wire/index.ts';
import { Capture, CaptureFile, captureHeader, setUpText, type CapturedPacket } from './index.ts';
import { overIp } from './carriers.ts';
import { enhancedPacket } from './pcapng.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };
const WIRE = 0;
const DECRYPTED = 1;
const HOST_SIDE = 2;
/** Before a datagram: headers of IPv4 and UDP. */
const HEADERS = 28;
const NEW_PASSWORD = 'A new password 1';

async function captured(secrets = false) {
  const { bmc, world, host } = rig({
    interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
    users: [
      { id: 2, name: 'admin', password: 'secret' },
      { id: 3, name: 'other', password: 'other' },
    ],
  });
  const packets: CapturedPacket[] = [];
  const capture = new Capture(
    {
      router: bmc.router,
      clock: world.clock,
      addressOf: () => ({ host: '10.0.0.1', port: 623 }),
      secrets,
    },
    (packet) => void packets.push(packet),
  );
  const remove = bmc.taps.add(capture);
  await bmc.open();
  const connect = (): Promise<LanClient> => world.until(connectLan(world, SERVER));
  return { bmc, world, host, packets, capture, remove, connect };
}

const holds = (packets: readonly CapturedPacket[], text: string): boolean =>
  packets.some(({ bytes, comment }) => (Buffer.from(bytes).toString('latin1') + comment).includes(text));

test('CAP1: each packet says what it is, who answered and how, and stands in the clear beside what was sent', async () => {
  const { packets, connect, world } = await captured();
  const client = await connect();
  packets.length = 0;
  await world.until(client.send(GetDeviceId));
  expect(packets.map((packet) => [packet.interface, packet.direction])).toEqual([
    [WIRE, 'in'],
    [DECRYPTED, 'in'],
    [WIRE, 'out'],
    [DECRYPTED, 'out'],
  ]);
  const [, asked, , answered] = packets;
  expect(asked.comment).toBe('Get Device ID\nanswered by standard; IPMI 2.0 §20.1\nsession of admin');
  expect(answered.comment).toMatch(/^Get Device ID {2}-> {2}deviceId=\d+ [^]*\n\d+ us$/);
  const sealed = packets[0].bytes.subarray(HEADERS);
  const open = asked.bytes.subarray(HEADERS);
  // The same session and sequence number, and neither flag.
  expect(open.subarray(6, 14)).toEqual(sealed.subarray(6, 14));
  expect([sealed[5] & 0xc0, open[5]]).toEqual([0xc0, PayloadType.Ipmi]);
  expect(parseMessage(open.subarray(16))).toMatchObject({ netFn: 6, cmd: GetDeviceId.cmd });
});

test('CAP2: a log-in is explained step by step', async () => {
  const { packets, connect } = await captured();
  await connect();
  const steps = packets.map(({ comment }) => comment).filter((comment) => /^(RMCP\+|RAKP)/.test(comment));
  expect(steps.map((comment) => comment.split(':')[0])).toEqual([
    'RMCP+ Open Session Request',
    'RMCP+ Open Session Response',
    'RAKP Message 1',
    'RAKP Message 2',
    'RAKP Message 3',
    'RAKP Message 4',
  ]);
  expect(steps[2]).toContain("user 'admin' asks for Administrator");
  expect(steps[0]).toMatch(/asks for suite (3|17), /);
});

test('CAP3: a refused log-in says what is behind its status, and bytes that are no step are no error', () => {
  expect(setUpText(PayloadType.Rakp4, Uint8Array.of(0, 0x0f, 0, 0, 1, 2, 3, 4))).toContain(
    'refused: the code of RAKP 3 is not what the BMC computes: another password, K_g, privilege byte or name (0Fh)',
  );
  for (let type = PayloadType.OpenSessionRequest; type <= PayloadType.Rakp4; type++)
    for (let length = 0; length < 60; length++)
      expect(setUpText(type, new Uint8Array(length))).toContain('§13.');
  expect(setUpText(PayloadType.Ipmi, new Uint8Array(7))).toBeUndefined();
});

test('CAP4: no password is in a capture, straight or in a message for somebody else; with `secrets` it is', async () => {
  for (const secrets of [false, true]) {
    const { packets, connect, world, capture } = await captured(secrets);
    const client = await connect();
    const password = new TextEncoder().encode(NEW_PASSWORD);
    const request = { userId: 3, twentyBytes: false, operation: 2, password };
    await world.until(client.send(SetUserPassword, request));
    const { netFn, cmd } = SetUserPassword;
    const data = SetUserPassword.request.encode(request);
    const message = buildMessage({ to: 0x20, toLun: 0, netFn, from: 0x81, fromLun: 0, seq: 1, cmd, data });
    await world.until(client.raw(SendMessage.netFn, SendMessage.cmd, Uint8Array.of(0, ...message)));
    capture.flush();
    expect(holds(packets, NEW_PASSWORD)).toBe(secrets);
    const open = packets.filter((packet) => packet.interface === DECRYPTED);
    const messages = open.map(({ bytes }) => parseMessage(bytes.subarray(HEADERS + 16)));
    expect(messages).not.toContain(undefined);
    const set = messages.find((one) => one?.cmd === cmd && one.netFn === netFn);
    expect(set?.data.subarray(0, 2)).toEqual(data.subarray(0, 2));
    const carrier = messages.find((one) => one?.cmd === SendMessage.cmd && one.netFn === SendMessage.netFn);
    expect(parseMessage(carrier!.data, 1)).toMatchObject({ netFn, cmd });
  }
});

test('CAP5: the community string is not in a capture, and neither is a password in a datagram that is malformed or of IPMI 1.5', async () => {
  const { packets, connect, world, capture } = await captured();
  const client = await connect();
  const community = new TextEncoder().encode('community-string..');
  await world.until(
    client.send(SetLanConfigurationParameters, { channel: 1, parameter: 16, data: community }),
  );
  const socket = await world.until(world.udp.bind({ host: '10.0.0.7', port: 0 }));
  const { netFn, cmd } = SetUserPassword;
  const data = Uint8Array.of(2, 2, ...new TextEncoder().encode(NEW_PASSWORD));
  const message = buildMessage({ to: 0x20, toLun: 0, netFn, from: 0x81, fromLun: 0, seq: 1, cmd, data });
  const wrong = message.slice();
  wrong[wrong.length - 1] ^= 1;
  const straight = build15(AuthType.Password, 1, 7, message, new TextEncoder().encode(NEW_PASSWORD));
  for (const datagram of [
    build15(AuthType.None, 0, 0, message),
    build15(AuthType.None, 0, 0, wrong),
    build15(AuthType.None, 0, 0, message).subarray(0, 30),
    straight,
  ])
    socket.send(datagram, { host: '10.0.0.1', port: 623 });
  await world.run(10);
  capture.flush();
  expect(holds(packets, 'community-string')).toBe(false);
  expect(holds(packets, NEW_PASSWORD)).toBe(false);
  expect(holds(packets, NEW_PASSWORD.slice(0, 8))).toBe(false);
  const dropped = packets.map(({ comment }) => comment).filter((comment) => comment.startsWith('dropped'));
  expect(dropped.sort()).toEqual([
    'dropped: malformed',
    'dropped: message malformed',
    'dropped: unknown session',
  ]);
});

test('CAP6: what the host asks is there without a frame of its own, and once the tap is off nothing more is', async () => {
  const { packets, host, remove } = await captured();
  await host.send(GetDeviceId);
  expect(packets.map((packet) => [packet.interface, packet.direction])).toEqual([
    [HOST_SIDE, 'in'],
    [HOST_SIDE, 'out'],
  ]);
  // Behind the block of HPM.2: NetFn and LUN, command.
  expect([...packets[0].bytes.subarray(7, 13)]).toEqual([5, 0x80, 0, 2, 0x18, 0x01]);
  expect([...packets[1].bytes.subarray(11, 14)]).toEqual([0x1c, 0x01, 0x00]);
  remove();
  await host.send(GetDeviceId);
  expect(packets).toHaveLength(2);
});

const TEN = { interface: 0, time: 1, direction: 'in', bytes: new Uint8Array(10), comment: 'ten' } as const;

test('CAP7: a file that is full becomes FILE.1, and each begins with its interfaces; only its owner may read it', async () => {
  const { world } = rig();
  const header = captureHeader('bmc');
  const begin = header.reduce((sum, { length }) => sum + length, 0);
  const one = enhancedPacket(TEN).length;
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  await world.until(world.files.mkdir('/c'));
  const file = await world.until(
    CaptureFile.open(world.files, '/c/a.pcapng', { header, size: begin + 3 * one, failed }),
  );
  for (let i = 0; i < 4; i++) {
    file.write(TEN);
    await world.run(100);
  }
  await world.until(file.close());
  const [older, newer] = await Promise.all(
    ['/c/a.pcapng.1', '/c/a.pcapng'].map((path) => world.until(world.files.read(path))),
  );
  expect([older.length, newer.length]).toEqual([begin + 3 * one, begin + one]);
  expect(newer.subarray(0, begin)).toEqual(older.subarray(0, begin));
  expect((await world.until(world.files.stat('/c/a.pcapng')))?.mode).toBe(0o600);
});

test('CAP8: what the disk is too slow for is left out, and the next packet says how much that was', async () => {
  const { world } = rig();
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  const file = await world.until(
    CaptureFile.open(world.files, '/a.pcapng', { header: captureHeader('bmc'), failed }),
  );
  const large = { ...TEN, bytes: new Uint8Array(1024 * 1024) };
  for (let i = 0; i < 20; i++) file.write(large);
  expect(file.missing).toBe(4);
  await world.run(1000);
  file.write(TEN);
  await world.until(file.close());
  const text = Buffer.from(await world.until(world.files.read('/a.pcapng'))).toString('latin1');
  expect(text).toContain('4 packet(s) before this one are missing\nten');
});

test('CAP9: addresses of both families, and what is none, become packets whose lengths and sums are right', () => {
  const to = { host: '::ffff:10.0.0.1', port: 623 };
  const v6 = overIp(Uint8Array.of(1, 2, 3), { host: 'fe80::1%eth0', port: 5 }, to);
  expect(Buffer.from(v6.subarray(8, 40)).toString('hex')).toBe(
    'fe80000000000000000000000000000100000000000000000000ffff0a000001',
  );
  expect(v6).toHaveLength(40 + 8 + 3);
  const v4 = overIp(Uint8Array.of(1, 2, 3), { host: 'a host', port: 5 }, { host: '10.0.0.1', port: 623 });
  expect([v4[0], v4[3], ...v4.subarray(12, 20)]).toEqual([0x45, 31, 0, 0, 0, 0, 10, 0, 0, 1]);
});
