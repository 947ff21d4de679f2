// Who gets in: names, passwords and the strictness of session set-up.
import { describe, expect, test } from 'vitest';
import { logInNet } from '../../../test/support/log-in-net.ts';
import { HOST } from '../../../test/support/bmc.ts';
import { Privilege } from '../../commands/command.ts';
import type { BmcOptions } from '../../config/options.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { RakpStatus } from '../../wire/index.ts';

type UserOptions = NonNullable<BmcOptions['users']>[number];
const utf8 = (text: string, size: number): number[] =>
  [...new TextEncoder().encode(text), ...new Uint8Array(size)].slice(0, size);
const NO_USER = [RakpStatus.UnauthorizedName, 0x81];

/** RAKP 2's status, and the completion code of Get Session Challenge. */
async function bothWays(
  users: readonly UserOptions[],
  user: string | Uint8Array,
  password: string | Uint8Array = '',
): Promise<[number, number]> {
  const { by } = await logInNet({ users });
  const [one, other] = [await by({ user, password }), await by({ user, password })];
  await one.open();
  return [await one.rakp1(), await other.challenge()];
}

describe('V1: nobody logs in by accident of a name or a length', () => {
  const admin: UserOptions = { id: 2, name: 'admin', password: 'AdminPass123' };

  test.each<[string, Uint8Array]>([
    ['no name', new Uint8Array(0)],
    ['zeros', new Uint8Array(5)],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf)],
    ['what is no UTF-8', Uint8Array.of(0xff)],
  ])('a user whose name was cleared is gone: %s', async (_name, user) => {
    const { by, bmc } = await logInNet();
    await bmc.users.setName(2, '');
    const console = await by({ user });
    await console.open();
    expect(await console.rakp1()).toBe(RakpStatus.UnauthorizedName);
    expect(await (await by({ user })).challenge()).toBeGreaterThan(0x80);
    expect(bmc.users.loginKinds(1)).toEqual({ nonNullUsers: true, nullUsers: false, anonymousLogin: false });
  });

  test('the null user is there only by its setting, however it is enabled', async () => {
    const { by, bmc } = await logInNet();
    await bmc.users.setAccess(1, 1, { ...bmc.users.access(2, 1) });
    await bmc.users.setPassword(1, new Uint8Array(16).fill(0x41));
    await bmc.users.setEnabled(1, true);
    const console = await by({ user: '' });
    await console.open();
    expect([await console.rakp1(), await (await by({ user: '' })).challenge()]).toEqual([
      RakpStatus.UnauthorizedName,
      0x82,
    ]);
    expect(await bothWays([{ id: 1, password: 'x' }], '')).toEqual([0, 0]);
    // A name makes slot 1 a user like others.
    expect(await bothWays([{ id: 1, name: 'root', password: 'x' }], '')).toEqual([
      RakpStatus.UnauthorizedName,
      0x82,
    ]);
    expect(await bothWays([{ id: 1, name: 'root', password: 'x' }], 'root')).toEqual([0, 0]);
  });

  test('a user that was never given a password does not get in; an empty one has to be said', async () => {
    expect(await bothWays([admin, { id: 3, name: 'new' }], 'new')).toEqual(NO_USER);
    expect(await bothWays([admin, { id: 3, name: 'new', password: '' }], 'new')).toEqual([0, 0]);
    const { bmc, by } = await logInNet({ users: [admin, { id: 3, name: 'new', password: '' }] });
    await bmc.users.setPassword(3, new Uint8Array(16));
    const console = await by({ user: 'new' });
    await console.open();
    expect(await console.rakp1()).toBe(RakpStatus.UnauthorizedName);
  });

  test('a password of 20 bytes opens RMCP+ alone, whole; the first 16 of them open nothing', async () => {
    const long = 'abcdefghijklmnopqrst';
    const { by, logIn, bmc } = await logInNet({ users: [{ id: 2, name: 'admin', password: long }] });
    expect(await logIn({ password: long })).toBe('in');
    expect(await logIn({ password: long.slice(0, 16) })).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(await (await by({ password: long.slice(0, 16) })).challenge()).toBe(0x81);
    // Set as one of 20 bytes, a short one is long too (§22.30); set again as one of 16, it is not.
    await bmc.users.setPassword(2, Uint8Array.from(utf8('short', 20)));
    expect(await (await by()).challenge()).toBe(0x81);
    await bmc.users.setPassword(2, Uint8Array.from(utf8('short', 16)));
    expect(await (await by()).challenge()).toBe(0);
  });

  test('Get AuthCode makes no IPMI 1.5 code of a password of 20 bytes', async () => {
    const { bmc } = await logInNet({
      users: [admin, { id: 3, name: 'long', password: 'abcdefghijklmnopqrst' }],
    });
    const code = async (integrity: number, user: number): Promise<number> => {
      const data = Uint8Array.of((integrity << 6) | 2, 1, user, ...new Uint8Array(16));
      return (await bmc.router.dispatch({ netFn: 6, lun: 0, cmd: 0x3f, data }, system(bmc)))[0];
    };
    expect([await code(0, 2), await code(0, 3), await code(1, 3)]).toEqual([0, 0xcc, 0]);
  });

  test('what stands behind the zeros of a name is part of no name', async () => {
    const { by } = await logInNet();
    const name = Uint8Array.from([...utf8('admin', 6), ...utf8('x', 10)]);
    expect(await (await by({ user: name })).challenge()).toBe(0x81);
    const console = await by({ user: Uint8Array.from(utf8('admin', 16)) });
    await console.open();
    expect(await console.rakp1()).toBe(RakpStatus.UnauthorizedName);
  });
});

describe('V2: names and passwords are UTF-8 on the wire', () => {
  test.each(['Zoë', 'Łukasz', '管理者', '😀'])(
    '%s logs in both ways, set by the settings or by a client',
    async (name) => {
      const password = `${name}ß`;
      expect(await bothWays([{ id: 2, name, password }], name, password)).toEqual([0, 0]);
      const { by, bmc, logIn } = await logInNet();
      expect([
        ...(await bmc.router.dispatch(
          { netFn: 6, lun: 0, cmd: 0x45, data: Uint8Array.of(3, ...utf8(name, 16)) },
          system(bmc),
        )),
      ]).toEqual([0]);
      expect([
        ...(await bmc.router.dispatch({ netFn: 6, lun: 0, cmd: 0x46, data: Uint8Array.of(3) }, system(bmc))),
      ]).toEqual([0, ...utf8(name, 16)]);
      await bmc.users.setPassword(3, Uint8Array.from(utf8(password, 16)));
      expect(await logIn({ user: name, password, privilege: 2 })).toBe('in');
      const console = await by({ user: name, password, role: 2 });
      expect([await console.challenge(), await console.activate()]).toEqual([0, 0]);
      expect(bmc.sessions.active.map(({ userName }) => userName)).toEqual([name, name]);
    },
  );

  test('a name that is no UTF-8 is refused: CCh', async () => {
    const { bmc } = await logInNet();
    for (const bytes of [[0xe9], [0xc3], [0x41, 0xff], [0xed, 0xa0, 0x80]]) {
      const data = Uint8Array.of(3, ...bytes, ...new Uint8Array(16 - bytes.length));
      expect([...(await bmc.router.dispatch({ netFn: 6, lun: 0, cmd: 0x45, data }, system(bmc)))]).toEqual([
        0xcc,
      ]);
    }
    expect(bmc.users.name(3)).toBe('user');
  });

  test.each<[UserOptions, string]>([
    [{ id: 2, name: '管理者管理者', password: 'x' }, 'name'],
    [{ id: 2, name: 'a', password: 'ßßßßßßßßßßß' }, 'password'],
    [{ id: 2, name: '\ud800', password: 'x' }, 'name'],
  ])('what does not fit into 16 or 20 bytes is refused with its place: %j', async (user, key) => {
    await expect(logInNet({ users: [{ id: 3, name: 'b', password: 'b' }, user] })).rejects.toMatchObject({
      path: ['users', 1, key],
    });
  });
});

describe('V4: session set-up is strict', () => {
  const request = async (changes: Readonly<Record<number, number>>): Promise<number> => {
    const { by } = await logInNet();
    const console = await by();
    const bytes = console.openRequest();
    for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value;
    return console.open(bytes);
  };

  test('console session id 0', async () => {
    expect(await request({ 4: 0, 5: 0, 6: 0, 7: 0 })).toBe(RakpStatus.InvalidSessionId);
  });

  test.each([8, 16, 24])('a record of another payload type, at byte %i', async (at) => {
    expect(await request({ [at]: (at - 8) / 8 + 1 })).toBe(RakpStatus.InvalidPayloadType);
    expect(await request({ [at]: 0xff })).toBe(RakpStatus.InvalidPayloadType);
  });

  test.each([11, 19, 27])('a record of another length, at byte %i', async (at) => {
    for (const length of [1, 7, 9, 0xff])
      expect(await request({ [at]: length })).toBe(RakpStatus.IllegalParameter);
    expect(await request({ [at]: 0 })).toBe(RakpStatus.Ok);
  });

  test('too short or too long', async () => {
    const { by } = await logInNet();
    const console = await by();
    expect(await console.open(console.openRequest().subarray(0, 31))).toBe(RakpStatus.IllegalParameter);
    expect(await console.open(Uint8Array.of(...console.openRequest(), 0))).toBe(RakpStatus.IllegalParameter);
  });

  test('RAKP messages of another address or port neither end a log-in nor take it over', async () => {
    const { by, bmc } = await logInNet();
    const [console, neighbour, stranger] = [await by(), await by(), await by({}, '10.0.0.66')];
    await console.open();
    for (const other of [neighbour, stranger]) {
      other.bmcId = console.bmcId;
      expect(await other.rakp1()).toBe(RakpStatus.InvalidSessionId);
      expect(await other.rakp3(false, RakpStatus.InsufficientResources)).toBe(RakpStatus.InvalidSessionId);
    }
    expect(await console.rakp1()).toBe(0);
    for (const other of [neighbour, stranger]) {
      for (const status of [0, RakpStatus.InvalidIntegrityCheckValue])
        expect(await other.rakp3(true, status)).toBe(RakpStatus.InvalidSessionId);
      expect(await other.rakp1()).toBe(RakpStatus.InvalidSessionId);
    }
    expect(await console.rakp3()).toBe(0);
    // Nor does one that comes after the session is there, whatever it says.
    expect(await console.rakp3(true)).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(await console.rakp3(false, RakpStatus.InvalidIntegrityCheckValue)).toBe(-1);
    // RAKP 4 was lost: asked for again, it comes again.
    expect(await console.rakp3()).toBe(0);
    expect(bmc.sessions.active).toHaveLength(1);
    expect(await console.send20(6, 1)).toBe(0);
  });

  test("a challenge of IPMI 1.5 is its console's alone", async () => {
    const { by, bmc } = await logInNet();
    const [console, stranger] = [await by(), await by({}, '10.0.0.66')];
    await console.challenge();
    Object.assign(stranger, { bmcId: console.bmcId, challengeBytes: console.challengeBytes });
    expect([await stranger.activate(true), await stranger.activate()]).toEqual([-1, -1]);
    expect(await console.activate()).toBe(0);
    expect(bmc.sessions.active[0].peer.address).toBe('10.0.0.2');
  });
});

function system(bmc: Awaited<ReturnType<typeof logInNet>>['bmc']): Context<BmcState> {
  return new Context<BmcState>(bmc, HOST, Privilege.Administrator);
}
