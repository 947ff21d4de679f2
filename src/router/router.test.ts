import { describe, expect, test } from 'vitest';
import { simWorld } from '../world/index.ts';
import { toHex } from '../../test/support/vectors.ts';
import { Drops } from '../state/app/drops.ts';
import { Taps, trace } from '../taps/index.ts';
import { CC, IpmiError, optional, rest, u8 } from '../codec/index.ts';
import { command, NetFn, Privilege } from '../commands/command.ts';
import {
  Context,
  handle,
  handleRaw,
  RegistrationError,
  Router,
  standardTable,
  type Channel,
  type Dispatch,
  type HandlerSet,
  type Message,
} from './index.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 255 };
const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 255 };
const tap = (on: Router): Taps =>
  new Taps({ router: on, drops: new Drops(), log: { error: () => undefined } });
const clock = { monotonic: () => 0, after: () => ({ cancel: () => undefined }) };

const Echo = command({
  name: 'Echo',
  spec: 'test',
  netFn: NetFn.App,
  cmd: 0x70,
  privilege: Privilege.User,
  request: { a: u8, b: optional(u8) },
  response: { sum: u8 },
});
const Poke = command({
  name: 'Poke',
  spec: 'test',
  netFn: NetFn.App,
  cmd: 0x71,
  privilege: Privilege.Administrator,
  request: {},
  response: {},
});
const ACME = 0xabcdef;
const Oem = command({
  name: 'Acme Fan',
  spec: 'test',
  netFn: NetFn.OemGroup,
  body: ACME,
  cmd: 1,
  privilege: Privilege.User,
  request: { duty: u8 },
  response: { data: rest() },
});

const sum = handle(Echo, ({ a, b = 0 }) => ({ sum: a + b }));
const standard = standardTable([{ owner: 'standard', handlers: [sum] }]);
const router = (): Router => new Router({ standard, clock });
const set = (owner: string, ...handlers: HandlerSet['handlers']): HandlerSet => ({ owner, handlers });
const message = (netFn: number, cmd: number, ...data: number[]): Message => ({
  netFn,
  cmd,
  lun: 0,
  data: Uint8Array.from(data),
});
const by = (channel: Channel = LAN, privilege: number = Privilege.Administrator): Context =>
  new Context(undefined, channel, privilege);
const ask = async (r: Router, m: Message, context = by()): Promise<string> =>
  toHex(await r.dispatch(m, context));

describe('dispatch', () => {
  test('decodes, calls, encodes; a synchronous handler answers synchronously', () => {
    const answer = router().dispatch(message(6, 0x70, 1, 2), by());
    expect(answer).toEqual(Uint8Array.of(0, 3));
  });

  test('an asynchronous handler answers later, and empty responses are just the completion code', async () => {
    const r = router();
    r.register(
      set(
        'x',
        handle(Poke, async () => undefined),
      ),
    );
    expect(await ask(r, message(6, 0x71))).toBe('00');
  });

  test.each([
    ['unknown command', message(6, 0x7f), 'c1'],
    ['unknown NetFn', message(0x30, 1), 'c1'],
    ['wrong length', message(6, 0x70), 'c7'],
    ['group answer keeps its body', message(0x2c, 1, 0xdc), 'c1 dc'],
    ['OEM answer keeps its IANA', message(0x2e, 1, 1, 2, 3, 4), 'c1 01 02 03'],
    ['a group message too short to name its body', message(0x2c, 1), 'c1'],
  ])('%s', async (_name, m, answer) => expect(await ask(router(), m)).toBe(answer));

  test('privilege missing is D4h, before the request is looked at', async () => {
    expect(await ask(router(), message(6, 0x70), by(LAN, Privilege.Callback))).toBe('d4');
  });

  test('a system-interface command is refused elsewhere whatever the privilege', async () => {
    const Enable = command({
      name: 'Enable',
      spec: 'test',
      netFn: 6,
      cmd: 0x72,
      privilege: Privilege.User,
      systemInterfaceOnly: true,
      request: {},
      response: {},
    });
    const r = router();
    r.register(
      set(
        'x',
        handle(Enable, () => undefined),
      ),
    );
    expect([await ask(r, message(6, 0x72)), await ask(r, message(6, 0x72), by(HOST))]).toEqual(['d4', '00']);
  });

  test('R8: IANA is taken off and put back, in errors too', async () => {
    const r = router();
    r.register(
      set(
        'acme',
        handle(Oem, ({ duty }) => {
          if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange);
          return { data: Uint8Array.of(duty) };
        }),
      ),
    );
    expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 50))).toBe('00 ef cd ab 32');
    expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 101))).toBe('c9 ef cd ab');
    expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab))).toBe('c7 ef cd ab');
  });

  test('R20, R26: IpmiError is its code and data; anything else is FFh and a line in the log', async () => {
    const lines: string[] = [];
    const r = new Router({ clock, log: { error: (line, error) => lines.push(`${line}: ${String(error)}`) } });
    r.register(
      set(
        'x',
        handle(Echo, ({ a }) => {
          if (a === 1) throw new IpmiError(0x80, 'no', { data: Uint8Array.of(7) });
          if (a === 2) return { sum: 256 };
          throw new TypeError('oops');
        }),
        handle(Poke, () => Promise.reject(new Error('later'))),
      ),
    );
    expect([
      await ask(r, message(6, 0x70, 1)),
      await ask(r, message(6, 0x70, 2)),
      await ask(r, message(6, 0x70, 3)),
      await ask(r, message(6, 0x71)),
    ]).toEqual(['80 07', 'ff', 'ff', 'ff']);
    expect(lines).toEqual([
      'x, Echo (06h 70h): handler failed (request 1): EncodeError: Echo response: sum: 256 is not a whole number from 0 to 255',
      'x, Echo (06h 70h): handler failed (request 2): TypeError: oops',
      'x, Poke (06h 71h): handler failed (request 3): Error: later',
    ]);
  });
});

test('a tracer wraps every request of an interface, names and refusals included, and shows no secret', async () => {
  const SetKey = command({
    name: 'Set Key',
    spec: 'test',
    netFn: 6,
    cmd: 0x73,
    privilege: Privilege.User,
    request: { id: u8, password: rest() },
    response: {},
  });
  const r = router();
  r.register(
    set(
      'x',
      handle(SetKey, async () => undefined),
    ),
  );
  const lines: string[] = [];
  tap(r).add(trace(r, clock, (line) => void lines.push(line)));
  let entrance: Dispatch | undefined;
  const attachment = await r.attach({
    channel: LAN,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  for (const m of [
    message(6, 0x70, 1, 2),
    message(6, 0x73, 9, 0x73, 0x65),
    message(6, 0x70),
    message(0x2e, 5, 1, 2, 3, 4),
  ])
    await entrance!(m, by());
  expect(lines).toEqual([
    'channel 1  Echo a=1 b=2  ->  sum=3  0 us',
    'channel 1  Set Key id=9 password=...  ->  ok  0 us',
    'channel 1  Echo 0 byte(s)  ->  request data length invalid (C7h)  0 us',
    "channel 1  2Eh/030201h 05h (nobody's) [01 02 03 04]  ->  invalid command (C1h)  0 us",
  ]);
  await attachment.detach();
});

test('a late answer is seen in the trace, and counted', async () => {
  const world = simWorld(1);
  const r = new Router({ clock: world.clock });
  const late = new Promise<Uint8Array>(
    (resolve) => void world.clock.after(7000, () => resolve(Uint8Array.of(0))),
  );
  r.register({ owner: 'x', handlers: [handleRaw({ netFn: 6, cmd: 0x74 }, () => late)] });
  const lines: string[] = [];
  tap(r).add(trace(r, world.clock, (line) => void lines.push(line)));
  let entrance: Dispatch | undefined;
  const attachment = await r.attach({
    channel: LAN,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  const answer = entrance!(message(6, 0x74), by());
  await world.run(10_000);
  expect(await answer).toEqual(Uint8Array.of(0xc3));
  expect(lines).toEqual(['channel 1  06h 74h  ->  ok  7000000 us  too late: dropped']);
  expect(attachment.counters).toMatchObject({ requests: 1, expired: 1, late: 1 });
});

describe('register', () => {
  test('R5, R37: names every clash, both owners and where, and registers nothing', async () => {
    const r = router();
    r.register(
      set(
        'first',
        handle(Poke, () => undefined),
      ),
    );
    const clash = (): unknown =>
      r.register(
        set(
          'second',
          handle(Oem, () => ({ data: new Uint8Array(0) })),
          handle(Poke, () => undefined),
          handle(Echo, () => ({ sum: 0 })),
        ),
      );
    expect(clash).toThrow(RegistrationError);
    expect(clash).toThrow(
      /second cannot claim Poke \(06h 71h\): claimed by first, registered at .*router\.test\.ts:\d+; say \{ override: 'first' \}\nsecond cannot claim Echo \(06h 70h\): claimed by standard/,
    );
    expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 1))).toBe('c1 ef cd ab');
  });

  test('R1: two claims on one command within a set clash, and an owner registers once', () => {
    const r = router();
    expect(() =>
      r.register(
        set(
          'x',
          handle(Poke, () => undefined),
          handle(Poke, () => undefined),
        ),
      ),
    ).toThrow('claimed by x');
    r.register(set('x'));
    expect(() => r.register(set('x'))).toThrow('x is registered already');
  });

  test('an override may call the handler below before, after or not at all, and gives way again', async () => {
    const r = router();
    const registration = r.register(
      set(
        'x',
        handle(
          Echo,
          async (request, _context, next) => ({ sum: (await next({ a: request.a * 2 })).sum + 1 }),
          { override: 'standard' },
        ),
      ),
    );
    expect(await ask(r, message(6, 0x70, 5))).toBe('00 0b');
    const top = r.register(
      set(
        'y',
        handle(Echo, async (request, _context, next) => ({ sum: (await next(request)).sum * 2 }), {
          override: 'x',
        }),
      ),
    );
    expect(await ask(r, message(6, 0x70, 5))).toBe('00 16');
    await registration.unregister();
    expect(await ask(r, message(6, 0x70, 5))).toBe('00 0a');
    await top.unregister();
    expect(await ask(r, message(6, 0x70, 5))).toBe('00 05');
  });

  test('override of nothing and of another owner are errors', () => {
    const r = router();
    expect(() =>
      r.register(
        set(
          'x',
          handle(Poke, () => undefined, { override: 'standard' }),
        ),
      ),
    ).toThrow('x cannot override Poke (06h 71h) of standard: nobody claims it');
    expect(() =>
      r.register(
        set(
          'x',
          handle(Echo, () => ({ sum: 0 }), { override: 'acme' }),
        ),
      ),
    ).toThrow('of acme: claimed by standard');
  });

  test('R6, R7, R24: the more specific claim wins, whatever the order of registration', async () => {
    const r = router();
    const say = (sumOf: number, options = {}) => handle(Poke, () => void sumOf, options);
    const raw = (n: number) => () => Uint8Array.of(0, n);
    r.register(
      set(
        'x',
        handleRaw({ netFn: 6, cmd: '*' }, raw(1), { privilege: Privilege.User }),
        handleRaw({ netFn: 6, cmd: 0x7e }, raw(2)),
        handleRaw({ netFn: 6, cmd: 0x7e }, raw(3), { lun: 2 }),
        handleRaw({ netFn: 6, cmd: 0x7e }, raw(4), { channel: 15 }),
        handleRaw({ netFn: 6, cmd: 0x7e, lun: 2, channel: 15 }, raw(5)),
        say(0),
      ),
    );
    const to = async (cmd: number, lun: number, channel: Channel) =>
      ask(r, { ...message(6, cmd), lun }, by(channel));
    expect(
      await Promise.all([
        to(0x7d, 0, LAN),
        to(0x7e, 0, LAN),
        to(0x7e, 2, LAN),
        to(0x7e, 1, HOST),
        to(0x7e, 2, HOST),
      ]),
    ).toEqual(['00 01', '00 02', '00 03', '00 04', '00 05']);
    // A standard command before a wildcard of one's own.
    expect(await ask(r, message(6, 0x70, 4))).toBe('00 04');
  });

  test('a raw handler sees data without body and answers without it', async () => {
    const r = router();
    r.register(
      set(
        'x',
        handleRaw({ netFn: 0x2c, cmd: '*', body: 0xdc }, ({ data }) => Uint8Array.of(0, ...data)),
      ),
    );
    expect(await ask(r, message(0x2c, 9, 0xdc, 1, 2))).toBe('00 dc 01 02');
    expect(await ask(r, message(0x2c, 9, 0xdc), by(LAN, Privilege.Operator))).toBe('d4 dc');
  });

  test('R9, R28: the default handler takes what nobody claims; a second one, or removing it twice, is an error', async () => {
    const r = router();
    const registration = r.setDefaultHandler('userland', (m) => Uint8Array.of(0, m.cmd));
    expect([await ask(r, message(0x30, 9)), await ask(r, message(6, 0x70, 1))]).toEqual(['00 09', '00 01']);
    expect(() => r.setDefaultHandler('other', () => Uint8Array.of(0))).toThrow(
      /userland is, set at .*router\.test\.ts/,
    );
    await registration.unregister();
    expect(await ask(r, message(0x30, 9))).toBe('c1');
    await expect(registration.unregister()).rejects.toThrow(
      new RegistrationError(['userland is not the default handler']),
    );
  });

  test('R38, R47: unregister waits for running requests', async () => {
    const r = router();
    let finish: () => void = () => undefined;
    const registration = r.register(
      set(
        'x',
        handle(Poke, () => new Promise<void>((resolve) => (finish = resolve))),
      ),
    );
    const answer = ask(r, message(6, 0x71));
    let gone = false;
    const unregistered = registration.unregister().then(() => (gone = true));
    expect(await ask(r, message(6, 0x71))).toBe('c1');
    expect(gone).toBe(false);
    finish();
    expect(await answer).toBe('00');
    await unregistered;
    await expect(registration.unregister()).rejects.toThrow('x is not registered');
  });

  test('R32: routers share the standard table and nothing else', async () => {
    const [one, other] = [router(), router()];
    one.register(
      set(
        'x',
        handle(Poke, () => undefined),
      ),
    );
    expect([await ask(one, message(6, 0x71)), await ask(other, message(6, 0x71))]).toEqual(['00', 'c1']);
    expect([...other.claims()].map((entry) => entry.owner)).toEqual(['standard']);
  });
});

test('R8, R50: a command on NetFn 30h-3Eh without its maker is warned about; one of another maker is refused', () => {
  const warnings: string[] = [];
  const r = new Router({
    clock,
    manufacturer: 674,
    log: { error: () => undefined, warn: (line) => warnings.push(line) },
  });
  const claim = { netFn: 0x30, cmd: 1 };
  r.register(
    set(
      'nameless',
      handleRaw(claim, () => Uint8Array.of(0)),
    ),
  );
  expect(warnings).toEqual([
    'nameless: 30h 01h does not say whose command it is: name its manufacturer, or use NetFn 2Eh',
  ]);
  r.register(
    set(
      'dell',
      handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0), { manufacturer: 674 }),
    ),
  );
  expect(warnings.length).toBe(1);
  expect(() =>
    r.register(
      set(
        'other',
        handleRaw({ netFn: 0x30, cmd: 3 }, () => Uint8Array.of(0), { manufacturer: 343 }),
      ),
    ),
  ).toThrow("other cannot claim 30h 03h: it is a command of manufacturer 343, and this BMC's is 674");
});
