// Who has a place: sessions, and log-ins under way beside them.
import { describe, expect, test } from 'vitest';
import { logInNet, SERVER } from '../../../test/support/log-in-net.ts';
import { Privilege } from '../../commands/command.ts';
import { HalfOpen, sourceOf, type UnderWay } from '../../state/app/half-open.ts';
import { build20, PayloadType, RakpStatus } from '../../wire/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';

const users = [
  { id: 2, name: 'admin', password: 'AdminPass123' },
  { id: 3, name: 'user', password: 'UserPass123', privilege: 'user' },
  { id: 4, name: 'other', password: 'OtherPass123' },
] as const;
const USER = { user: 'user', password: 'UserPass123', privilege: Privilege.User } as const;
const OTHER = { user: 'other', password: 'OtherPass123' } as const;

describe('V5: abandoned sessions lock nobody out', () => {
  test('a proved log-in takes the place of the longest silent session: of its own user first, of one that spoke in the last 10 s never', async () => {
    const { world, bmc, logIn } = await logInNet({ users, sessions: { limit: 4 } });
    const opened = async (options: Parameters<typeof logIn>[0]): Promise<number> => {
      expect(await logIn(options)).toBe('in');
      await world.run(500);
      return bmc.sessions.active.reduce((a, b) => (a.lastHeard > b.lastHeard ? a : b)).id;
    };
    const ids = [await opened({}), await opened(USER), await opened({}), await opened(USER)];
    for (const options of [{}, USER, OTHER])
      expect(await logIn(options)).toBe(RakpStatus.InsufficientResources);
    await world.run(8200);
    // The first has been silent for more than 10 s now, the others have not.
    expect(await logIn(USER)).toBe(RakpStatus.InsufficientResources);
    await world.run(1000);
    expect(await logIn(USER)).toBe('in');
    const left = (): boolean[] => ids.map((id) => bmc.sessions.byId(id) !== undefined);
    expect(left()).toEqual([true, false, true, true]);
    // An account without sessions: the longest silent of all.
    expect(await logIn(OTHER)).toBe('in');
    expect(left()).toEqual([false, false, true, true]);
    expect(bmc.sessions.active).toHaveLength(4);
  });

  test("a wrong password takes nobody's place", async () => {
    const { world, bmc, logIn } = await logInNet({ users, sessions: { limit: 1 } });
    expect(await logIn()).toBe('in');
    await world.run(20_000);
    for (let i = 0; i < 4; i++)
      expect(await logIn({ ...OTHER, password: 'no' })).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(bmc.sessions.active[0].userName).toBe('admin');
  });

  test.each([Privilege.User, Privilege.Administrator])(
    'no account has more than half of the places, whatever its level: %i',
    async (privilege) => {
      const { world, bmc, logIn } = await logInNet({ users });
      const who = privilege === Privilege.User ? USER : {};
      const results: unknown[] = [];
      for (let i = 0; i < 64; i++) results.push(await logIn(who));
      expect([results.filter((result) => result === 'in').length, bmc.sessions.active.length]).toEqual([
        32, 32,
      ]);
      expect(await logIn(OTHER)).toBe('in');
      await world.run(11_000);
      // Its own silent ones make way for it, and only they.
      expect(await logIn(who)).toBe('in');
      expect(bmc.sessions.active.filter(({ userName }) => userName === 'other')).toHaveLength(1);
      expect(bmc.sessions.active).toHaveLength(33);
    },
  );

  test('64 abandoned sessions of two accounts keep a third out for ten seconds, not a minute; 1.5 gets in the same way', async () => {
    const { world, by, bmc, logIn } = await logInNet({ users });
    for (let i = 0; i < 32; i++) expect([await logIn(), await logIn(USER)]).toEqual(['in', 'in']);
    expect(await logIn(OTHER)).toBe(RakpStatus.InsufficientResources);
    await world.run(10_000);
    expect(await logIn(OTHER)).toBe('in');
    const console = await by({ user: 'other', password: 'OtherPass123' });
    expect([await console.challenge(), await console.activate()]).toEqual([0, 0]);
    expect(bmc.sessions.active).toHaveLength(64);
  });
});

describe('H5: a flood of half-open log-ins', () => {
  const open = (consoleId: number): Uint8Array => {
    const id = [consoleId & 0xff, (consoleId >> 8) & 0xff, 1, 1];
    return build20(
      PayloadType.OpenSessionRequest,
      0,
      0,
      Uint8Array.of(
        0,
        4,
        0,
        0,
        ...id,
        0,
        0,
        0,
        8,
        3,
        0,
        0,
        0,
        1,
        0,
        0,
        8,
        4,
        0,
        0,
        0,
        2,
        0,
        0,
        8,
        1,
        0,
        0,
        0,
      ),
    );
  };

  /**
   * `perSecond` Open Sessions a second for three seconds from one address, or from as many as there are
   * datagrams.
   */
  async function flood(world: SimWorld, perSecond: number, spoofed: boolean): Promise<void> {
    const own = spoofed ? undefined : await world.udp.bind({ host: '10.6.6.6', port: 0 });
    let sent = 0;
    const tick = (): void => {
      for (let i = 0; i < perSecond / 100; i++, sent++) {
        const send = (socket: Awaited<ReturnType<typeof world.udp.bind>>): void =>
          socket.send(open(sent), SERVER);
        if (own) send(own);
        else
          void world.udp
            .bind({ host: `10.${100 + (sent >> 16)}.${(sent >> 8) & 0xff}.${sent & 0xff}`, port: 0 })
            .then(send);
      }
      if (sent < perSecond * 3) world.clock.after(10, tick);
    };
    tick();
  }

  test.each([
    [2000, false, 1],
    [10_000, false, 50],
    [2000, true, 50],
    [10_000, true, 50],
  ])(
    '%i a second, made-up addresses %s, %i ms on the way and back: every log-in succeeds',
    async (perSecond, spoofed, roundTrip) => {
      const { world, bmc, logIn } = await logInNet(
        { users },
        { weather: { delay: [roundTrip / 2, roundTrip / 2] } },
      );
      await flood(world, perSecond, spoofed);
      await world.run(300);
      for (let i = 0; i < 10; i++) expect(await logIn({ tries: 1 })).toBe('in');
      expect(bmc.sessions.active).toHaveLength(10);
    },
    180_000,
  );

  test('with 63 sessions open, a trickle keeps nobody out, and no session ends', async () => {
    const { world, bmc, logIn } = await logInNet({ users });
    for (let i = 0; i < 31; i++) await logIn(USER);
    for (let i = 0; i < 32; i++) await logIn();
    await flood(world, 100, true);
    await world.run(200);
    expect(await logIn(OTHER)).toBe('in');
    expect(bmc.sessions.active).toHaveLength(64);
  });

  test('challenges of IPMI 1.5 are no better a flood', async () => {
    const { bmc, by } = await logInNet({ users });
    const flooder = await by({ user: 'user' }, '10.6.6.6');
    const console = await by();
    await console.challenge();
    for (let i = 0; i < 3000; i++)
      bmc.sessions.challenge({
        kind: 'ipmi-1.5',
        channel: bmc.sessions.challenged(console.bmcId)!.channel,
        peer: { address: '10.6.6.6', port: 7 },
      });
    expect([await flooder.challenge(), await console.activate()]).toEqual([0, 0]);
  });

  test('a full table gives up the oldest of the source that has most, and what is too old', async () => {
    const world = simWorld(1);
    const gone: number[] = [];
    const table = new HalfOpen<UnderWay>(world.clock, 4, 5000, ({ id }) => void gone.push(id));
    const add = (id: number, source: string): void =>
      table.add({ id, source, began: world.clock.monotonic() });
    for (const [id, source] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'b'],
      [4, 'c'],
      [5, 'd'],
    ] as const)
      add(id, source);
    expect(gone).toEqual([2]);
    // All have one: the source that has waited longest.
    add(6, 'e');
    add(7, 'e');
    add(8, 'f');
    expect(gone.slice(1)).toEqual([1, 4, 6]);
    expect(table.get(3)?.source).toBe('b');
    table.delete(table.get(3)!);
    expect(table.size).toBe(3);
    await world.run(7000);
    expect([table.size, gone.slice(4)]).toEqual([0, [5, 7, 8]]);
    add(9, 'a');
    expect(table.has(9)).toBe(true);
  });

  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:0:1::7', '2001:db8:0:1'],
    ['2001:0DB8:0000:0001:ffff::9', '2001:db8:0:1'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('one source is an IPv4 address or the /64 of an IPv6 one: %s', (host, source) =>
    expect(sourceOf(host)).toBe(source),
  );
});
