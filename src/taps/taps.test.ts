import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { connectLan, TimeoutError, type LanClient } from '../client/index.ts';
import { fromLatin1 } from '../codec/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetSessionChallenge } from '../commands/app/sessions.ts';
import { AuthType, build15, buildMessage, PayloadType } from '../wire/index.ts';
import { simWorld } from '../world/index.ts';
import type { Frame, Payload } from './index.ts';

const SERVER = { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' };

async function open() {
  const world = simWorld(1);
  const errors: string[] = [];
  const quiet = (): void => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (message: string) => void errors.push(message),
  };
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [{ id: 2, name: 'admin', password: 'secret' }],
    },
    { world, log },
  );
  await bmc.open();
  const connect = (): Promise<LanClient> => world.until(connectLan(world, SERVER));
  return { world, bmc, errors, connect };
}

test('TAP1: added to what is open, a tap sees requests by name and their answers by the same id, until it is taken off', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  const seen: string[] = [];
  const remove = bmc.taps.add({
    message: ({ id, name, context }) => void seen.push(`${id} ${name} by ${context.session?.userName}`),
    answer: ({ id }, answer) => void seen.push(`${id} ${answer[0]}`),
  });
  await world.until(client.send(GetDeviceId));
  expect(seen).toEqual(['1 Get Device ID by admin', '1 0']);
  remove();
  await world.until(client.send(GetDeviceId));
  expect(seen).toHaveLength(2);
});

test('TAP2: payloads are seen with keys applied: log-ins, and messages with their session and its numbers', async () => {
  const { bmc, connect, world } = await open();
  const seen: Payload[] = [];
  const remove = bmc.taps.add({
    payload: (payload) => void seen.push({ ...payload, bytes: payload.bytes.slice() }),
  });
  const client = await connect();
  const types = seen
    .filter(({ session }) => session === undefined)
    .map(({ direction, type }) => `${direction} ${type}`);
  const { OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4 } = PayloadType;
  expect(types.slice(-6)).toEqual([
    `in ${OpenSessionRequest}`,
    `out ${OpenSessionResponse}`,
    `in ${Rakp1}`,
    `out ${Rakp2}`,
    `in ${Rakp3}`,
    `out ${Rakp4}`,
  ]);
  seen.length = 0;
  await world.until(client.send(GetDeviceId));
  expect(seen.map(({ direction, type, session }) => [direction, type, session?.userName])).toEqual([
    ['in', PayloadType.Ipmi, 'admin'],
    ['out', PayloadType.Ipmi, 'admin'],
  ]);
  expect(seen[0].bytes[5]).toBe(GetDeviceId.cmd);
  const [{ sequence }] = seen;
  await world.until(client.send(GetDeviceId));
  expect(seen[2].sequence).toBe(sequence + 1);
  remove();
  expect(bmc.taps.payload).toBeUndefined();
});

test('TAP3: frames are seen as they come and go, with where from and where to', async () => {
  const { bmc, connect } = await open();
  const frames: Frame[] = [];
  const remove = bmc.taps.add({ frame: (frame) => void frames.push(frame) });
  await connect();
  expect(frames.length).toBeGreaterThan(6);
  expect(new Set(frames.map(({ direction }) => direction))).toEqual(new Set(['in', 'out']));
  expect(new Set(frames.map(({ peer }) => peer)).size).toBe(1);
  expect(frames.every(({ bytes, channel }) => bytes[0] === 6 && channel.number === 1)).toBe(true);
  remove();
  expect(bmc.taps.frame).toBeUndefined();
});

test('TAP4: what has no answer is seen with its reason and its peer', async () => {
  const { world, bmc } = await open();
  const dropped: string[] = [];
  bmc.taps.add({
    dropped: ({ reason, channel, peer }) => void dropped.push(`${reason} ${channel} ${peer.address}`),
  });
  const socket = await world.until(world.udp.bind({ host: '10.0.0.7', port: 0 }));
  socket.send(Uint8Array.of(1, 2, 3), { host: '10.0.0.1', port: 623 });
  await world.run(10);
  expect(dropped).toEqual(['malformed 1 10.0.0.7']);
});

test('TAP5: a tap that throws is a line of the log, costs no answer, and keeps no other tap from seeing', async () => {
  const { world, bmc, errors, connect } = await open();
  const client = await connect();
  let others = 0;
  const broken = (): void => {
    throw new Error('broken');
  };
  bmc.taps.add({ frame: broken, payload: broken, message: broken, answer: broken });
  bmc.taps.add({ message: () => void others++ });
  expect((await world.until(client.send(GetDeviceId))).ipmiMajor).toBe(2);
  expect(others).toBe(1);
  expect(new Set(errors.map((line) => line.replace(/^.*: /, '')))).toEqual(new Set(['a tap failed']));
});

test('TAP6: a sealed packet can be replaced, and is not once that is taken off', async () => {
  const { world, bmc, connect } = await open();
  const client = await connect();
  const types: number[] = [];
  const remove = bmc.taps.tamper((sealed, { type }) => {
    types.push(type);
    return sealed.with(sealed.length - 1, sealed.at(-1)! ^ 1);
  });
  await expect(world.until(client.send(GetDeviceId))).rejects.toThrow(TimeoutError);
  expect(types[0]).toBe(PayloadType.Ipmi);
  remove();
  expect(bmc.taps.sealed).toBeUndefined();
  expect((await world.until(client.send(GetDeviceId))).ipmiMajor).toBe(2);
});

test('TAP7: the challenge of an IPMI 1.5 log-in passes by payload and message taps', async () => {
  const { world, bmc } = await open();
  const seen: string[] = [];
  bmc.taps.add({
    message: ({ name }) => void seen.push(name),
    payload: ({ direction, session, bytes }) =>
      void seen.push(`${direction} ${session === undefined ? 'outside' : 'inside'} ${bytes[5]}`),
  });
  const { netFn, cmd } = GetSessionChallenge;
  const data = GetSessionChallenge.request.encode({
    authType: AuthType.Md5,
    userName: fromLatin1('admin', 16),
  });
  const message = buildMessage({ to: 0x20, toLun: 0, netFn, from: 0x81, fromLun: 0, seq: 1, cmd, data });
  const socket = await world.until(world.udp.bind({ host: '10.0.0.7', port: 0 }));
  socket.send(build15(AuthType.None, 0, 0, message), { host: '10.0.0.1', port: 623 });
  await world.run(10);
  expect(seen).toEqual([`in outside ${cmd}`, GetSessionChallenge.name, `out outside ${cmd}`]);
});
