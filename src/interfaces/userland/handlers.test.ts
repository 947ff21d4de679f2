// The same suite over handlers in the BMC's own process, over those in another one (R12), and over those that a
// process on the bus of a cluster has (issue 23).
import { describe, expect, test } from 'vitest';
import { SimServer } from '../../../test/support/sim-bus.ts';
import { toHex } from '../../../test/support/vectors.ts';
import { Worker } from '../../client/index.ts';
import { BusHandlers } from '../../cluster/bus-handlers.ts';
import { HandlerStream } from '../../cluster/handler-stream.ts';
import { CC, IpmiError, optional, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../../commands/command.ts';
import {
  Context,
  handle,
  handleRaw,
  Router,
  standardTable,
  type Channel,
  type Dispatch,
  type HandlerSet,
  type Interface,
  type Registration,
} from '../../router/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import { HandlerSocket } from './handler-socket.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
const ACME = 0xabcdef;
const PATH = '/run/handlers.sock';

const Echo = command({
  name: 'Echo',
  spec: 'test',
  netFn: NetFn.App,
  cmd: 0x70,
  privilege: Privilege.User,
  request: { a: u8, b: optional(u8) },
  response: { sum: u8 },
});
const Fan = command({
  name: 'Fan',
  spec: 'test',
  netFn: NetFn.OemGroup,
  body: ACME,
  cmd: 1,
  privilege: Privilege.Operator,
  request: { duty: u8 },
  response: { data: rest() },
});

interface Bench {
  readonly world: SimWorld;
  readonly router: Router;
  readonly register: (set: HandlerSet) => Promise<Registration>;
  /** Lets the world go on for a while and returns what has come of a promise by then. */
  readonly drive: <T>(promise: Promise<T>) => Promise<T>;
  readonly ask: (netFn: number, cmd: number, data: number[], privilege?: Privilege) => Promise<string>;
}

const PLACES = ['in process', 'in another process', 'on the bus of a cluster'] as const;

async function bench(place: (typeof PLACES)[number]): Promise<Bench> {
  const world = simWorld(5);
  const standard = standardTable([
    { owner: 'standard', handlers: [handle(Echo, ({ a, b = 0 }) => ({ sum: a + b }))] },
  ]);
  const router = new Router({ clock: world.clock, standard });
  let entrance: Dispatch | undefined;
  const iface: Interface = {
    channel: LAN,
    deadline: 3000,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  };
  await router.attach(iface);
  const drive: Bench['drive'] = async (promise) => {
    // Looked at later: a rejection is not unhandled meanwhile.
    promise.catch(() => undefined);
    await world.run(5000);
    return promise;
  };
  const ask: Bench['ask'] = async (netFn, cmd, data, privilege = Privilege.Administrator) =>
    toHex(
      await entrance!(
        { netFn, cmd, lun: 0, data: Uint8Array.from(data) },
        new Context(undefined, LAN, privilege),
      ),
    );
  if (place === 'in process')
    return { world, router, drive, ask, register: async (set) => router.register(set) };
  if (place === 'on the bus of a cluster') {
    const server = new SimServer(world.clock, () => 0.5);
    const line = server.connect();
    const options = { bus: line, host: 'a', clock: line.clock, warn: () => undefined, standard };
    const handlers = await drive(BusHandlers.open<unknown>(options));
    handlers.put({ name: 'bmc', router });
    const stream = new HandlerStream(server.connect(), world, { from: 'a test' });
    const worker = new Worker(stream, world.clock);
    return { world, router, drive, ask, register: (set) => worker.register(set as HandlerSet<undefined>) };
  }
  const socket = new HandlerSocket({
    router,
    stream: world.stream,
    clock: world.clock,
    listen: { path: PATH },
    bmc: 'bmc',
    log: () => undefined,
  });
  await socket.open();
  const worker = new Worker(await drive(world.stream.connect({ path: PATH })), world.clock);
  return { world, router, drive, ask, register: (set) => worker.register(set as HandlerSet<undefined>) };
}

describe.each(PLACES)('R6, R12: handlers %s', (place) => {
  test('answer with bytes, with completion codes, and later', async () => {
    const { world, register, ask, drive } = await bench(place);
    await drive(
      register({
        owner: 'acme',
        handlers: [
          handle(Fan, ({ duty }) => {
            if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange);
            return { data: Uint8Array.of(duty, 0xa0, 0xff) };
          }),
          handleRaw(
            { netFn: 0x30, cmd: 2 },
            () => new Promise((resolve) => world.clock.after(1000, () => resolve(Uint8Array.of(0, 7)))),
          ),
          handleRaw({ netFn: 0x30, cmd: '*' }, ({ cmd }) => Uint8Array.of(0, cmd)),
        ],
      }),
    );
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 60]))).toBe('00 ef cd ab 3c a0 ff');
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 101]))).toBe('c9 ef cd ab');
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab]))).toBe('c7 ef cd ab');
    expect(await drive(ask(0x30, 2, []))).toBe('00 07');
    expect(await drive(ask(0x30, 9, []))).toBe('00 09');
  });

  test('have their privilege checked before they are asked', async () => {
    const { register, ask, drive } = await bench(place);
    let asked = 0;
    await drive(
      register({
        owner: 'acme',
        handlers: [
          handle(Fan, () => {
            asked++;
            return { data: new Uint8Array(0) };
          }),
        ],
      }),
    );
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 1], Privilege.User))).toBe('d4 ef cd ab');
    expect(asked).toBe(0);
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 1], Privilege.Operator))).toBe('00 ef cd ab');
  });

  test('override on purpose, ask the handler below, and give way again', async () => {
    const { register, ask, drive } = await bench(place);
    const registration = await drive(
      register({
        owner: 'doubler',
        handlers: [
          handle(Echo, async (request, _context, next) => ({ sum: (await next(request)).sum * 2 }), {
            override: 'standard',
          }),
        ],
      }),
    );
    expect(await drive(ask(0x06, 0x70, [3, 4]))).toBe('00 0e');
    await drive(registration.unregister());
    expect(await drive(ask(0x06, 0x70, [3, 4]))).toBe('00 07');
  });

  test('override an OEM command with bytes: the handler below gets the data and its refusals come up', async () => {
    const { router, register, ask, drive } = await bench(place);
    router.register({
      owner: 'maker',
      handlers: [
        handle(Fan, ({ duty }) => {
          if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange);
          return { data: Uint8Array.of(duty) };
        }),
      ],
    });
    const bytes = handleRaw(
      { netFn: NetFn.OemGroup, body: ACME, cmd: 1 },
      async (message, context, next) => {
        const answer = await next({ ...message, data: Uint8Array.of(message.data[0] + 1) }, context);
        return Uint8Array.of(...answer, 0xee);
      },
      { override: 'maker' },
    );
    await drive(register({ owner: 'one-more', handlers: [bytes] }));
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 60]))).toBe('00 ef cd ab 3d ee');
    expect(await drive(ask(0x2e, 1, [0xef, 0xcd, 0xab, 100]))).toBe('c9 ef cd ab ee');
  });

  test('R5: clash with every other owner by name, and nothing is registered', async () => {
    const { router, register, ask, drive } = await bench(place);
    router.register({
      owner: 'first',
      handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0))],
    });
    const clash = drive(
      register({
        owner: 'second',
        handlers: [
          handleRaw({ netFn: 0x30, cmd: 3 }, () => Uint8Array.of(0)),
          handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0)),
          handle(Echo, () => ({ sum: 0 })),
        ],
      }),
    );
    const error = await clash.then(
      () => undefined,
      (reason: { problems: string[] }) => reason,
    );
    expect(error?.problems).toEqual([
      expect.stringMatching(
        /^second cannot claim 30h 01h: claimed by first, registered at .*handlers\.test\.ts:\d+; say/,
      ),
      expect.stringMatching(/^second cannot claim Echo \(06h 70h\): claimed by standard/),
    ]);
    expect(await drive(ask(0x30, 3, []))).toBe('c1');
  });

  test('are told of the deadline, and their requester has C3h', async () => {
    const { register, ask, drive } = await bench(place);
    const aborted: boolean[] = [];
    await drive(
      register({
        owner: 'slow',
        handlers: [
          handleRaw({ netFn: 0x30, cmd: 1 }, (_message, { signal }) => {
            signal.addEventListener('abort', () => aborted.push(true));
            return new Promise(() => undefined);
          }),
        ],
      }),
    );
    expect(await drive(ask(0x30, 1, []))).toBe('c3');
    expect(aborted).toEqual([true]);
  });

  test('that throw what is no IpmiError cost FFh, and nothing else', async () => {
    const { register, ask, drive } = await bench(place);
    await drive(
      register({
        owner: 'buggy',
        handlers: [
          handleRaw({ netFn: 0x30, cmd: 1 }, () => {
            throw new TypeError('oops');
          }),
          handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0)),
        ],
      }),
    );
    expect([await drive(ask(0x30, 1, [])), await drive(ask(0x30, 2, []))]).toEqual(['ff', '00']);
  });

  test('are gone after unregister, which waits for a running request', async () => {
    const { world, register, ask, drive } = await bench(place);
    const registration = await drive(
      register({
        owner: 'slow',
        handlers: [
          handleRaw(
            { netFn: 0x30, cmd: 1 },
            () => new Promise((resolve) => world.clock.after(2000, () => resolve(Uint8Array.of(0, 1)))),
          ),
        ],
      }),
    );
    const began = world.clock.monotonic();
    const running = ask(0x30, 1, []);
    const gone = registration.unregister().then(() => world.clock.monotonic() - began);
    expect(await drive(running)).toBe('00 01');
    expect(await gone).toBeGreaterThanOrEqual(2000);
    expect(await drive(ask(0x30, 1, []))).toBe('c1');
    await expect(drive(registration.unregister())).rejects.toThrow('slow is not registered');
  });
});
