// What a log-in has to prove, and what it is then good for: codes, keys, users, limits of user, channel and
// suite.
import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { fromLatin1 } from '../../codec/index.ts';
import { CloseSession, SetSessionPrivilegeLevel } from '../../commands/app/sessions.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import {
  challenge15,
  HandConsole,
  logIn15,
  logIn20,
  request,
  Steps20,
  type LogIn15,
  type LogIn20,
} from '../../../test/support/hand-console.ts';
import { AuthType, RakpStatus } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const ALL = [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17] as const;
const TWENTY = 'TwentyBytePassw0rd20';

async function lan(options: BmcOptions = {}, more: Record<string, unknown> = {}) {
  const world = simWorld(5);
  const interfaces = [
    { type: 'lan', listen: '10.0.0.1:623', cipherSuites: [...ALL], authTypes: ['md5', 'md2'], ...more },
  ] as const;
  const users = [
    { id: 2, name: 'admin', password: 'AdminPass123' },
    { id: 3, name: 'oper', password: 'OperPass123', privilege: 'operator' },
    { id: 4, name: 'user', password: 'UserPass123', privilege: 'user' },
    { id: 5, name: 'long', password: TWENTY },
  ] as const;
  const bmc = new Bmc({ interfaces, users, sel: { bootEvents: false }, ...options }, { world });
  await bmc.open();
  const console = await HandConsole.at(world);
  /** 'in', or the status of the step that was refused. */
  const rmcpPlus = async (logIn: LogIn20 = {}): Promise<number | string | undefined> => {
    const steps = new Steps20(console, logIn);
    return (await steps.open()) || (await steps.rakp1()) || ((await steps.rakp3()) ?? 'nothing') || 'in';
  };
  /** 'in', or the completion code of what was refused. */
  const ipmi15 = (logIn: LogIn15 = {}): Promise<unknown> =>
    logIn15(console, logIn).then(
      () => 'in',
      (error: { cc?: number }) => error.cc ?? 'nothing',
    );
  return { world, bmc, console, rmcpPlus, ipmi15 };
}

const raise = (level: number): Uint8Array => Uint8Array.of(level);

describe('RAKP 3', () => {
  const forms: Record<string, (code: Uint8Array) => Uint8Array> = {
    'no code': () => new Uint8Array(0),
    'one right byte': (code) => code.slice(0, 1),
    'all but the last byte': (code) => code.slice(0, -1),
    'one byte more': (code) => Uint8Array.of(...code, 0),
    zeros: (code) => new Uint8Array(code.length),
    'another first byte': (code) => code.with(0, code[0] ^ 1),
    'another last byte': (code) => code.with(code.length - 1, code[code.length - 1] ^ 0x80),
  };
  test.each(Object.keys(forms))('is refused with %s', async (form) => {
    for (const suite of [1, 3, 8, 17]) {
      const { bmc, console } = await lan();
      const steps = new Steps20(console, { suite });
      expect([await steps.open(), await steps.rakp1(), await steps.rakp3(forms[form])]).toEqual([
        0,
        0,
        RakpStatus.InvalidIntegrityCheckValue,
      ]);
      expect(bmc.sessions.active).toEqual([]);
      // Once wrong, it is over: the right code comes too late.
      expect(await steps.rakp3()).not.toBe(0);
      expect(bmc.sessions.active).toEqual([]);
    }
  });

  test('sent again is answered again where its code is right, and proves nothing to anybody else', async () => {
    const { bmc, console } = await lan();
    const steps = new Steps20(console);
    expect([await steps.open(), await steps.rakp1(), await steps.rakp3(), steps.proved]).toEqual([
      0,
      0,
      0,
      true,
    ]);
    for (const form of Object.values(forms)) {
      expect([await steps.rakp3(form), steps.proved]).toEqual([RakpStatus.InvalidIntegrityCheckValue, false]);
      expect(bmc.sessions.active).toHaveLength(1);
    }
    expect([await steps.rakp3(), steps.proved]).toEqual([0, true]);
    expect((await steps.session().ask(1, NetFn.App, 0x01))?.[0]).toBe(0);
    expect(await steps.rakp3()).not.toBe(0);
    expect(bmc.sessions.active).toHaveLength(1);
  });

  test('before RAKP 1 opens nothing', async () => {
    const { bmc, console } = await lan();
    const steps = new Steps20(console);
    await steps.open();
    const exchange = {
      authentication: 3,
      consoleId: steps.consoleId,
      bmcId: steps.bmcId,
      role: 0x14,
      name: fromLatin1('admin'),
    };
    steps.exchange = {
      ...exchange,
      consoleRandom: new Uint8Array(16),
      bmcRandom: new Uint8Array(16),
      bmcGuid: new Uint8Array(16),
    };
    expect(await steps.rakp3()).not.toBe(0);
    expect(bmc.sessions.active).toEqual([]);
  });
});

describe('passwords', () => {
  test('RMCP+: each of twenty bytes counts', async () => {
    for (let at = 0; at < 20; at++) {
      const { rmcpPlus } = await lan();
      const wrong = TWENTY.slice(0, at) + '#' + TWENTY.slice(at + 1);
      expect(await rmcpPlus({ user: 'long', password: wrong }), `byte ${at}`).toBe(
        RakpStatus.InvalidIntegrityCheckValue,
      );
    }
    const { rmcpPlus } = await lan();
    expect(await rmcpPlus({ user: 'long', password: TWENTY })).toBe('in');
    expect(await rmcpPlus({ user: 'admin', password: 'AdminPass123x' })).toBe(
      RakpStatus.InvalidIntegrityCheckValue,
    );
  });

  test('a changed seventeenth to twentieth byte is another password: open sessions end', async () => {
    for (const at of [16, 19]) {
      const { bmc, rmcpPlus } = await lan();
      expect(await rmcpPlus({ user: 'long', password: TWENTY })).toBe('in');
      const other = fromLatin1(TWENTY.slice(0, at) + '#' + TWENTY.slice(at + 1), 20);
      await bmc.users.setPassword(5, other);
      expect(bmc.sessions.active).toEqual([]);
      expect(bmc.users.testPassword(5, fromLatin1(TWENTY, 20))).toBe('wrong');
      expect(bmc.users.testPassword(5, other)).toBe('right');
    }
  });
});

test('a password that changes during a log-in is another one, to its last byte', async () => {
  for (let at = 0; at < 20; at++) {
    const { bmc, console } = await lan();
    const steps = new Steps20(console, { user: 'long', password: TWENTY });
    expect([await steps.open(), await steps.rakp1()]).toEqual([0, 0]);
    await bmc.users.setPassword(5, fromLatin1(TWENTY.slice(0, at) + '#' + TWENTY.slice(at + 1), 20));
    expect(await steps.rakp3(), `byte ${at}`).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(bmc.sessions.active).toEqual([]);
  }
});

describe('the BMC key', () => {
  const KG = 'abcdefghijklmnopqrst';
  test('is one of the two that a session is signed and encrypted with, to its last byte', async () => {
    for (const kg of [KG, 'abcdefghijklmnopqrs#', '#bcdefghijklmnopqrst', 'abcdefghijklmnop', undefined]) {
      const { console } = await lan({}, { kg: KG });
      const session = await logIn20(console, { kg });
      expect((await session.ask(1, NetFn.App, 0x01))?.[0], `${kg}`).toBe(kg === KG ? 0 : undefined);
    }
  });

  test('is proved by RAKP 4, and not by RAKP 2', async () => {
    for (const kg of [KG, 'abcdefghijklmnopqrs#', undefined]) {
      const { console } = await lan({}, { kg: KG });
      const steps = new Steps20(console, { kg });
      expect([await steps.open(), await steps.rakp1(), steps.proved]).toEqual([0, 0, true]);
      expect([await steps.rakp3(), steps.proved]).toEqual([0, kg === KG]);
    }
  });

  test('does not stand for the password', async () => {
    const { rmcpPlus } = await lan({}, { kg: KG });
    expect(await rmcpPlus({ password: KG, kg: KG })).toBe(RakpStatus.InvalidIntegrityCheckValue);
  });

  test('that was set by a command counts from the next log-in on, in place of that of the settings; zeros are none', async () => {
    const { bmc, console } = await lan({}, { kg: KG });
    const works = async (kg?: string): Promise<boolean> =>
      (await (await logIn20(console, { kg })).ask(1, NetFn.App, 0x01))?.[0] === 0;
    await bmc.channels.setKey(1, 'kg', fromLatin1('another', 20));
    expect([await works('another'), await works(KG), await works()]).toEqual([true, false, false]);
    await bmc.channels.setKey(1, 'kg', new Uint8Array(20));
    expect([await works('another'), await works(KG), await works()]).toEqual([false, false, true]);
    await bmc.channels.setKey(1, 'kr', fromLatin1('no matter', 20));
    expect(await works()).toBe(true);
  });
});

describe('limits', () => {
  const { UnauthorizedRole, UnauthorizedName, NoCipherSuiteMatch } = RakpStatus;

  test('of the user', async () => {
    const { rmcpPlus, ipmi15 } = await lan();
    const oper = { user: 'oper', password: 'OperPass123' };
    for (const nameOnly of [true, false]) {
      expect(await rmcpPlus({ ...oper, nameOnly, role: Privilege.Administrator })).toBe(UnauthorizedRole);
      expect(await rmcpPlus({ ...oper, nameOnly, role: Privilege.Operator })).toBe('in');
    }
    expect([
      await ipmi15({ ...oper, privilege: Privilege.Administrator }),
      await ipmi15({ ...oper, privilege: Privilege.Operator }),
    ]).toEqual([0x86, 'in']);
  });

  test('of the channel', async () => {
    const { bmc, rmcpPlus, ipmi15 } = await lan();
    bmc.channels.setPresentAccess(1, {
      ...bmc.channels.access(1, 'present'),
      privilegeLimit: Privilege.User,
    });
    expect([await rmcpPlus({ role: Privilege.Operator }), await rmcpPlus({ role: Privilege.User })]).toEqual([
      UnauthorizedRole,
      'in',
    ]);
    expect([
      await ipmi15({ privilege: Privilege.Operator }),
      await ipmi15({ privilege: Privilege.User }),
    ]).toEqual([0x86, 'in']);
  });

  test('of the cipher suite, each its own; a suite at 0 is not to be had', async () => {
    const { bmc, console, rmcpPlus } = await lan();
    const caps = Array<number>(16).fill(Privilege.Administrator);
    caps[ALL.indexOf(3)] = Privilege.Operator;
    caps[ALL.indexOf(8)] = 0;
    await bmc.channels.setSuiteCaps(1, caps);
    expect([await rmcpPlus({ suite: 3 }), await rmcpPlus({ suite: 3, role: Privilege.Operator })]).toEqual([
      UnauthorizedRole,
      'in',
    ]);
    expect(await rmcpPlus({ suite: 8, role: Privilege.User })).toBe(UnauthorizedRole);
    expect([await rmcpPlus({ suite: 17 }), await rmcpPlus({ suite: 2 })]).toEqual(['in', 'in']);
    const capped = new Steps20(console, { suite: 3, maxPrivilege: Privilege.Administrator });
    expect([await capped.open(), await new Steps20(console, { suite: 8 }).open()]).toEqual([
      UnauthorizedRole,
      UnauthorizedRole,
    ]);
    expect(await rmcpPlus({ suite: 3, maxPrivilege: Privilege.Administrator })).toBe(UnauthorizedRole);
  });

  test('stand before RAKP 2: whoever may not come in gets nothing signed with a password', async () => {
    const refusedAt = async (change: (bmc: Bmc) => unknown, logIn: LogIn20 = {}): Promise<string> => {
      const { bmc, console } = await lan();
      await change(bmc);
      const steps = new Steps20(console, logIn);
      for (const step of ['open', 'rakp1', 'rakp3'] as const) if ((await steps[step]()) !== 0) return step;
      return 'in';
    };
    const nothing = (): void => undefined;
    const oper = { user: 'oper', password: 'OperPass123' };
    expect(await refusedAt(nothing)).toBe('in');
    for (const nameOnly of [true, false])
      expect(await refusedAt(nothing, { ...oper, nameOnly })).toBe('rakp1');
    const access = ({ channels }: Bmc, privilegeLimit: number) =>
      channels.setPresentAccess(1, { ...channels.access(1, 'present'), privilegeLimit });
    expect(await refusedAt((bmc) => access(bmc, Privilege.Operator))).toBe('rakp1');
    const caps = ALL.map((id) => (id === 17 ? Privilege.Operator : Privilege.Administrator));
    expect(await refusedAt(({ channels }) => channels.setSuiteCaps(1, caps))).toBe('rakp1');
    expect(await refusedAt(({ users }) => users.setEnabled(2, false))).toBe('rakp1');
    expect(await refusedAt(nothing, { maxPrivilege: Privilege.User })).toBe('rakp1');
    expect(await refusedAt(nothing, { user: 'nobody' })).toBe('rakp1');
  });

  test('of a name: as long as it says, and sixteen bytes at most', async () => {
    for (const nameLength of [0, 4, 6, 15, 16, 17, 0xff]) {
      const { rmcpPlus } = await lan();
      expect(await rmcpPlus({ nameLength }), `${nameLength}`).toBe(
        nameLength < 5 ? UnauthorizedName : RakpStatus.InvalidNameLength,
      );
    }
  });

  test('of Open Session itself', async () => {
    const { rmcpPlus } = await lan();
    expect(await rmcpPlus({ maxPrivilege: Privilege.Operator })).toBe(UnauthorizedRole);
    expect(await rmcpPlus({ maxPrivilege: Privilege.Operator, role: Privilege.Operator })).toBe('in');
  });

  test('a suite that is not switched on', async () => {
    const { rmcpPlus } = await lan({}, { cipherSuites: [17] });
    for (const suite of [0, 1, 3, 16]) expect(await rmcpPlus({ suite })).toBe(NoCipherSuiteMatch);
    expect(await rmcpPlus()).toBe('in');
  });

  test('an authentication type of IPMI 1.5 that is not switched on, at all or at a level', async () => {
    const { bmc, ipmi15 } = await lan();
    expect([
      await ipmi15({ authType: AuthType.Password }),
      await ipmi15({ authType: AuthType.None }),
    ]).toEqual([0xcc, 0xcc]);
    const byLevel = [[1, 2], [1, 2], [1, 2], [1], [1]];
    await bmc.channels.setEnabledAuthTypes(1, byLevel);
    expect([await ipmi15({ authType: AuthType.Md5 }), await ipmi15({ authType: AuthType.Md2 })]).toEqual([
      0x86,
      'in',
    ]);
    expect(await ipmi15({ authType: AuthType.Md5, privilege: Privilege.Operator })).toBe('in');
  });

  test.each<[string, (bmc: Bmc) => unknown]>([
    ['disabled', ({ users }) => users.setEnabled(2, false)],
    [
      'without IPMI messaging',
      ({ users }) => users.setAccess(2, 1, { ...users.access(2, 1), messaging: false }),
    ],
    ['without access', ({ users }) => users.setAccess(2, 1, { ...users.access(2, 1), privilegeLimit: 0x0f })],
    ['without a level', ({ users }) => users.setAccess(2, 1, { ...users.access(2, 1), privilegeLimit: 0 })],
    ['with another name', ({ users }) => users.setName(2, 'root')],
  ])('a user who is %s', async (_name, change) => {
    const { bmc, rmcpPlus, ipmi15 } = await lan();
    expect([await rmcpPlus(), await ipmi15()]).toEqual(['in', 'in']);
    await change(bmc);
    expect(bmc.sessions.active).toEqual([]);
    expect([await rmcpPlus(), await ipmi15()]).toEqual([UnauthorizedName, 0x81]);
  });

  test('access to one channel is none to another', async () => {
    const { bmc, rmcpPlus } = await lan();
    await bmc.users.setAccess(2, 3, { ...bmc.users.access(2, 1), messaging: false });
    expect(await rmcpPlus()).toBe('in');
  });
});

describe('the level of a session', () => {
  const ways = {
    'RMCP+': async (console: HandConsole, privilege: number) => ({
      session: await logIn20(console, { role: privilege }),
      first: 1,
    }),
    'IPMI 1.5': async (console: HandConsole, privilege: number) => {
      const session = await logIn15(console, { privilege });
      return { session, first: session.first };
    },
  };
  test.each(Object.keys(ways) as (keyof typeof ways)[])(
    '%s: begins at User, rises to that of its log-in and no further',
    async (way) => {
      for (const limit of [Privilege.Callback, Privilege.User, Privilege.Operator, Privilege.Administrator]) {
        const { bmc, console } = await lan();
        const { session, first } = await ways[way](console, limit);
        expect(bmc.sessions.active[0].privilege).toBe(Math.min(limit, Privilege.User));
        const set = (n: number, level: number) =>
          session.ask(first + n, NetFn.App, SetSessionPrivilegeLevel.cmd, raise(level));
        if (limit === Privilege.Callback) {
          expect(await set(0, Privilege.User)).toEqual([0xd4]);
          continue;
        }
        for (const [n, level] of [
          Privilege.Oem,
          Privilege.Administrator,
          Privilege.Operator,
          Privilege.User,
        ].entries())
          expect(await set(n, level), `${limit} to ${level}`).toEqual(level > limit ? [0x81] : [0, level]);
        expect(await set(9, 0)).toEqual([0, Privilege.User]);
      }
    },
  );
});

describe('Close Session', () => {
  const byId = (id: number): Uint8Array => Uint8Array.of(id, id >>> 8, id >>> 16, id >>> 24);
  const byHandle = (handle: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, handle);

  test('by id or handle: anybody the own one, an administrator any, others none but their own', async () => {
    const roles = [
      { role: Privilege.User, may: false },
      { role: Privilege.Operator, may: false },
      { role: Privilege.Administrator, may: true },
    ];
    for (const { role, may } of roles) {
      for (const way of ['id', 'handle'] as const) {
        const { bmc, console } = await lan();
        const victim = await logIn20(console, {
          user: 'user',
          password: 'UserPass123',
          role: Privilege.User,
        });
        const session = await logIn20(console, { role });
        await session.ask(1, NetFn.App, SetSessionPrivilegeLevel.cmd, raise(role));
        const close = (n: number, id: number) => {
          const data = way === 'id' ? byId(id) : byHandle(bmc.sessions.byId(id)!.handle);
          return session.ask(n, NetFn.App, CloseSession.cmd, data);
        };
        expect(await close(2, victim.id), `level ${role}, by ${way}`).toEqual([may ? 0 : 0xd4]);
        expect(bmc.sessions.active).toHaveLength(may ? 1 : 2);
        expect(await close(3, session.id)).toEqual([0]);
        expect(bmc.sessions.active.map(({ id }) => id)).toEqual(may ? [] : [victim.id]);
      }
    }
  });

  test('one of the same user is another one', async () => {
    const { bmc, console } = await lan();
    const user = { user: 'user', password: 'UserPass123', role: Privilege.User };
    const [one, other] = [await logIn20(console, user), await logIn20(console, user)];
    expect(await one.ask(1, NetFn.App, CloseSession.cmd, byId(other.id))).toEqual([0xd4]);
    expect(bmc.sessions.active).toHaveLength(2);
  });
});

test('a session is one of the channel that it was opened on: no other port serves it', async () => {
  const { world, bmc, console } = await lan({
    interfaces: [
      { type: 'lan', listen: '10.0.0.1:623' },
      { type: 'lan', listen: '10.0.0.1:1623', channel: 2 },
    ],
  });
  const elsewhere = await HandConsole.at(world, '10.0.0.9', { host: '10.0.0.1', port: 1623 });
  const [old, recent] = [await logIn15(console), await logIn20(console)];
  expect(await elsewhere.exchange(old.seal(old.first, request(NetFn.App, 0x01, new Uint8Array(0))))).toEqual(
    [],
  );
  expect(await elsewhere.exchange(recent.seal(1, request(NetFn.App, 0x01, new Uint8Array(0))))).toEqual([]);
  expect([
    (await old.ask(old.first, NetFn.App, 0x01))?.[0],
    (await recent.ask(1, NetFn.App, 0x01))?.[0],
  ]).toEqual([0, 0]);
  expect(bmc.sessions.active.map(({ channel }) => channel.number)).toEqual([1, 1]);
  // A log-in that was begun by one port is not completed by another.
  const half = await challenge15(console);
  const data = Uint8Array.of(half.authType, Privilege.User, ...half.challenge, 1, 0, 0, 0);
  expect(await elsewhere.exchange(half.seal(0, request(NetFn.App, 0x3a, data)))).toEqual([]);
  const steps = new Steps20(console);
  await steps.open();
  const other = new Steps20(elsewhere);
  other.bmcId = steps.bmcId;
  expect(await other.rakp1()).not.toBe(0);
});

test("IPMI 1.5: the challenge of a session is no other's, and is good for one session", async () => {
  const { bmc, console } = await lan();
  const [one, other] = [await challenge15(console), await challenge15(console)];
  const activate = (challenge: readonly number[]): Uint8Array =>
    Uint8Array.of(AuthType.Md5, Privilege.User, ...challenge, 1, 0, 0, 0);
  expect((await one.ask(0, NetFn.App, 0x3a, activate(other.challenge)))?.[0]).not.toBe(0);
  expect((await other.ask(0, NetFn.App, 0x3a, activate(other.challenge)))?.[0]).toBe(0);
  expect((await other.ask(0, NetFn.App, 0x3a, activate(other.challenge)))?.[0]).not.toBe(0);
  expect(bmc.sessions.active).toHaveLength(1);
});
