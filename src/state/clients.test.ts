// The rules between clients hold whichever way they come by: two LAN sessions, and the host's own software.
import { beforeEach, describe, expect, test } from 'vitest';
import { HOST } from '../../test/support/bmc.ts';
import { platform } from '../../test/support/platform.ts';
import { Bmc } from '../bmc.ts';
import { connectLan, loopback, LogInError, type Client } from '../client/index.ts';
import { Privilege } from '../commands/command.ts';
import { Context } from '../router/index.ts';
import { RakpStatus } from '../wire/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';

const CLR = [0x43, 0x4c, 0x52];
const users = [
  { id: 2, name: 'admin', password: 'AdminPass123' },
  { id: 3, name: 'user', password: 'UserPass123', privilege: 'user' },
] as const;

let world: SimWorld;
let bmc: Bmc;
type Send = (netFn: number, cmd: number, ...data: number[]) => Promise<number[]>;
let first: Send;
let second: Send;
let host: Send;
let closeFirst: () => Promise<void>;

const sender =
  (client: Pick<Client, 'raw'>): Send =>
  async (netFn, cmd, ...data) => [...(await world.until(client.raw(netFn, cmd, Uint8Array.from(data))))];
const logIn = (user = 'admin', password = 'AdminPass123', privilege: Privilege = Privilege.Administrator) =>
  world.until(connectLan(world, { host: '10.0.0.1', user, password, privilege }));

beforeEach(async () => {
  world = simWorld(5);
  bmc = new Bmc(
    { ...platform, users, interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }], sel: { bootEvents: false } },
    { world },
  );
  await bmc.open();
  const [one, two] = [await logIn(), await logIn()];
  [first, second] = [sender(one), sender(two)];
  closeFirst = () => world.until(one.close());
  host = sender(loopback(bmc.router.dispatch, new Context(bmc, HOST, Privilege.Administrator)));
});

describe('reservations', () => {
  test('the last one to reserve the SEL has it, and any change takes it away', async () => {
    const [, ...mine] = await first(0x0a, 0x42);
    const [, ...theirs] = await host(0x0a, 0x42);
    expect(await first(0x0a, 0x47, ...mine, ...CLR, 0xaa)).toEqual([0xc5]);
    await second(0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 0x30, 1, 0x59, 0x60, 0x5f);
    expect(await host(0x0a, 0x47, ...theirs, ...CLR, 0xaa)).toEqual([0xc5]);
    const [, ...again] = await second(0x0a, 0x42);
    expect(await second(0x0a, 0x47, ...again, ...CLR, 0xaa)).toEqual([0, 1]);
  });

  test('records of the SDR repository, likewise', async () => {
    const [, ...mine] = await first(0x0a, 0x22);
    await host(0x0a, 0x24, 0, 0, 0x51, 0xc0, 3, 1, 2, 3);
    expect(await first(0x0a, 0x26, ...mine, 1, 0)).toEqual([0xc5]);
    expect((await second(0x0a, 0x20))[2]).toBe(4);
  });

  test('update mode keeps the others out until its session ends', async () => {
    expect(await first(0x0a, 0x2a)).toEqual([0]);
    expect((await host(0x0a, 0x23, 0, 0, 0, 0, 0, 0xff))[0]).toBe(0xd0);
    expect((await second(0x0a, 0x2b))[0]).toBe(0xd0);
    await closeFirst();
    expect((await host(0x0a, 0x23, 0, 0, 0, 0, 0, 0xff))[0]).toBe(0);
  });
});

describe('set in progress', () => {
  const locks = [
    ['LAN parameters', [0x0c, 1, 1, 0]],
    ['boot options', [0x00, 8, 0]],
    ['system info', [0x06, 0x58, 0]],
  ] as const;

  test.each(locks)(
    '%s: one writer at a time, whatever way the others come by',
    async (_name, [netFn, cmd, ...front]) => {
      expect(await first(netFn, cmd, ...front, 1)).toEqual([0]);
      expect(await second(netFn, cmd, ...front, 1)).toEqual([0x81]);
      expect(await host(netFn, cmd, ...front, 1)).toEqual([0x81]);
      expect(await first(netFn, cmd, ...front, 0)).toEqual([0]);
      expect(await host(netFn, cmd, ...front, 1)).toEqual([0]);
      expect(await first(netFn, cmd, ...front, 1)).toEqual([0x81]);
      await world.run(31_000);
      expect(await first(netFn, cmd, ...front, 1)).toEqual([0]);
    },
  );

  test.each(locks)(
    '%s: free soon after the session of the writer has ended',
    async (_name, [netFn, cmd, ...front]) => {
      await first(netFn, cmd, ...front, 1);
      await closeFirst();
      await world.run(2100);
      expect(await second(netFn, cmd, ...front, 1)).toEqual([0]);
    },
  );
});

describe('privilege and users', () => {
  test('what one client takes from a user, the sessions of that user lose at once', async () => {
    const client = await logIn('user', 'UserPass123', Privilege.User);
    const theirs = sender(client);
    expect((await theirs(6, 1))[0]).toBe(0);
    expect(await theirs(0, 2, 0)).toEqual([0xd4]);
    expect(await host(6, 0x47, 3, 0)).toEqual([0]);
    expect(bmc.sessions.active.map(({ userId }) => userId)).toEqual([2, 2]);
    const refused = await logIn('user', 'UserPass123', Privilege.User).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LogInError);
    expect((refused as LogInError).status).toBe(RakpStatus.UnauthorizedName);
  });

  test('a limit of sessions counts all of a user', async () => {
    expect(await host(6, 0x43, 0x91, 2, 4, 2)).toEqual([0]);
    const refused = await logIn().catch((error: unknown) => error);
    expect((refused as LogInError).status).toBe(RakpStatus.InsufficientResources);
    await closeFirst();
    await expect(logIn()).resolves.toBeDefined();
  });

  test("a channel's limit set by the host holds for the next session on LAN", async () => {
    expect(await host(6, 0x40, 1, 0x82, 0x80 | Privilege.User)).toEqual([0]);
    const refused = await logIn().catch((error: unknown) => error);
    expect((refused as LogInError).status).toBe(RakpStatus.UnauthorizedRole);
    await expect(logIn('user', 'UserPass123', Privilege.User)).resolves.toBeDefined();
  });

  test('what belongs to the host is refused on LAN; what one sets, all others read', async () => {
    expect(await first(6, 0x2e, 0)).toEqual([0xd4]);
    expect(await host(6, 0x2e, 0x08)).toEqual([0]);
    await first(0, 6, 2);
    expect(((await host(0, 1))[1] >> 5) & 3).toBe(2);
    await host(0, 8, 5, 0x80, 4, 0, 0, 0);
    expect((await second(0, 9, 5, 0, 0)).slice(3)).toEqual([0x80, 4, 0, 0, 0]);
    // Initiator info: the host's channel, no session.
    expect((await first(0, 9, 6, 0, 0)).slice(3, 8)).toEqual([0x0f, 0, 0, 0, 0]);
  });
});
