// I2: what is taken away counts from its acknowledgement, at every step of a log-in and for open sessions.
import { describe, expect, test } from 'vitest';
import { LAN } from '../../../test/support/bmc.ts';
import { logInNet, type LogInNet } from '../../../test/support/log-in-net.ts';
import type { RawLogIn } from '../../../test/support/raw-log-in.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import type { Journal } from '../../state/store.ts';
import { AuthType } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

type Kind = 'RMCP+' | '1.5';
const ALL = Privilege.Administrator;
const text = (value: string, size: number): number[] =>
  [...new TextEncoder().encode(value), ...new Uint8Array(size)].slice(0, size);

interface Revocation {
  readonly name: string;
  /** What an administrator sends; the answers have to be 00h. */
  readonly requests: readonly (readonly number[])[];
  /** The level that a log-in under way, and an open session, may have afterwards at most. */
  readonly underWay: number;
  readonly open: number;
  readonly only?: Kind;
  /** Before the log-in, and after the change. */
  readonly before?: (net: LogInNet) => Promise<unknown>;
  readonly with?: (net: LogInNet) => Promise<unknown>;
}

const setUserAccess = (flags: number, limit: number, ...sessions: number[]): number[] => [
  NetFn.App,
  0x43,
  flags,
  2,
  limit,
  ...sessions,
];
const param = (parameter: number, ...data: number[]): number[] => [
  NetFn.Transport,
  0x01,
  1,
  parameter,
  ...data,
];

/** Everything that takes something away from user 2, admin, on channel 1. */
const REVOCATIONS: readonly Revocation[] = [
  { name: 'password', requests: [[NetFn.App, 0x47, 2, 2, ...text('another', 16)]], underWay: 0, open: 0 },
  {
    name: 'password of 20 bytes',
    requests: [[NetFn.App, 0x47, 0x82, 2, ...text('AdminPass123', 20)]],
    underWay: 0,
    open: 0,
    only: '1.5',
  },
  { name: 'name', requests: [[NetFn.App, 0x45, 2, ...text('boss', 16)]], underWay: 0, open: 0 },
  { name: 'name cleared', requests: [[NetFn.App, 0x45, 2, ...text('', 16)]], underWay: 0, open: 0 },
  {
    name: 'name given to another user',
    requests: [
      [NetFn.App, 0x45, 2, ...text('boss', 16)],
      [NetFn.App, 0x45, 3, ...text('admin', 16)],
      [NetFn.App, 0x43, 0x91, 3, 4],
    ],
    underWay: 0,
    open: 0,
  },
  { name: 'disabled', requests: [[NetFn.App, 0x47, 2, 0]], underWay: 0, open: 0 },
  { name: 'limit of the user', requests: [setUserAccess(0x91, 2)], underWay: 0, open: 0 },
  { name: 'no access', requests: [setUserAccess(0x91, 0xf)], underWay: 0, open: 0 },
  { name: 'no messaging', requests: [setUserAccess(0x81, 4)], underWay: 0, open: 0 },
  {
    name: 'limit of the channel',
    requests: [[NetFn.App, 0x40, 1, 0, 0x82]],
    underWay: 0,
    open: Privilege.User,
  },
  { name: 'access mode', requests: [[NetFn.App, 0x40, 1, 0x80, 0]], underWay: 0, open: 0 },
  // A nibble for each of suites 1, 3 and 17.
  {
    name: 'cap of the suite',
    requests: [param(24, 0, 0x44, 0x42, ...Array<number>(6).fill(0x44))],
    underWay: 0,
    open: Privilege.User,
    only: 'RMCP+',
  },
  {
    name: 'suite off',
    requests: [param(24, 0, 0x44, 0x40, ...Array<number>(6).fill(0x44))],
    underWay: 0,
    open: 0,
    only: 'RMCP+',
  },
  {
    name: 'authentication types for administrators',
    requests: [param(2, 4, 4, 4, 0, 0)],
    underWay: 0,
    open: Privilege.Operator,
    only: '1.5',
  },
  {
    name: 'authentication types',
    requests: [param(2, 0x10, 0x10, 0x10, 0x10, 0x10)],
    underWay: 0,
    open: 0,
    only: '1.5',
  },
  {
    name: 'BMC key',
    requests: [[NetFn.App, 0x56, 1, 1, 1, ...text('key', 20)]],
    underWay: 0,
    open: 0,
    only: 'RMCP+',
  },
  {
    name: 'session limit',
    requests: [setUserAccess(0x91, 4, 1)],
    underWay: 0,
    // The session before it has been silent for longer.
    open: ALL,
    before: (net) => net.logIn(),
  },
  {
    name: 'lock-out',
    requests: [param(26, 0, 1, 0, 0, 6, 0)],
    underWay: 0,
    // It keeps out who would come in: nobody's guessing ends another's session.
    open: ALL,
    with: (net) => net.logIn({ password: 'wrong' }),
  },
  { name: 'nothing', requests: [], underWay: ALL, open: ALL },
];

const STEPS: Readonly<Record<Kind, readonly ((console: RawLogIn) => Promise<number>)[]>> = {
  'RMCP+': [
    (console) => console.open(),
    (console) => console.rakp1(),
    (console) => console.rakp3(),
    (console) => console.send20(6, 0x3b, [4]),
  ],
  '1.5': [
    (console) => console.challenge(),
    (console) => console.activate(),
    (console) => console.send15(6, 0x3b, [4]),
  ],
};
/** From this step on there is a session. */
const SESSION: Readonly<Record<Kind, number>> = { 'RMCP+': 3, '1.5': 2 };

/** Changes take 50 ms to be stored. */
const slowJournal = (net: () => LogInNet): Journal => ({
  load: () => [],
  write: () => new Promise((resolve) => net().world.clock.after(50, resolve)),
  satellite: () => slowJournal(net),
});

async function acknowledged(net: LogInNet, { requests, with: more }: Revocation): Promise<void> {
  for (const [netFn, cmd, ...data] of requests) {
    const context = new Context(net.bmc, LAN, Privilege.Administrator);
    const answer = await net.world.until(
      Promise.resolve(net.bmc.router.dispatch({ netFn, lun: 0, cmd, data: Uint8Array.from(data) }, context)),
    );
    expect(answer[0]).toBe(0);
  }
  await more?.(net);
}

/** The level that the console has by now: what it may do, tried. */
async function levelOf(console: RawLogIn, kind: Kind): Promise<number> {
  if (kind === 'RMCP+' && !console.crypto) return 0;
  const send = (cmd: number, ...data: number[]): Promise<number> =>
    kind === 'RMCP+' ? console.send20(6, cmd, data) : console.send15(6, cmd, data);
  for (const level of [4, 3, 2]) if ((await send(0x3b, level)) === 0) break;
  if ((await send(0x47, 9, 3, ...text('', 16))) === 0) return Privilege.Administrator;
  if ((await send(0x46, 9)) === 0) return Privilege.Operator;
  return (await send(0x42, 1)) === 0 ? Privilege.User : 0;
}

/**
 * Logs in, with the revocation after so many steps; `meanwhile`: the next step is taken while it is being
 * stored.
 */
async function tried(
  kind: Kind,
  revocation: Revocation,
  after: number,
  slow: boolean,
  meanwhile = false,
): Promise<[number, number]> {
  let net: LogInNet | undefined;
  net = await logInNet({}, { journal: slow ? slowJournal(() => net!) : undefined, seed: after + 1 });
  await revocation.before?.(net);
  const console = await net.by();
  const steps = STEPS[kind];
  let at = 0;
  for (; at < after; at++) expect(await steps[at](console)).toBe(0);
  if (meanwhile) {
    const running = acknowledged(net, revocation);
    if (at < steps.length) await steps[at++](console);
    await running;
  } else await acknowledged(net, revocation);
  for (; at < steps.length; at++) await steps[at](console);
  return [await levelOf(console, kind), net.bmc.sessions.active.filter(({ userId }) => userId === 2).length];
}

const cases = (['RMCP+', '1.5'] as const).flatMap((kind) =>
  REVOCATIONS.filter(({ only }) => only === undefined || only === kind).flatMap((revocation) =>
    Array.from(
      { length: STEPS[kind].length + 1 },
      (_, after) => [kind, revocation.name, after, revocation] as const,
    ),
  ),
);

describe('I2, H2, M12: after its acknowledgement, no session keeps or gets more than it should', () => {
  test.each(cases)('%s, %s, after %i steps', async (kind, _name, after, revocation) => {
    const isOpen = after >= SESSION[kind];
    // Before its first step, a log-in by the old terms has nothing to begin with, and one of IPMI 1.5 no type
    // to be asked for.
    const most = isOpen ? revocation.open : revocation.underWay;
    for (const slow of [false, true]) {
      const [level, sessions] = await tried(kind, revocation, after, slow);
      expect(level).toBe(most);
      if (revocation.name === 'session limit') expect(sessions).toBe(1);
    }
    const [level, sessions] = await tried(kind, revocation, after, true, true);
    if (revocation.name === 'session limit') expect(sessions).toBe(1);
    // What was a log-in when the change was asked for may be a session when it is acknowledged.
    expect(level).toBeLessThanOrEqual(Math.max(revocation.open, revocation.underWay));
  });
});

describe('I2: from seeds', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'two revocations at two steps, seed %i',
    async (seed) => {
      const random = simWorld(seed).random;
      const any = <T>(list: readonly T[]): T => list[random.u32() % list.length];
      const kind = any(['RMCP+', '1.5'] as const);
      const slow = random.u32() % 2 === 0;
      let net: LogInNet | undefined;
      net = await logInNet({}, { journal: slow ? slowJournal(() => net!) : undefined, seed });
      const console = await net.by();
      const steps = STEPS[kind];
      // The limits of sessions and the lock-out need more than requests.
      const possible = REVOCATIONS.filter(
        ({ only, before, with: more }) => (only === undefined || only === kind) && !before && !more,
      );
      const chosen = [any(possible), any(possible)].map((revocation) => ({
        revocation,
        after: random.u32() % (steps.length + 1),
      }));
      let most: number = ALL;
      for (let at = 0; at <= steps.length; at++) {
        for (const { revocation, after } of chosen) {
          if (after !== at) continue;
          await acknowledged(net, revocation);
          most = Math.min(most, at >= SESSION[kind] ? revocation.open : revocation.underWay);
        }
        await steps[at]?.(console);
      }
      expect(await levelOf(console, kind)).toBeLessThanOrEqual(most);
    },
  );
});

describe('H2: what is taken away during a log-in', () => {
  test('a user that is lowered meanwhile gets no session of the old level, and no session is left behind', async () => {
    const { by, bmc } = await logInNet();
    const [console, other] = [await by(), await by()];
    await console.open();
    await console.rakp1();
    await other.challenge();
    await bmc.users.setAccess(2, 1, { ...bmc.users.access(2, 1), privilegeLimit: Privilege.User });
    expect([await console.rakp3(), await other.activate()]).toEqual([0x0a, 0x86]);
    expect(bmc.sessions.active).toHaveLength(0);
  });

  test('side by side, log-ins do not pass the session limit of their user', async () => {
    const { by, bmc } = await logInNet();
    await bmc.users.setAccess(2, 1, { ...bmc.users.access(2, 1), sessionLimit: 2 });
    const consoles = await Promise.all(Array.from({ length: 4 }, () => by()));
    const old = await Promise.all(Array.from({ length: 2 }, () => by()));
    for (const console of consoles) expect([await console.open(), await console.rakp1()]).toEqual([0, 0]);
    for (const console of old) expect(await console.challenge()).toBe(0);
    const results: number[] = [];
    for (const console of consoles) results.push(await console.rakp3());
    for (const console of old) results.push(await console.activate());
    expect(results).toEqual([0, 0, 1, 1, 0x82, 0x82]);
    expect(bmc.sessions.active).toHaveLength(2);
  });
});

describe('M12: what is lowered for a channel', () => {
  test('open sessions come down to it, and do not rise again by themselves', async () => {
    const { by, bmc } = await logInNet();
    const console = await by();
    for (const step of STEPS['RMCP+']) expect(await step(console)).toBe(0);
    const access = bmc.channels.access(1, 'present');
    bmc.channels.setPresentAccess(1, { ...access, privilegeLimit: Privilege.Operator });
    expect([bmc.sessions.active[0].privilege, bmc.sessions.active[0].maxPrivilege]).toEqual([3, 3]);
    bmc.channels.setPresentAccess(1, access);
    expect(await console.send20(6, 0x3b, [4])).toBe(0x81);
  });

  test('a disabled channel takes no log-in of either kind', async () => {
    const { by, bmc } = await logInNet();
    bmc.channels.setPresentAccess(1, { ...bmc.channels.access(1, 'present'), accessMode: 0 });
    expect([await (await by()).open(), await (await by()).challenge(AuthType.Md5)]).toEqual([1, 0xc0]);
  });

  test('who sets the BMC key stays in, the others log in again', async () => {
    const { by, bmc } = await logInNet();
    const [console, other] = [await by(), await by()];
    for (const one of [console, other]) for (const step of STEPS['RMCP+']) expect(await step(one)).toBe(0);
    expect(await console.send20(6, 0x56, [1, 1, 1, ...text('key', 20)])).toBe(0);
    expect([await console.send20(6, 1), await other.send20(6, 1)]).toEqual([0, -1]);
    expect(bmc.sessions.active).toHaveLength(1);
  });
});

describe('D3a: sessions hear of a change that is stored', () => {
  test('what could not be stored ends no session', async () => {
    const journal: Journal = {
      load: () => [],
      write: () => Promise.reject(new IpmiError(CC.OutOfSpace)),
      satellite: () => journal,
    };
    const { by, bmc } = await logInNet({}, { journal });
    const console = await by();
    for (const step of STEPS['RMCP+']) expect(await step(console)).toBe(0);
    const changes = [
      () => bmc.users.setName(2, 'x'),
      () => bmc.users.setPassword(2, new Uint8Array(16).fill(1)),
      () => bmc.users.setEnabled(2, false),
      () => bmc.users.setAccess(2, 1, { ...bmc.users.access(2, 1), privilegeLimit: 2, sessionLimit: 1 }),
      () => bmc.channels.setSuiteCaps(1, Array<number>(16).fill(2)),
      () => bmc.channels.setKey(1, 'kg', new Uint8Array(20).fill(1)),
    ];
    for (const change of changes) await expect(change()).rejects.toMatchObject({ cc: CC.OutOfSpace });
    expect(await console.send20(6, 0x43, [0x11, 9, 2])).toBe(CC.OutOfSpace);
    expect(bmc.sessions.active[0].maxPrivilege).toBe(4);
  });
});
