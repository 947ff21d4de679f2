// Handlers over handlers: what an override passes down and gets back, and what waits for what.
import { expect, test } from 'vitest';
import { toHex } from '../../test/support/vectors.ts';
import { CC, IpmiError, rest, u8 } from '../codec/index.ts';
import { command, NetFn, Privilege } from '../commands/command.ts';
import { simWorld } from '../world/index.ts';
import {
  Context,
  handle,
  handleRaw,
  Router,
  type Channel,
  type Dispatch,
  type HandlerSet,
  type Message,
} from './index.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 255 };
const clock = { monotonic: () => 0, after: () => ({ cancel: () => undefined }) };
const ACME = 0xabcdef;

const Poke = command({
  name: 'Poke',
  spec: 'test',
  netFn: NetFn.App,
  cmd: 0x71,
  privilege: Privilege.Administrator,
  request: {},
  response: {},
});
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

const router = (): Router => new Router({ clock });
const set = (owner: string, ...handlers: HandlerSet['handlers']): HandlerSet => ({ owner, handlers });
const message = (netFn: number, cmd: number, ...data: number[]): Message => ({
  netFn,
  cmd,
  lun: 0,
  data: Uint8Array.from(data),
});
const ask = async (r: Router, m: Message): Promise<string> =>
  toHex(await r.dispatch(m, new Context(undefined, LAN, Privilege.Administrator)));

test('R8, R47: overrides of one OEM command, typed and raw, pass data and answers down and up with the IANA taken off', async () => {
  const r = router();
  const seen: string[] = [];
  const owners = [
    r.register(
      set(
        'typed',
        handle(Oem, ({ duty }) => {
          if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange);
          return { data: Uint8Array.of(duty, 1) };
        }),
      ),
    ),
    r.register(
      set(
        'raw',
        handleRaw(
          { netFn: NetFn.OemGroup, body: ACME, cmd: 1 },
          async (m, context, next) => {
            const answer = await next(m, context);
            seen.push(`${toHex(m.data)} -> ${toHex(answer)}`);
            return answer[0] === 0 ? Uint8Array.of(...answer, 2) : answer;
          },
          { override: 'typed' },
        ),
      ),
    ),
    r.register(
      set(
        'top',
        handle(
          Oem,
          async (request, _context, next) => ({ data: Uint8Array.of(...(await next(request)).data, 3) }),
          { override: 'raw' },
        ),
      ),
    ),
  ];
  expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 50))).toBe('00 ef cd ab 32 01 02 03');
  expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 101))).toBe('c9 ef cd ab');
  expect(seen).toEqual(['32 -> 00 32 01', '65 -> c9']);
  await owners[2].unregister();
  expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 50))).toBe('00 ef cd ab 32 01 02');
  await owners[0].unregister();
  expect(await ask(r, message(0x2e, 1, 0xef, 0xcd, 0xab, 50))).toBe('c1 ef cd ab');
});

test.each(['typed', 'raw'])('R38: unregister waits for what runs below an override (%s)', async (kind) => {
  const r = router();
  let finish: () => void = () => undefined;
  const below = r.register(
    set(
      'below',
      handle(Poke, () => new Promise<void>((resolve) => (finish = resolve))),
    ),
  );
  r.register(
    set(
      'above',
      kind === 'typed'
        ? handle(Poke, (request, _context, next) => next(request), { override: 'below' })
        : handleRaw({ netFn: 6, cmd: 0x71 }, (m, context, next) => next(m, context), { override: 'below' }),
    ),
  );
  const answer = ask(r, message(6, 0x71));
  let gone = false;
  const unregistered = below.unregister().then(() => (gone = true));
  await ask(r, message(6, 0x70, 1));
  expect(gone).toBe(false);
  finish();
  await unregistered;
  expect(await answer).toBe('00');
});

test('R26: a raw handler that returns no completion code is a bug: FFh', async () => {
  const lines: string[] = [];
  const r = new Router({
    clock,
    log: { error: (line, error) => lines.push(`${line}: ${(error as Error).message}`) },
  });
  r.register(
    set(
      'x',
      handleRaw({ netFn: 6, cmd: 1 }, () => new Uint8Array(0)),
      // As a handler in JavaScript that forgets its answer.
      handleRaw({ netFn: 6, cmd: 2 }, async () => Reflect.get({}, 'answer')),
    ),
  );
  r.setDefaultHandler('rest', () => new Uint8Array(0));
  expect([
    await ask(r, message(6, 1)),
    await ask(r, message(6, 2)),
    await ask(r, message(0x2c, 2, 0xdc)),
  ]).toEqual(['ff', 'ff', 'ff dc']);
  expect(lines).toEqual([
    'x, 06h 01h: handler failed (request 1): returned no completion code',
    'x, 06h 02h: handler failed (request 2): returned no completion code',
    'rest: handler failed (request 3): returned no completion code',
  ]);
});

test('R38: unregister does not wait for what an override left running below when it answered', async () => {
  const world = simWorld(1);
  const r = new Router({ clock: world.clock });
  const never = r.register(
    set(
      'never',
      handleRaw({ netFn: 6, cmd: 0x71 }, () => new Promise(() => undefined)),
    ),
  );
  const impatient = handleRaw(
    { netFn: 6, cmd: 0x71 },
    (m, context, next) => {
      void next(m, context);
      return m.data.length > 0 ? Promise.resolve(Uint8Array.of(0)) : Uint8Array.of(0);
    },
    { override: 'never' },
  );
  r.register(set('impatient', impatient));
  let entrance: Dispatch | undefined;
  await r.attach({
    channel: LAN,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  for (const m of [message(6, 0x71), message(6, 0x71, 1)])
    expect(await entrance!(m, new Context(undefined, LAN, Privilege.Administrator))).toEqual(
      Uint8Array.of(0),
    );
  await never.unregister();
});

test('I2: an override that takes its time asks below with what its requester has left', async () => {
  for (const how of ['typed', 'raw', 'raw over typed'] as const) {
    const r = router();
    const done: string[] = [];
    const below = handle(Poke, () => void done.push(how));
    const raw = handleRaw({ netFn: NetFn.App, cmd: Poke.cmd }, () => (done.push(how), Uint8Array.of(0)));
    r.register(set('below', how === 'raw' ? raw : below));
    let go: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => (go = resolve));
    const over =
      how === 'typed'
        ? handle(Poke, async (request, _context, next) => (await wait, await next(request)), {
            override: 'below',
          })
        : handleRaw(
            { netFn: NetFn.App, cmd: Poke.cmd },
            async (m, c, next) => (await wait, await next(m, c)),
            { override: 'below' },
          );
    r.register(set('slow', over));
    const session = {
      handle: 1,
      id: 1,
      userId: 2,
      userName: 'admin',
      privilege: Privilege.Administrator as number,
      maxPrivilege: 4,
      channel: LAN,
    };
    const answer = Promise.resolve(
      r.dispatch(message(NetFn.App, Poke.cmd), new Context(undefined, LAN, 5, 0, session)),
    );
    // As closing a session leaves it.
    session.privilege = 0;
    go();
    expect([toHex(await answer), done], how).toEqual(['d4', []]);
  }
});

test('I2: and with what the firewall leaves the channel', async () => {
  const r = router();
  const done: string[] = [];
  r.register(
    set(
      'below',
      handle(Poke, () => void done.push('done')),
    ),
  );
  let go: () => void = () => undefined;
  const wait = new Promise<void>((resolve) => (go = resolve));
  r.register(
    set(
      'slow',
      handle(Poke, async (request, _context, next) => (await wait, await next(request)), {
        override: 'below',
      }),
    ),
  );
  const answer = ask(r, message(NetFn.App, Poke.cmd));
  r.policy = { check: () => CC.InsufficientPrivilege, allowsSubFunction: () => false };
  go();
  expect([await answer, done]).toEqual(['d4', []]);
});
