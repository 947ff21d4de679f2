// What somebody on the wire can do with packets of others: send them again, change their numbers, send forged
// ones between.
import { describe, expect, test } from 'vitest';
import { AddSelEntry } from '../../commands/storage/sel.ts';
import { CloseSession, SetSessionPrivilegeLevel } from '../../commands/app/sessions.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import {
  challenge15,
  HandConsole,
  logIn15,
  logIn20,
  request,
  Steps20,
  type Session15,
  type Session20,
} from '../../../test/support/hand-console.ts';
import { AuthType, build20, nextSequence, PayloadType } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const RECORD = new Uint8Array(16).fill(2);
const ADMINISTRATOR = Uint8Array.of(Privilege.Administrator);

async function lan(options: BmcOptions = {}) {
  const world = simWorld(3);
  const interfaces = [
    {
      type: 'lan',
      listen: '10.0.0.1:623',
      cipherSuites: [1, 3, 17],
      authTypes: ['md5', 'md2', 'password', 'none'],
    },
  ] as const;
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }] as const;
  const bmc = new Bmc({ interfaces, users, sel: { bootEvents: false }, ...options }, { world });
  await bmc.open();
  return {
    world,
    bmc,
    console: await HandConsole.at(world),
    thief: await HandConsole.at(world, '10.0.0.66'),
  };
}

/** A session whose first number is `base` + 1, raised to Administrator by it. */
const KINDS = {
  'RMCP+ 3': {
    ahead: 16,
    behind: 15,
    logIn: async (console: HandConsole) => ({ session: await logIn20(console, { suite: 3 }), base: 0 }),
  },
  'RMCP+ 17': {
    ahead: 16,
    behind: 15,
    logIn: async (console: HandConsole) => ({ session: await logIn20(console), base: 0 }),
  },
  'IPMI 1.5 MD5': { ahead: 8, behind: 8, logIn: (console: HandConsole) => begun(console, AuthType.Md5) },
  'IPMI 1.5 MD2': { ahead: 8, behind: 8, logIn: (console: HandConsole) => begun(console, AuthType.Md2) },
};
async function begun(console: HandConsole, authType: number): Promise<{ session: Session15; base: number }> {
  const session = await logIn15(console, { authType });
  // Not over the end of 32 bits, so that tests can add.
  expect(session.first).toBeLessThan(0xffff_f000);
  return { session, base: session.first - 1 };
}
type Raised = { readonly session: Session15 | Session20; readonly base: number };
async function raised(console: HandConsole, kind: keyof typeof KINDS): Promise<Raised> {
  const { session, base } = await KINDS[kind].logIn(console);
  expect(await session.ask(base + 1, NetFn.App, SetSessionPrivilegeLevel.cmd, ADMINISTRATOR)).toEqual([
    0,
    Privilege.Administrator,
  ]);
  return { session, base };
}

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('%s', (kind) => {
  const { ahead, behind } = KINDS[kind];
  const add = ({ session, base }: Raised, number: number): Promise<number[] | undefined> =>
    session.ask(base + number, NetFn.Storage, AddSelEntry.cmd, RECORD);

  test('a packet is taken once: sent again, by its console or another, at once or later, it has no answer and no effect', async () => {
    const { bmc, console, thief } = await lan();
    const one = await raised(console, kind);
    const kept = [2, 3, 4].map((n) =>
      one.session.seal(one.base + n, request(NetFn.Storage, AddSelEntry.cmd, RECORD, n)),
    );
    for (const datagram of kept) expect(await one.session.exchange(datagram)).toHaveLength(1);
    expect(bmc.sel.count).toBe(3);
    for (const datagram of kept) expect(await console.exchange(datagram)).toEqual([]);
    for (const datagram of kept) expect(await thief.exchange(datagram)).toEqual([]);
    // So many others that their answers are forgotten, first within the window, then far beyond it.
    for (let n = 5; n < 60; n++) expect(await add(one, n)).toHaveLength(3);
    for (const datagram of kept) expect(await thief.exchange(datagram)).toEqual([]);
    expect(bmc.sel.count).toBe(58);
  });

  test('its own end is not to be had twice, and a dead session takes nothing', async () => {
    const { bmc, console, thief } = await lan();
    const one = await raised(console, kind);
    const id = Uint8Array.of(
      one.session.id,
      one.session.id >>> 8,
      one.session.id >>> 16,
      one.session.id >>> 24,
    );
    const last = one.session.seal(one.base + 2, request(NetFn.App, CloseSession.cmd, id));
    expect(await one.session.exchange(last)).toHaveLength(1);
    expect(bmc.sessions.active).toEqual([]);
    for (const datagram of [
      last,
      one.session.seal(one.base + 3, request(NetFn.Storage, AddSelEntry.cmd, RECORD)),
    ])
      expect(await thief.exchange(datagram)).toEqual([]);
    expect(bmc.sel.count).toBe(0);
  });

  test(`${ahead} ahead is taken, one more is not`, async () => {
    const { console } = await lan();
    const one = await raised(console, kind);
    expect(await add(one, 2 + ahead)).toBeUndefined();
    expect(await add(one, 1 + ahead)).toHaveLength(3);
  });

  test(`of numbers never sent before, ${behind} behind is taken once, one more is not`, async () => {
    const { console } = await lan();
    const one = await raised(console, kind);
    const high = behind + 5;
    for (const n of [Math.floor((1 + high) / 2), high]) expect(await add(one, n)).toHaveLength(3);
    expect([await add(one, 4), (await add(one, 5))?.length, await add(one, 5)]).toEqual([
      undefined,
      3,
      undefined,
    ]);
  });

  test('a packet whose auth code is wrong neither counts nor moves the window', async () => {
    const { bmc, console, thief } = await lan();
    const one = await raised(console, kind);
    for (let n = 2; n < 1 + ahead; n++) {
      const forged = one.session.seal(one.base + n, request(NetFn.Storage, AddSelEntry.cmd, RECORD, n));
      forged[forged.length - 1 - (kind.startsWith('IPMI') ? 1 : 0)] ^= 1;
      expect(await thief.exchange(forged)).toEqual([]);
    }
    expect(bmc.sel.count).toBe(0);
    for (let n = 2; n < 1 + ahead; n++) expect(await add(one, n)).toHaveLength(3);
  });

  test('number 0, of messages outside of a session, is none of a session', async () => {
    const { bmc, console } = await lan();
    const { session } = await raised(console, kind);
    for (let again = 0; again < 3; again++)
      expect(await session.ask(0, NetFn.Storage, AddSelEntry.cmd, RECORD)).toBeUndefined();
    expect(bmc.sel.count).toBe(0);
  });
});

test('RMCP+: number 0 is taken only where nothing is signed', async () => {
  const { console } = await lan();
  const session = await logIn20(console, { suite: 1 });
  for (let again = 0; again < 2; again++)
    expect(await session.ask(0, NetFn.App, 0x01, undefined, { seq: again })).toHaveLength(12);
});

test('IPMI 1.5: the number that Activate Session gave is the first one, and the window lies around it from then on', async () => {
  for (const offset of [-10, 8, 1000, -1000]) {
    const { console } = await lan();
    const session = await logIn15(console);
    expect(
      await session.ask((session.first + offset) >>> 0, NetFn.App, 0x01),
      `first ${offset}`,
    ).toBeUndefined();
    expect(await session.ask(session.first, NetFn.App, 0x01)).toHaveLength(12);
  }
});

test('RMCP+: no message is served before RAKP 3, though both sides have its keys', async () => {
  const { bmc, console } = await lan();
  const steps = new Steps20(console);
  expect([await steps.open(), await steps.rakp1()]).toEqual([0, 0]);
  const session = steps.session();
  for (const sealed of [
    session.seal(1, request(NetFn.App, 0x01, new Uint8Array(0))),
    build20(PayloadType.Ipmi, steps.bmcId, 1, request(NetFn.App, 0x01, new Uint8Array(0))),
  ])
    expect(await console.exchange(sealed)).toEqual([]);
  expect(bmc.sessions.active).toEqual([]);
  expect(await steps.rakp3()).toBe(0);
  expect(await session.ask(1, NetFn.App, 0x01)).toHaveLength(12);
});

describe('IPMI 1.5 packets without an auth code', () => {
  const unsigned = { authType: AuthType.None };
  const access = {
    alertingDisabled: false,
    perMessageDisabled: false,
    userLevelDisabled: false,
    accessMode: 2,
    privilegeLimit: 4,
  };

  test('are not taken in a session that signs', async () => {
    const { bmc, console } = await lan();
    const { session, base } = await raised(console, 'IPMI 1.5 MD5');
    expect(await session.ask(base + 2, NetFn.Storage, AddSelEntry.cmd, RECORD, unsigned)).toBeUndefined();
    expect(await session.ask(base + 2, NetFn.App, 0x01, undefined, unsigned)).toBeUndefined();
    expect(bmc.sel.count).toBe(0);
  });

  test('are at most of User level without user-level authentication, and of any level without per-message authentication', async () => {
    const { bmc, console } = await lan();
    const { session, base } = await raised(console, 'IPMI 1.5 MD5');
    bmc.channels.setPresentAccess(1, { ...access, userLevelDisabled: true });
    expect(await session.ask(base + 2, NetFn.App, 0x01, undefined, unsigned)).toHaveLength(12);
    expect(await session.ask(base + 3, NetFn.Storage, AddSelEntry.cmd, RECORD, unsigned)).toEqual([0xd4]);
    expect(await session.ask(base + 4, NetFn.Storage, AddSelEntry.cmd, RECORD)).toHaveLength(3);
    bmc.channels.setPresentAccess(1, { ...access, perMessageDisabled: true });
    expect(await session.ask(base + 5, NetFn.Storage, AddSelEntry.cmd, RECORD, unsigned)).toHaveLength(3);
  });

  test('move no session to another address', async () => {
    const { bmc, console, thief } = await lan();
    const { session, base } = await raised(console, 'IPMI 1.5 MD5');
    bmc.channels.setPresentAccess(1, { ...access, perMessageDisabled: true });
    const { address } = bmc.sessions.active[0].peer;
    const get = request(NetFn.App, 0x01, new Uint8Array(0));
    expect(await thief.exchange(session.seal(base + 2, get, AuthType.None))).toHaveLength(1);
    expect(bmc.sessions.active[0].peer.address).toBe(address);
    await thief.exchange(session.seal(base + 3, get));
    expect(bmc.sessions.active[0].peer.address).toBe('10.0.0.66');
  });

  test('do not activate a session, whatever the channel leaves out afterwards', async () => {
    for (const off of [{}, { perMessageDisabled: true }, { userLevelDisabled: true }]) {
      const { bmc, console } = await lan();
      bmc.channels.setPresentAccess(1, { ...access, ...off });
      // Whoever reads the challenge on the wire knows it as well; only the auth code proves the password.
      const begin = await challenge15(console);
      const data = Uint8Array.of(AuthType.Md5, Privilege.Administrator, ...begin.challenge, 1, 0, 0, 0);
      expect(await begin.ask(0, NetFn.App, 0x3a, data, unsigned), JSON.stringify(off)).toBeUndefined();
      expect(bmc.sessions.active).toEqual([]);
    }
  });
});

test('a session counts its own numbers on over the end of 32 bits, past 0', () => {
  expect([0xffff_fffe, 0xffff_ffff].map(nextSequence)).toEqual([0xffff_ffff, 1]);
});
