import { expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { Context, Router, type Channel, type Dispatch } from '../../router/index.ts';
import { simWorld } from '../../world/index.ts';
import { BtSocket } from './bt-socket.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };

async function bench() {
  const world = simWorld(4);
  const router = new Router({ clock: world.clock });
  let entrance: Dispatch | undefined;
  await router.attach({
    channel: LAN,
    inFlightLimit: 1000,
    deadline: 3000,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  const log: string[] = [];
  const socket = new BtSocket({
    router,
    stream: world.stream,
    clock: world.clock,
    listen: { path: '/bt' },
    log: (line) => log.push(line),
  });
  await socket.open();
  const connect = async () => {
    const heard: number[] = [];
    let closed = false;
    const connecting = world.stream.connect({ path: '/bt' }).then((one) => {
      one.onData = (data) => heard.push(...data);
      one.onClose = () => (closed = true);
      return one;
    });
    await world.run(100);
    const stream = await connecting;
    return {
      stream,
      isClosed: () => closed,
      heard: async () => {
        await world.run(100);
        return toHex(Uint8Array.from(heard.splice(0)));
      },
      write: async (...bytes: number[]) => {
        stream.write(Uint8Array.from(bytes));
        await world.run(100);
      },
    };
  };
  const send = (netFn: number, cmd: number, ...data: number[]): Promise<string> =>
    Promise.resolve(
      entrance!({ netFn, cmd, lun: 1, data: Uint8Array.from(data) }, new Context(undefined, LAN, 4)),
    ).then(toHex);
  return { world, socket, connect, send, log };
}

test('R29, R40: requests and responses are the BT frames of /dev/ipmi-bt-host', async () => {
  const { connect, send } = await bench();
  const owner = await connect();
  const answer = send(0x06, 0x01);
  expect(await owner.heard()).toBe('03 19 00 01');
  await owner.write(0x06, 0x1d, 0x00, 0x01, 0x00, 0xaa, 0xbb);
  expect(await answer).toBe('00 aa bb');
  const grouped = send(0x2c, 0x01, 0xdc, 5);
  expect(await owner.heard()).toBe('05 b1 01 01 dc 05');
  // In pieces, as a stream may bring it.
  await owner.write(0x05, 0xb5);
  await owner.write(0x01, 0x01, 0xc1);
  await owner.write(0xdc);
  expect(await grouped).toBe('c1 dc');
});

test('R31: one owner at a time; a second is turned away, and when the first goes the next may come', async () => {
  const { world, connect, send, log } = await bench();
  const first = await connect();
  const second = await connect();
  expect(second.isClosed()).toBe(true);
  const open = send(0x06, 0x01);
  first.stream.destroy();
  await world.run(100);
  expect(await open).toBe('c3');
  expect(await send(0x06, 0x01)).toBe('c1');
  const third = await connect();
  const answer = send(0x06, 0x01);
  await third.heard();
  await third.write(0x05, 0x1d, 0x01, 0x01, 0x00, 0x07);
  expect(await answer).toBe('00 07');
  expect(log).toEqual([
    'BT socket: it has an owner; another one was turned away',
    'BT socket: owner gone: it closed the connection',
  ]);
});

test('R30: a sequence number whose request timed out is not given to another before its late answer came', async () => {
  const { world, connect, send, socket } = await bench();
  const owner = await connect();
  const late = send(0x06, 0x01);
  await world.run(3100);
  expect(await late).toBe('c3');
  // All other numbers are used, then there is none: C0h. Number 0 is still awaited by nobody.
  const rest = Array.from({ length: 255 }, () => send(0x06, 0x01));
  expect(await send(0x06, 0x01)).toBe('c0');
  const frames = (await owner.heard()).split('03 19 ').slice(2);
  expect(new Set(frames.map((frame) => frame.slice(0, 2))).size).toBe(255);
  expect(frames.some((frame) => frame.startsWith('00'))).toBe(false);
  await owner.write(0x05, 0x1d, 0x00, 0x01, 0x00, 0x01);
  const again = send(0x06, 0x01);
  expect(await owner.heard()).toBe('03 19 00 01');
  await owner.write(0x05, 0x1d, 0x00, 0x01, 0x00, 0x02);
  expect(await again).toBe('00 02');
  await world.run(3100);
  expect(new Set(await Promise.all(rest))).toEqual(new Set(['c3']));
  expect(socket.counters).toEqual({ requests: 258, answers: 1, busy: 1, stray: 1 });
});

test('R36: what is no response is dropped and counted: wrong command, no completion code, unknown sequence; no frame at all ends it', async () => {
  const { world, connect, send, socket } = await bench();
  const owner = await connect();
  const answer = send(0x06, 0x01);
  await owner.heard();
  await owner.write(0x04, 0x1d, 0x00, 0x02, 0x00);
  await owner.write(0x03, 0x1d, 0x00, 0x01);
  await owner.write(0x04, 0x1d, 0x09, 0x01, 0x00);
  await owner.write(0x04, 0x18, 0x00, 0x01, 0x00);
  expect(socket.counters.stray).toBe(4);
  await owner.write(0x04, 0x1d, 0x00, 0x01, 0x00);
  expect(await answer).toBe('00');
  await owner.write(0x00);
  await world.run(100);
  expect(owner.isClosed()).toBe(true);
});

test('a request too long for a frame is C8h', async () => {
  const { connect, send } = await bench();
  await connect();
  expect(await send(0x06, 0x01, ...new Uint8Array(253))).toBe('c8');
});

test('R30: an owner that never answers some requests is not starved of sequence numbers', async () => {
  const { world, connect, send, socket } = await bench();
  const owner = await connect();
  const silent = Array.from({ length: 256 }, () => send(0x06, 0x01));
  await world.run(3100);
  expect(new Set(await Promise.all(silent))).toEqual(new Set(['c3']));
  await owner.heard();
  expect(await send(0x06, 0x01)).toBe('c0');
  await world.run(60_000);
  const answer = send(0x06, 0x02);
  expect(await owner.heard()).toBe('03 19 00 02');
  // The answer to what stood under that number long ago is not taken for this one.
  await owner.write(0x04, 0x1d, 0x00, 0x01, 0x00);
  await owner.write(0x04, 0x1d, 0x00, 0x02, 0x80);
  expect(await answer).toBe('80');
  expect(socket.counters).toMatchObject({ busy: 1, stray: 1 });
});
