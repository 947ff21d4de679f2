import { expect, test } from 'vitest';
import { toHex } from '../../../test/support/vectors.ts';
import { Context, handleRaw, Router, type Channel, type Dispatch } from '../../router/index.ts';
import { simWorld } from '../../world/index.ts';
import { HandlerSocket } from './handler-socket.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };

/** A worker that is a bare stream: the test writes its lines and reads the BMC's. */
async function bench(options: { maxOpen?: number; maxWorkers?: number } = {}) {
  const world = simWorld(3);
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
  const socket = new HandlerSocket({
    router,
    stream: world.stream,
    clock: world.clock,
    listen: { path: '/h' },
    bmc: 'node7',
    log: (line) => log.push(line),
    ...options,
  });
  await socket.open();
  const connect = async () => {
    let text = '';
    let closed = false;
    const connecting = world.stream.connect({ path: '/h' }).then((one) => {
      one.onData = (data) => (text += new TextDecoder().decode(data));
      one.onClose = () => (closed = true);
      return one;
    });
    await world.run(100);
    const stream = await connecting;
    return {
      stream,
      isClosed: () => closed,
      say: async (...messages: unknown[]) => {
        for (const message of messages)
          stream.write(
            new TextEncoder().encode(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`),
          );
        await world.run(200);
      },
      heard: async (): Promise<Record<string, unknown>[]> => {
        await world.run(200);
        const lines = text.split('\n').slice(0, -1);
        text = '';
        return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      },
    };
  };
  const send = (cmd: number): Promise<string> =>
    Promise.resolve(
      entrance!(
        { netFn: 0x30, cmd, lun: 0, data: Uint8Array.of(1, 2) },
        new Context(undefined, LAN, 4, 0, undefined, '10.0.0.9:4000'),
      ),
    ).then(toHex);
  return { world, router, socket, connect, send, log };
}

const HELLO = { type: 'hello', protocol: 1 };
const register = (owner: string, cmd: number | '*' = '*'): unknown => ({
  type: 'register',
  id: 1,
  owner,
  handlers: [{ netFn: 0x30, cmd }],
});

test('R14: says its version first, refuses another, and wants a hello before anything else', async () => {
  const { connect } = await bench();
  const worker = await connect();
  expect(await worker.heard()).toEqual([{ type: 'hello', protocol: 1, bmc: 'node7', maxOpen: 256 }]);
  await worker.say(register('x'));
  expect(await worker.heard()).toEqual([
    { type: 'error', problem: 'say {"type":"hello","protocol":1} first' },
  ]);
  await worker.say({ type: 'hello', protocol: 2 });
  expect(await worker.heard()).toEqual([{ type: 'error', problem: 'this BMC speaks protocol 1, not 2' }]);
  expect(worker.isClosed()).toBe(true);
});

test('a request says who asks, by which way, and how long there is', async () => {
  const { connect, send } = await bench();
  const worker = await connect();
  await worker.say(HELLO, register('fans'));
  await worker.heard();
  const answer = send(7);
  const [request] = await worker.heard();
  expect(request).toEqual({
    type: 'request',
    token: 1,
    netFn: 0x30,
    cmd: 7,
    lun: 0,
    data: '0102',
    channel: 1,
    medium: 'lan',
    privilege: 'administrator',
    requester: '10.0.0.9:4000',
    deadline: 3000,
  });
  await worker.say({ type: 'answer', token: 1, cc: 0, data: 'A0 a1' });
  expect(await answer).toBe('00 a0 a1');
});

test('R39: late, double and unsolicited answers are dropped, counted and told', async () => {
  const { world, connect, send, socket } = await bench();
  const worker = await connect();
  await worker.say(HELLO, register('fans'));
  const [late, next] = [send(1), send(1)];
  await worker.say(
    { type: 'answer', token: 2, cc: 0, data: '02' },
    { type: 'answer', token: 2, cc: 0, data: '03' },
    { type: 'answer', token: 99, cc: 0 },
  );
  await world.run(3000);
  await worker.say({ type: 'pong', id: 1 }, { type: 'answer', token: 1, cc: 0, data: '01' });
  expect([await late, await next]).toEqual(['c3', '00 02']);
  expect(socket.workers).toEqual([
    { owners: ['fans'], counters: { requests: 2, answers: 1, busy: 0, expired: 1, stray: 3 } },
  ]);
  const heard = await worker.heard();
  expect(heard.filter(({ type }) => type === 'error').map(({ problem }) => problem)).toEqual([
    'answer 2: no such open request',
    'answer 99: no such open request',
    'answer 1: no such open request',
  ]);
  expect(heard).toContainEqual({ type: 'expired', token: 1 });
});

test('a worker that dies loses its claims at once; its open requests are C3h, the next ones C1h', async () => {
  const { world, connect, send, router, log } = await bench();
  const worker = await connect();
  await worker.say(HELLO, register('fans'));
  const open = [send(1), send(2)];
  await world.run(100);
  worker.stream.destroy();
  await world.run(100);
  expect(await Promise.all(open)).toEqual(['c3', 'c3']);
  expect(await send(1)).toBe('c1');
  expect([...router.claims()]).toEqual([]);
  expect(log).toEqual(['worker fans: it closed the connection; 2 request(s) open']);
});

test('a worker that stalls is asked whether it lives, and dropped if not; one that answers the ping stays', async () => {
  const { world, connect, send, socket } = await bench();
  const [dead, slow] = [await connect(), await connect()];
  await dead.say(HELLO, register('dead', 1));
  await slow.say(HELLO, register('slow', 2));
  const asked = [send(1), send(2)];
  await world.run(3500);
  const ping = (await slow.heard()).find(({ type }) => type === 'ping');
  await slow.say({ type: 'pong', id: ping!.id });
  await world.run(6000);
  expect(await Promise.all(asked)).toEqual(['c3', 'c3']);
  expect([dead.isClosed(), slow.isClosed()]).toEqual([true, false]);
  expect(socket.workers.map(({ owners }) => owners)).toEqual([['slow']]);
});

test('over its open limit a worker costs C0h, and nobody else waits for it', async () => {
  const { world, connect, send, router } = await bench({ maxOpen: 2 });
  const worker = await connect();
  await worker.say(HELLO, register('fans', 1));
  router.register({ owner: 'fast', handlers: [handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0))] });
  const open = [send(1), send(1)];
  expect(await send(1)).toBe('c0');
  expect(await send(2)).toBe('00');
  await world.run(3000);
  expect(await Promise.all(open)).toEqual(['c3', 'c3']);
});

test('nonsense is answered with what is wrong with it; a line without end closes the connection', async () => {
  const { world, connect } = await bench({ maxWorkers: 1 });
  const worker = await connect();
  await worker.say(HELLO, 'nonsense\n', '[1]\n', '7\n', { type: 'dance' });
  await worker.say(
    { type: 'register', id: 4, owner: '', handlers: [] },
    { type: 'register', id: 5, owner: 'x', handlers: [{ netFn: 7, cmd: 1 }] },
  );
  await worker.say(
    { type: 'register', id: 6, owner: 'x', handlers: [{ netFn: 0x30, cmd: 1, privilege: 'king' }] },
    { type: 'unregister', id: 7, owner: 'x' },
  );
  await worker.say(
    { type: 'register', id: 8, owner: 'x', handlers: [{ cmd: 1 }] },
    { type: 'next', token: 5, data: '' },
  );
  expect((await worker.heard()).slice(1)).toEqual([
    { type: 'error', problem: 'not a line of JSON' },
    { type: 'error', problem: 'unknown type undefined' },
    { type: 'error', problem: 'not a JSON object' },
    { type: 'error', problem: 'unknown type "dance"' },
    { type: 'refused', id: 4, problems: ['owner: expected a name'] },
    { type: 'refused', id: 5, problems: ['bad claim: NetFn 7 is not an even number from 00h to 3Eh'] },
    {
      type: 'refused',
      id: 6,
      problems: [
        'privilege: expected one of none, callback, user, operator, administrator, oem, received "king"',
      ],
    },
    { type: 'refused', id: 7, problems: ['x is not registered'] },
    { type: 'refused', id: 8, problems: ['handlers.0: expected netFn (number) and cmd (number or "*")'] },
    { type: 'error', problem: 'next 5: no such open request' },
  ]);
  const second = await connect();
  expect(second.isClosed()).toBe(true);
  await worker.say('x'.repeat(70_000));
  await world.run(1000);
  expect(worker.isClosed()).toBe(true);
});

test('R9: a worker may be the default handler; there is one', async () => {
  const { connect, send } = await bench();
  const [first, second] = [await connect(), await connect()];
  await first.say(HELLO, { type: 'register', id: 1, owner: 'rest', default: true });
  await second.say(HELLO, { type: 'register', id: 1, owner: 'other', default: true });
  expect(await second.heard()).toContainEqual({
    type: 'refused',
    id: 1,
    problems: [
      expect.stringMatching(/^other cannot be the default handler: rest is, set at .*worker-link\.ts:\d+$/),
    ],
  });
  const answer = send(0x42);
  await first.say({ type: 'answer', token: 1, cc: 0x80 });
  expect(await answer).toBe('80');
});

test('an owner that is both default handler and registered set would outlive its worker: refused', async () => {
  const { world, connect, router } = await bench();
  const worker = await connect();
  await worker.say(HELLO, { type: 'register', id: 1, owner: 'x', default: true }, register('x'));
  expect(await worker.heard()).toContainEqual({
    type: 'refused',
    id: 1,
    problems: ['x is registered already, by this worker'],
  });
  worker.stream.destroy();
  await world.run(100);
  expect(await router.setDefaultHandler('next', () => Uint8Array.of(0)).unregister()).toBe(undefined);
});

test('a worker that writes nonsense and reads nothing is dropped before its complaints fill the memory', async () => {
  const { world, connect, socket } = await bench();
  const worker = await connect();
  await worker.say(HELLO, register('fans'));
  worker.stream.pause();
  for (let i = 0; i < 100 && socket.workers.length > 0; i++) await worker.say('x\n'.repeat(500));
  await world.run(1000);
  expect(socket.workers).toEqual([]);
});

/**
 * JSON whose text has a method that is none: whoever makes a number or a text of it without a look throws.
 */
const HOSTILE = { toString: 1, valueOf: 2 };

test.each([
  { type: 'ping', id: HOSTILE },
  { type: 'pong', id: HOSTILE },
  { type: 'hello', protocol: HOSTILE },
  { type: 'register', id: HOSTILE, owner: 'x', handlers: [{ netFn: 0x30, cmd: 1 }] },
  { type: 'register', id: 1, owner: HOSTILE, handlers: [HOSTILE] },
  { type: 'unregister', id: HOSTILE, owner: HOSTILE },
  { type: 'answer', token: HOSTILE, cc: HOSTILE, data: HOSTILE },
  { type: 'next', token: HOSTILE, data: HOSTILE },
  { type: 'sensor', name: HOSTILE, value: HOSTILE },
  { type: 'press', id: HOSTILE, button: HOSTILE },
  { type: HOSTILE },
  `{"type":${'['.repeat(30_000)}${']'.repeat(30_000)}}\n`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}\n`,
])('H1: a line with fields of the wrong kind costs that line: %.60j', async (line) => {
  const { connect, send } = await bench();
  const worker = await connect();
  await worker.say(HELLO, register('fans'));
  await worker.heard();
  await worker.say(line, { type: 'ping', id: 7 });
  const heard = await worker.heard();
  expect(['error', 'refused']).toContain(heard[0].type);
  expect(heard.at(-1)).toEqual({ type: 'pong', id: 7 });
  // The worker serves on.
  const answer = send(1);
  await worker.say({ type: 'answer', token: 1, cc: 0, data: '' });
  expect(await answer).toBe('00');
});

test('I3: a worker has at most 64 owners, and one question a request to the handler below', async () => {
  const { connect, router, send, world } = await bench();
  let asked = 0;
  const below = handleRaw({ netFn: 0x30, cmd: 1 }, () => {
    asked++;
    return new Promise<Uint8Array>(
      (resolve) => void world.clock.after(1000, () => resolve(Uint8Array.of(0))),
    );
  });
  router.register({ owner: 'slow', handlers: [below] });
  const worker = await connect();
  await worker.say(HELLO, {
    type: 'register',
    id: 0,
    owner: 'over',
    handlers: [{ netFn: 0x30, cmd: 1, override: 'slow' }],
  });
  const answer = send(1);
  await worker.say(...Array.from({ length: 100 }, () => ({ type: 'next', token: 1, data: '' })));
  expect(asked).toBe(1);
  await worker.say({ type: 'answer', token: 1, cc: 0 });
  expect(await answer).toBe('00');
  for (let i = 1; i < 70; i++)
    await worker.say({ type: 'register', id: i, owner: `o${i}`, handlers: [{ netFn: 0x32, cmd: i }] });
  expect((await worker.heard()).filter(({ type }) => type === 'refused')).toHaveLength(6);
});

test('a claim that names no level is for administrators; one that names a level is for that', async () => {
  const { router, connect } = await bench();
  const worker = await connect();
  const levels = ['none', 'callback', 'user', 'operator', 'administrator', 'oem'];
  const handlers = [
    { netFn: 0x30, cmd: 0x10 },
    ...levels.map((privilege, i) => ({ netFn: 0x30, cmd: 0x20 + i, privilege })),
  ];
  await worker.say({ type: 'hello', protocol: 1 }, { type: 'register', id: 1, owner: 'acme', handlers });
  expect(await worker.heard()).toContainEqual({ type: 'registered', id: 1 });
  const level = (cmd: number) =>
    router.find({ netFn: 0x30, cmd, lun: 0, data: new Uint8Array(0) }, 1)?.handler.privilege;
  expect(level(0x10)).toBe(4);
  expect(levels.map((_, i) => level(0x20 + i))).toEqual([0, 1, 2, 3, 4, 5]);
});
