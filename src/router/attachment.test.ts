import { describe, expect, test } from 'vitest';
import { toHex } from '../../test/support/vectors.ts';
import { CC, IpmiError } from '../codec/index.ts';
import { command, Privilege } from '../commands/command.ts';
import { simWorld } from '../world/index.ts';
import {
  Context,
  handle,
  handleRaw,
  RegistrationError,
  Router,
  type Channel,
  type Dispatch,
  type Interface,
  type SessionView,
} from './index.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };

/** An interface without a wire: the test holds its dispatch. */
function bench(options: { inFlightLimit?: number; deadline?: number } = {}) {
  const world = simWorld(1);
  const router = new Router({ clock: world.clock });
  const open: ((answer: Uint8Array) => void)[] = [];
  const signals: AbortSignal[] = [];
  router.register({
    owner: 'slow',
    handlers: [
      handleRaw({ netFn: 0x30, cmd: 1 }, (_message, context) => {
        signals.push(context.signal);
        return new Promise((resolve) => open.push(resolve));
      }),
      handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0, 2)),
      handleRaw({ netFn: 0x2c, cmd: 1, body: 0xdc }, () => new Promise(() => undefined)),
    ],
  });
  const iface = { ...options, channel: LAN, closed: false, entrance: undefined as Dispatch | undefined };
  const made: Interface & typeof iface = Object.assign(iface, {
    open: async (dispatch: Dispatch) => void (iface.entrance = dispatch),
    close: async () => void (iface.closed = true),
  });
  const ask = async (cmd: number, netFn = 0x30, ...data: number[]): Promise<string> =>
    toHex(
      await iface.entrance!(
        { netFn, cmd, lun: 0, data: Uint8Array.from(data) },
        new Context(undefined, LAN, Privilege.Administrator),
      ),
    );
  return { world, router, made, ask, open, signals };
}

test('R22: over the in-flight limit the answer is C0h at once, and a slow handler delays nobody else', async () => {
  const { router, made, ask, open } = bench({ inFlightLimit: 2 });
  const { counters } = await router.attach(made);
  const slow = [ask(1), ask(1)];
  expect(await ask(1)).toBe('c0');
  open[0](Uint8Array.of(0, 7));
  expect(await slow[0]).toBe('00 07');
  expect(await ask(2)).toBe('00 02');
  open[1](Uint8Array.of(0, 8));
  expect(await slow[1]).toBe('00 08');
  expect(counters).toMatchObject({ requests: 4, busy: 1 });
});

test('R25, R39: at its deadline a request is answered C3h, the handler is told, and its late answer is dropped and counted', async () => {
  const { world, router, made, ask, open, signals } = bench({ deadline: 3000 });
  const { counters } = await router.attach(made);
  const [first, again] = [ask(1), ask(1)];
  const grouped = ask(1, 0x2c, 0xdc);
  await world.run(2999);
  expect(signals[0].aborted).toBe(false);
  open[1](Uint8Array.of(0, 2));
  await world.run(1);
  // P4, P5: identical requests never get each other's answers.
  expect([await first, await again, await grouped]).toEqual(['c3', '00 02', 'c3 dc']);
  expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  open[0](Uint8Array.of(0, 1));
  await world.run(1);
  expect(counters).toMatchObject({ expired: 2, late: 1 });
});

test('R38: detach lets running requests finish, refuses new ones, then closes the interface', async () => {
  const { router, made, ask, open } = bench();
  const attachment = await router.attach(made);
  const slow = ask(1);
  const detached = attachment.detach();
  expect(await ask(2)).toBe('c0');
  expect(made.closed).toBe(false);
  open[0](Uint8Array.of(0));
  expect(await slow).toBe('00');
  await detached;
  expect([made.closed, [...router.attachments]]).toEqual([true, []]);
});

test('R3: a second attach of the same interface is an error, and one that cannot open is not attached', async () => {
  const { router, made } = bench();
  await router.attach(made);
  await expect(router.attach(made)).rejects.toThrow('channel 1 (lan): this interface is attached already');
  const broken: Interface = {
    channel: LAN,
    open: () => Promise.reject(new Error('port in use')),
    close: async () => undefined,
  };
  await expect(router.attach(broken)).rejects.toThrow('port in use');
  expect([...router.attachments]).toHaveLength(1);
});

test('R1: detaching what is detached, or being detached, is an error', async () => {
  const { router, made } = bench();
  const attachment = await router.attach(made);
  const [first, second] = [attachment.detach(), attachment.detach()];
  await expect(second).rejects.toThrow(
    new RegistrationError(['channel 1 (lan): this interface is not attached']),
  );
  await first;
  await expect(attachment.detach()).rejects.toThrow(RegistrationError);
  await attachment.detached;
});

test('R22, R26: an answer that the channel cannot carry is CAh, and a wrapper that fails costs FFh', async () => {
  const { router, made, ask } = bench();
  router.wrap(
    (dispatch) => (message, context) =>
      message.cmd === 9 ? Promise.reject(new Error('a bug')) : dispatch(message, context),
  );
  await router.attach(made);
  const long = (size: number) => Uint8Array.from({ length: size }, () => 0);
  router.register({
    owner: 'long',
    handlers: [
      handleRaw({ netFn: 0x32, cmd: 1 }, () => long(249)),
      handleRaw({ netFn: 0x32, cmd: 2 }, async () => long(249)),
      handleRaw({ netFn: 0x32, cmd: 3 }, () => long(248)),
    ],
  });
  expect([await ask(1, 0x32), await ask(2, 0x32), (await ask(3, 0x32)).length, await ask(9, 0x32)]).toEqual([
    'ca',
    'ca',
    248 * 3 - 1,
    'ff',
  ]);
});

test('I1: what wraps the dispatch wraps what is open already, and can be taken off again', async () => {
  const { router, made, ask } = bench();
  await router.attach(made);
  const seen: string[] = [];
  const off = ['inner', 'outer'].map((name) =>
    router.wrap((dispatch) => (message, context) => {
      seen.push(name);
      return dispatch(message, context);
    }),
  );
  await ask(2);
  expect(seen.splice(0)).toEqual(['outer', 'inner']);
  off[0]();
  await ask(2);
  expect(seen.splice(0)).toEqual(['outer']);
  off[1]();
  expect([await ask(2), seen]).toEqual(['00 02', []]);
});

test('I1: an override in bytes of a command for the system interface is for it alone, too', async () => {
  const { router } = bench();
  const own = command({
    name: 'Own',
    spec: 'none',
    netFn: 0x3c,
    cmd: 1,
    privilege: Privilege.User,
    systemInterfaceOnly: true,
    request: {},
    response: {},
  });
  router.register({ owner: 'one', handlers: [handle(own, () => undefined)] });
  router.register({
    owner: 'two',
    handlers: [handleRaw({ netFn: 0x3c, cmd: 1 }, () => Uint8Array.of(0), { override: 'one' })],
  });
  const message = { netFn: 0x3c, cmd: 1, lun: 0, data: new Uint8Array(0) };
  expect(toHex(await router.dispatch(message, new Context(undefined, LAN, Privilege.Administrator)))).toBe(
    'd4',
  );
});

test('R26: a wrapper that throws costs FFh, or its own code, and is told in the log', async () => {
  const lines: string[] = [];
  const { world } = bench();
  const router = new Router({
    clock: world.clock,
    log: { error: (line, error) => lines.push(`${line}: ${(error as Error).message}`) },
  });
  router.wrap(() => ({ cmd }) => {
    if (cmd === 1) throw new Error('a bug');
    if (cmd === 2) throw new IpmiError(CC.NodeBusy);
    return Promise.reject(new Error('another'));
  });
  let entrance: Dispatch | undefined;
  await router.attach({
    channel: LAN,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  const ask = async (cmd: number): Promise<string> =>
    toHex(
      await entrance!(
        { netFn: 0x2c, cmd, lun: 0, data: Uint8Array.of(0xdc) },
        new Context(undefined, LAN, Privilege.Administrator),
      ),
    );
  expect([await ask(1), await ask(2), await ask(3)]).toEqual(['ff dc', 'c0 dc', 'ff dc']);
  expect(lines).toEqual([
    'channel 1 (lan): handler failed (request 1): a bug',
    'channel 1 (lan): handler failed (request 2): another',
  ]);
});

test('R35: a handler may answer synchronously inside dispatch, and may unregister itself and register others there', async () => {
  const { router, made, ask } = bench();
  await router.attach(made);
  const registration = router.register({
    owner: 'once',
    handlers: [
      handleRaw({ netFn: 0x32, cmd: 1 }, () => {
        void registration.unregister();
        router.register({
          owner: 'next',
          handlers: [handleRaw({ netFn: 0x32, cmd: 1 }, () => Uint8Array.of(0, 2))],
        });
        return Uint8Array.of(0, 1);
      }),
    ],
  });
  expect([await ask(1, 0x32), await ask(1, 0x32)]).toEqual(['00 01', '00 02']);
});

describe("M10: one session's slow requests are its own", () => {
  const sessionOf = (handle: number, userId: number): SessionView => ({
    handle,
    id: handle,
    userId,
    userName: `user ${userId}`,
    privilege: 4,
    maxPrivilege: 4,
    channel: LAN,
  });

  async function slow() {
    const router = new Router({ clock: simWorld(1).clock });
    const open: ((answer: Uint8Array) => void)[] = [];
    router.register({
      owner: 'slow',
      handlers: [
        handleRaw({ netFn: 0x30, cmd: 1 }, () => new Promise<Uint8Array>((resolve) => open.push(resolve)), {
          privilege: 2,
        }),
        handleRaw({ netFn: 0x06, cmd: 0x3b }, () => Uint8Array.of(0), { privilege: 1 }),
      ],
    });
    let entrance: Dispatch = () => Uint8Array.of(0xff);
    const one: Interface = {
      channel: LAN,
      open: async (dispatch) => void (entrance = dispatch),
      close: async () => undefined,
    };
    await router.attach(one);
    const ask = (session: SessionView, netFn = 0x30, cmd = 1): number | 'slow' => {
      const answer = entrance(
        { netFn, cmd, lun: 0, data: new Uint8Array(0) },
        new Context(undefined, LAN, 5, 0, session),
      );
      return answer instanceof Promise ? 'slow' : answer[0];
    };
    const fill = (session: SessionView): number =>
      Array.from({ length: 300 }, () => ask(session)).filter((one) => one === 'slow').length;
    return { ask, fill, open };
  }

  test('a session has a quarter of the places, its account half; another account still finds some', async () => {
    const { ask, fill } = await slow();
    const [a, b, c] = [sessionOf(1, 3), sessionOf(2, 3), sessionOf(3, 3)];
    expect([fill(a), fill(b), fill(c)]).toEqual([64, 64, 0]);
    expect(fill(sessionOf(4, 2))).toBe(64);
    expect(ask(sessionOf(5, 4))).toBe('slow');
  });

  test('session commands are answered however many requests wait', async () => {
    const { ask, fill } = await slow();
    for (let userId = 1; userId < 20; userId++) fill(sessionOf(userId, userId));
    expect(ask(sessionOf(99, 99), 0x06, 0x3b)).toBe(0);
  });

  test('places come back with the answers', async () => {
    const { fill, open } = await slow();
    const session = sessionOf(1, 3);
    expect(fill(session)).toBe(64);
    for (const resolve of open.splice(0)) resolve(Uint8Array.of(0));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(fill(session)).toBe(64);
  });
});

test('I3: all who have not logged in have one share of what is slow, and each controller of a bus its own', async () => {
  const { router, made, open } = bench({ inFlightLimit: 16 });
  router.register({
    owner: 'for all',
    handlers: [
      handleRaw({ netFn: 0x30, cmd: 3 }, () => new Promise((resolve) => open.push(resolve)), {
        privilege: 0,
      }),
    ],
  });
  await router.attach(made);
  const codes = async (count: number, make: (i: number) => Context): Promise<number[]> => {
    const answers = Array.from({ length: count }, (_, i) =>
      Promise.resolve(made.entrance!({ netFn: 0x30, cmd: 3, lun: 0, data: new Uint8Array(0) }, make(i))),
    );
    return Promise.all(
      answers.map((answer) =>
        Promise.race([
          answer.then(([cc]) => cc),
          Promise.resolve()
            .then(() => Promise.resolve())
            .then(() => -1),
        ]),
      ),
    );
  };
  const outside = await codes(20, (i) => new Context(undefined, LAN, 0, 0, undefined, `10.0.0.${i}:9000`));
  expect([
    outside.filter((cc) => cc === -1).length,
    outside.filter((cc) => cc === CC.NodeBusy).length,
  ]).toEqual([8, 12]);
  const bus: Channel = { number: 0, medium: 'ipmb', maxAnswer: 57 };
  const controller = (from: string) =>
    codes(10, () => new Context(undefined, bus, Privilege.Administrator, 0, undefined, from));
  expect((await controller('82h')).filter((cc) => cc === -1)).toHaveLength(4);
  expect((await controller('84h')).filter((cc) => cc === -1)).toHaveLength(2);
});
