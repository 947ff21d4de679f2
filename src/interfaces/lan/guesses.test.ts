// Wrong passwords, dropped datagrams, and the lines that tell of them.
import { describe, expect, test } from 'vitest';
import { logInNet, SERVER, type LogInNet } from '../../../test/support/log-in-net.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import type { BmcState } from '../../bmc-state.ts';
import { handleRaw, type Handler } from '../../router/index.ts';
import { SetLanConfigurationParameters } from '../../commands/transport/lan.ts';
import { connectLan } from '../../client/index.ts';
import type { DropReason } from '../../state/app/drops.ts';
import { AuthType, build15, build20, PayloadType, RakpStatus } from '../../wire/index.ts';

const {
  InvalidIntegrityCheckValue: WRONG,
  UnauthorizedName: NO_NAME,
  InsufficientResources: LATER,
} = RakpStatus;

/** LAN parameter 26: failures until a user is locked out, and for how many tens of seconds. */
async function rule({ world }: LogInNet, threshold: number, lock: number): Promise<void> {
  const admin = await world.until(connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123' }));
  await world.until(
    admin.send(SetLanConfigurationParameters, {
      channel: 1,
      parameter: 26,
      data: Uint8Array.of(0, threshold, 0, 0, lock, 0),
    }),
  );
  await world.until(admin.close());
}

describe('M9: guessing', () => {
  test('log-ins that were prepared before a lock-out guess no more, and the right password does not help', async () => {
    const net = await logInNet();
    await rule(net, 3, 6);
    const consoles = await Promise.all(
      Array.from({ length: 8 }, () => net.by({ user: 'user', password: 'UserPass123', role: 2 })),
    );
    for (const console of consoles) expect([await console.open(), await console.rakp1()]).toEqual([0, 0]);
    const results: number[] = [];
    for (const [i, console] of consoles.entries()) results.push(await console.rakp3(i < 7));
    expect(results).toEqual([WRONG, WRONG, WRONG, NO_NAME, NO_NAME, NO_NAME, NO_NAME, NO_NAME]);
    expect(net.bmc.sessions.active).toHaveLength(0);
  });

  test('a wrong guess while locked out does not lift the lock', async () => {
    const net = await logInNet();
    await rule(net, 2, 6);
    const late = await net.by({ user: 'user', password: 'UserPass123', role: 2 });
    const late15 = await net.by({ user: 'user', password: 'UserPass123', role: 2 });
    await late.open();
    await late.rakp1();
    await late15.challenge();
    for (let i = 0; i < 2; i++)
      expect(await net.logIn({ user: 'user', password: 'no', privilege: 2 })).toBe(WRONG);
    expect([await late.rakp3(false, WRONG), await late15.activate(true)]).toEqual([-1, -1]);
    expect(await net.logIn({ user: 'user', password: 'UserPass123', privilege: 2 })).toBe(NO_NAME);
    await net.world.run(61_000);
    expect(await net.logIn({ user: 'user', password: 'UserPass123', privilege: 2 })).toBe('in');
  });

  test('a challenge of IPMI 1.5 ends at its first wrong code', async () => {
    const { by, bmc } = await logInNet();
    const console = await by();
    await console.challenge();
    expect([await console.activate(true), await console.activate()]).toEqual([-1, -1]);
    // A wrong echo of the challenge, where nothing is signed.
    const none = await by();
    expect(await none.challenge(AuthType.None)).toBe(0);
    none.challengeBytes[3] ^= 1;
    expect(await none.activate(false, AuthType.None)).toBe(0xcc);
    none.challengeBytes[3] ^= 1;
    expect(await none.activate(false, AuthType.None)).toBe(-1);
    expect(bmc.sessions.active).toHaveLength(0);
  });

  test('without any setting, a source waits longer after each wrong password, by either way of logging in; other sources do not', async () => {
    const { world, by, logIn, bmc } = await logInNet();
    const guess = async (wrong = true): Promise<number> => {
      const console = await by();
      await console.open();
      const status = await console.rakp1();
      return status === 0 ? console.rakp3(wrong) : status;
    };
    const guess15 = async (): Promise<number> => {
      const console = await by();
      return (await console.challenge()) || console.activate(true);
    };
    expect([await guess(), await guess15(), await guess(), await guess15(), await guess()]).toEqual([
      WRONG,
      -1,
      WRONG,
      -1,
      WRONG,
    ]);
    expect([await guess(), await guess15(), await guess(false)]).toEqual([LATER, 0xc0, LATER]);
    const began = world.clock.monotonic();
    let compared = 0;
    while (world.clock.monotonic() - began < 60_000) if ((await guess()) === WRONG) compared++;
    // After 1, 3, 7, 15 and 31 s.
    expect(compared).toBe(5);
    // From elsewhere, and as another user, nobody waits.
    expect([await logIn(), await logIn({ user: 'user', password: 'UserPass123', privilege: 2 })]).toEqual([
      'in',
      'in',
    ]);
    await world.run(64_000);
    expect(await guess(false)).toBe(0);
    expect([await guess(), await guess(false)]).toEqual([WRONG, 0]);
    expect(bmc.sessions.active).toHaveLength(2);
  });

  test('the lines of a guesser are one a second', async () => {
    const { world, lines, by } = await logInNet();
    for (let i = 0; i < 30; i++) {
      const console = await by({ user: 'nobody' });
      await console.open();
      await console.rakp1();
    }
    await world.run(1000);
    const last = await by({ user: 'nobody' });
    await last.open();
    await last.rakp1();
    const refused = lines.filter(({ fields }) => fields?.event === 'log-in refused');
    // Thirty took 1.2 s.
    expect(refused.map(({ message }) => message.replace(/^.*refused/, ''))).toEqual([
      ": unknown user for user 'nobody' (RAKP 1, status 0Dh)",
      ": unknown user for user 'nobody' (RAKP 1, status 0Dh); 24 more since the last line",
      ": unknown user for user 'nobody' (RAKP 1, status 0Dh); 4 more since the last line",
    ]);
  });
});

describe('V17: a line for each log-in, refusal and log-out', () => {
  test('who, from where, with what, and why it ended', async () => {
    const { world, lines } = await logInNet();
    const client = await world.until(
      connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123' }),
    );
    await world.until(client.close());
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "info bmc: 0.0.0.0:49152 log-in of user 'admin': up to administrator, RMCP+ cipher suite 17",
      "info bmc: 0.0.0.0:49152 log-out of user 'admin': closed by its console, or by an administrator",
    ]);
    expect(lines[0].fields).toEqual({
      bmc: 'bmc',
      event: 'log-in',
      peer: '0.0.0.0:49152',
      channel: 1,
      user: 'admin',
      userId: 2,
      session: 1,
      privilege: 'administrator',
      suite: 17,
    });
  });

  test.each<[string, (net: LogInNet) => Promise<unknown>]>([
    ["unknown user for user 'nobody' (RAKP 1, status 0Dh)", ({ logIn }) => logIn({ user: 'nobody' })],
    ["wrong password for user 'admin' (RAKP 3, status 0Fh)", ({ logIn }) => logIn({ password: 'no' })],
    [
      "disabled user for user 'user' (RAKP 1, status 0Dh)",
      async ({ logIn, bmc }) => (await bmc.users.setEnabled(3, false), logIn({ user: 'user' })),
    ],
    [
      "privilege level for user 'user' (RAKP 1, status 0Ah)",
      ({ logIn }) => logIn({ user: 'user', password: 'UserPass123' }),
    ],
    ['cipher suite (Open Session, status 11h)', ({ logIn }) => logIn({ cipherSuite: 2 })],
    [
      "no session slot for user 'admin' (RAKP 3, status 01h)",
      async ({ logIn, bmc }) => {
        for (let i = 0; i < bmc.sessions.share; i++) await logIn();
        await logIn();
      },
    ],
    [
      "unknown user for user 'a\\u{a}b\\u{1b}\\'' (RAKP 1, status 0Dh)",
      ({ logIn }) => logIn({ user: "a\nb\x1b'" }),
    ],
    [
      "wrong password for user 'admin' (Activate Session, not answered)",
      async ({ by }) => {
        const console = await by();
        await console.challenge();
        await console.activate(true);
      },
    ],
    [
      "unknown user for user 'nobody' (Get Session Challenge, 81h)",
      async ({ by }) => (await by({ user: 'nobody' })).challenge(),
    ],
  ])('%s', async (line, act) => {
    const net = await logInNet();
    await act(net);
    await net.world.run(10);
    const [last] = net.lines.filter(({ level }) => level === 'warn');
    expect(last.message).toMatch(/^bmc: [\d.]+:\d+ log-in refused: /);
    expect(last.message.replace(/^.*?refused: /s, '')).toBe(line);
    expect(JSON.stringify(net.lines)).not.toContain('AdminPass123');
  });
});

test('V17: a console that found its password wrong by RAKP 2, and says nothing, has its line after three seconds; it may still go on', async () => {
  const { by, lines, world } = await logInNet();
  const [gone, slow, quick] = [await by(), await by(), await by()];
  for (const console of [gone, slow]) expect([await console.open(), await console.rakp1()]).toEqual([0, 0]);
  await world.run(2000);
  expect([await quick.open(), await quick.rakp1(), await quick.rakp3()]).toEqual([0, 0, 0]);
  expect(await quick.send20(6, 1)).toBe(0);
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  await world.run(4000);
  const refused = lines
    .filter(({ level }) => level === 'warn')
    .map(({ message }) => message.replace(/^.*?refused: /, ''));
  const line = "console did not go on: wrong password? for user 'admin' (no RAKP 3)";
  expect(refused).toEqual([line, line]);
  expect(await slow.rakp3()).toBe(0);
});

describe('V6: a datagram that is dropped says why', () => {
  test.each<[DropReason, (net: LogInNet) => Promise<unknown>]>([
    ['malformed', async ({ by }) => (await by()).ask(Uint8Array.of(1, 2, 3))],
    ['malformed', async ({ by }) => (await by()).ask(build20(0, 0, 0, new Uint8Array(4)).subarray(0, 18))],
    ['unknown session', async ({ by }) => (await by()).ask(build20(0, 0x1234, 1, new Uint8Array(9)))],
    [
      'unknown session',
      async ({ by }) => (await by()).ask(build15(2, 1, 0x1234, new Uint8Array(9), new Uint8Array(16))),
    ],
    [
      'payload type nobody takes',
      async ({ by }) => (await by()).ask(build20(PayloadType.Rakp4, 0, 0, new Uint8Array(9))),
    ],
    [
      'message malformed',
      async ({ by }) => (await by()).ask(build15(0, 0, 0, Uint8Array.of(0x20, 0x18, 0xc9, 0x81, 0, 1, 0x7e))),
    ],
    [
      'message not for the BMC',
      async ({ by }) => (await by()).ask(build15(0, 0, 0, Uint8Array.of(0x22, 0x18, 0xc6, 0x81, 0, 1, 0x7e))),
    ],
    [
      'another address than the log-in',
      async ({ by }) => {
        const [console, other] = [await by(), await by()];
        await console.open();
        other.bmcId = console.bmcId;
        await other.rakp1();
      },
    ],
  ])('%s', async (reason, act) => {
    const net = await logInNet();
    const dropped: unknown[] = [];
    net.bmc.drops.onDropped((why, channel, peer) => void dropped.push([why, channel, peer.address]));
    await act(net);
    expect(dropped).toEqual([[reason, 1, '10.0.0.2']]);
    expect(net.bmc.drops.counters[reason]).toBe(1);
  });

  test('in a session: bad signature, replay, closed', async () => {
    const { by, bmc } = await logInNet();
    const console = await by();
    for (const step of [await console.open(), await console.rakp1(), await console.rakp3()])
      expect(step).toBe(0);
    const datagram = console.seal20(6, 1);
    const forged = datagram.slice();
    forged[forged.length - 1] ^= 1;
    await console.ask(forged);
    expect(await console.ask(datagram)).toBeDefined();
    expect(await console.ask(datagram)).toBeUndefined();
    bmc.sessions.close(bmc.sessions.active[0], 'closed');
    await console.ask(console.seal20(6, 1));
    expect(Object.entries(bmc.drops.counters).filter(([, count]) => count > 0)).toEqual([
      ['session closed', 1],
      ['bad signature', 1],
      ['replayed or out of the window', 1],
    ]);
  });
});

describe('L: the wire of a session', () => {
  test('what is sent into a session goes to where its last authentic message came from, 1.5 and RMCP+', async () => {
    for (const kind of ['20', '15'] as const) {
      const { by, bmc, world } = await logInNet();
      const [console, moved] = [await by(), await by({}, '10.0.0.9')];
      if (kind === '20')
        for (const step of [await console.open(), await console.rakp1(), await console.rakp3()])
          expect(step).toBe(0);
      else expect([await console.challenge(), await console.activate()]).toEqual([0, 0]);
      await (kind === '20'
        ? console.send20(6, 1, [], { from: moved.socket })
        : console.send15(6, 1, [], AuthType.Md5, moved.socket));
      expect(bmc.sessions.active[0].peer.address).toBe('10.0.0.9');
      [console.received, moved.received] = [[], []];
      const outlet = bmc.bridge.outlet(1);
      if (outlet?.kind !== 'sessions') throw new Error('no sessions');
      outlet.send(bmc.sessions.active[0], Uint8Array.of(0x81, 0x18, 0x67, 0x20, 0, 1, 0xdf));
      await world.run(10);
      expect([console.received.length, moved.received.length]).toEqual([0, 1]);
    }
  });

  test('what is not signed moves no session', async () => {
    const { by, bmc } = await logInNet();
    const [console, moved] = [await by({ suite: 1 }), await by({}, '10.0.0.9')];
    for (const step of [await console.open(), await console.rakp1(), await console.rakp3()])
      expect(step).toBe(0);
    await console.send20(6, 1, [], { from: moved.socket });
    expect(bmc.sessions.active[0].peer.address).toBe('10.0.0.2');
  });

  test('a process that was stopped reads what waits before it drops idle sessions', async () => {
    const { by, bmc, world } = await logInNet();
    const console = await by();
    for (const step of [await console.open(), await console.rakp1(), await console.rakp3()])
      expect(step).toBe(0);
    await world.run(59_900);
    // The clock went on while nothing ran: the timer comes first, the datagram that waited just after it.
    const { clock } = world;
    let late = 0;
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => monotonic() + late;
    late = 30_000;
    await world.run(150);
    expect(bmc.sessions.active).toHaveLength(1);
    expect(await console.send20(6, 1)).toBe(0);
    await world.run(2000);
    expect(bmc.sessions.active).toHaveLength(1);
    late = 120_000;
    await world.run(2500);
    expect(bmc.sessions.active).toHaveLength(0);
  });
});

describe('V6: a message for a LUN at which nobody lives is C2h', () => {
  const sensors = [
    {
      number: 1,
      name: 'A',
      lun: 1,
      type: 'temperature',
      entity: '3.1',
      unit: 'degrees C',
      value: 30,
      range: [0, 100],
    },
    {
      number: 1,
      name: 'B',
      type: 'temperature',
      entity: '3.2',
      unit: 'degrees C',
      value: 30,
      range: [0, 100],
    },
  ] as const;

  test.each([
    [1, NetFn.App, 0x01, 0xc2],
    [3, NetFn.App, 0x01, 0xc2],
    [3, NetFn.Chassis, 0x01, 0xc2],
    [1, NetFn.Storage, 0x40, 0xc2],
    [3, NetFn.Group, 0x01, 0xc2],
    [1, 0x30, 0x77, 0xc2],
    [0, 0x30, 0x77, 0xc1],
    // Get Sensor Reading where a sensor is, where there is none, and beside it an event command.
    [1, NetFn.SensorEvent, 0x2d, 0],
    [3, NetFn.SensorEvent, 0x2d, 0xc2],
    [1, NetFn.SensorEvent, 0x01, 0xc2],
    // An OEM's own, registered without a LUN, and one with.
    [3, 0x30, 0x01, 0],
    [3, 0x30, 0x02, 0],
    [1, 0x30, 0x02, 0xc2],
  ])('LUN %i, NetFn %i, command %i: %i', async (lun, netFn, cmd, cc) => {
    const { bmc, by } = await logInNet({ sensors });
    const handlers: Handler<BmcState>[] = [
      handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0), { privilege: Privilege.User }),
      handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0), { privilege: Privilege.User, lun: 3 }),
    ];
    bmc.router.register({ owner: 'oem', handlers });
    const console = await by();
    for (const step of [await console.open(), await console.rakp1(), await console.rakp3()])
      expect(step).toBe(0);
    expect(
      await console.send20(
        netFn,
        cmd,
        netFn === NetFn.SensorEvent ? [1] : netFn === NetFn.Group ? [0xdc] : [],
        { lun },
      ),
    ).toBe(cc);
  });
});
