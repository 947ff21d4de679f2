import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { connectLan, LogInError, TimeoutError, type LanOptions } from '../../client/index.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { GetSessionInfo, SetSessionPrivilegeLevel } from '../../commands/app/sessions.ts';
import { SetUserPassword } from '../../commands/app/users.ts';
import { Privilege } from '../../commands/command.ts';
import { AddSelEntry, GetSelInfo } from '../../commands/storage/sel.ts';
import { fromLatin1 } from '../../codec/index.ts';
import { build20, cipherSuites, PayloadType, RakpStatus } from '../../wire/index.ts';
import { simWorld, type SimOptions, type SimWorld } from '../../world/index.ts';

const SUITES = [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17] as const;
const SERVER = { host: '10.0.0.1', port: 623 };

interface Net {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  readonly connect: (options?: Partial<LanOptions>) => ReturnType<typeof connectLan>;
}

async function net(options: BmcOptions = {}, seed = 1, weather: SimOptions = {}): Promise<Net> {
  const world = simWorld(seed, weather);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', cipherSuites: [...SUITES] }],
      users: [
        { id: 2, name: 'admin', password: 'AdminPass123' },
        { id: 3, name: 'user', password: 'UserPass123', privilege: 'user' },
        { id: 4, name: 'off', password: 'OffPass123', enabled: false },
      ],
      sel: { bootEvents: false },
      ...options,
    },
    { world },
  );
  await bmc.open();
  return {
    world,
    bmc,
    connect: (more = {}) =>
      connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', ...more }),
  };
}

const log = async (run: Promise<unknown>): Promise<unknown> =>
  run.then(() => 'in').catch((error: unknown) => (error instanceof LogInError ? error.status : error));

describe('log-in', () => {
  test.each(SUITES)('suite %i', async (cipherSuite) => {
    const { world, connect } = await net();
    const client = await world.until(connect({ cipherSuite }));
    expect((await world.until(client.send(GetDeviceId))).ipmiMajor).toBe(2);
    await world.until(client.close());
  });

  test.each<[string, Partial<LanOptions>, number]>([
    ['wrong password', { password: 'nope' }, RakpStatus.InvalidIntegrityCheckValue],
    ['unknown user', { user: 'nobody' }, RakpStatus.UnauthorizedName],
    ['disabled user', { user: 'off', password: 'OffPass123' }, RakpStatus.UnauthorizedName],
    ['another case of the name', { user: 'ADMIN' }, RakpStatus.UnauthorizedName],
    [
      'privilege above the user',
      { user: 'user', password: 'UserPass123', privilege: Privilege.Administrator },
      RakpStatus.UnauthorizedRole,
    ],
    ['a suite that is off', { cipherSuite: 0 }, RakpStatus.NoCipherSuiteMatch],
    ['a BMC key where there is none', { kg: 'secret' }, RakpStatus.InvalidIntegrityCheckValue],
  ])('refused at once: %s', async (_name, options, status) => {
    const { world, connect } = await net();
    const began = world.clock.monotonic();
    expect(await world.until(log(connect(options)))).toBe(status);
    expect(world.clock.monotonic() - began).toBeLessThan(1000);
  });

  test('one name, two privileges: looked up by name and privilege, or by name alone', () => {
    const world = simWorld(1);
    const { users } = new Bmc(
      {
        interfaces: [{ type: 'lan' }],
        users: [
          { id: 2, name: 'ann', password: 'as user', privilege: 'user' },
          { id: 3, name: 'ann', password: 'as admin', privilege: 'administrator' },
        ],
      },
      { world },
    );
    expect(
      [undefined, Privilege.User, Privilege.Operator, Privilege.Administrator].map(
        (privilege) => users.logIn('ann', 1, privilege)?.id,
      ),
    ).toEqual([2, 2, 3, 3]);
  });

  test('two keys: only who has both gets in', async () => {
    const { world, connect } = await net({
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', kg: 'bmc key' }],
    });
    expect(await world.until(log(connect()))).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(await world.until(log(connect({ kg: 'bmc key' })))).toBe('in');
  });

  test('suite 0 only where it is switched on', async () => {
    const { world, connect } = await net({
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623', cipherSuites: [0] }],
    });
    expect(await world.until(log(connect({ cipherSuite: 0 })))).toBe('in');
  });

  test('an Open Session cut short or with unknown algorithms has its status, not silence', async () => {
    const { world } = await net();
    const socket = await world.udp.bind({ host: '10.0.0.2', port: 1 });
    const statuses: number[] = [];
    socket.onDatagram = (datagram) => void statuses.push(datagram[17]);
    const request = Uint8Array.of(
      9,
      0,
      0,
      0,
      1,
      2,
      3,
      4,
      0,
      0,
      0,
      8,
      1,
      0,
      0,
      0,
      1,
      0,
      0,
      8,
      1,
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
    );
    for (const [at, value] of [
      [12, 0x3f],
      [20, 0x3f],
      [28, 0x3f],
      [28, 0],
    ]) {
      const changed = request.slice();
      changed[at] = value;
      socket.send(build20(PayloadType.OpenSessionRequest, 0, 0, changed), SERVER);
      await world.run(10);
    }
    socket.send(build20(PayloadType.OpenSessionRequest, 0, 0, request.subarray(0, 20)), SERVER);
    await world.run(10);
    const {
      InvalidAuthenticationAlgorithm,
      InvalidIntegrityAlgorithm,
      InvalidConfidentialityAlgorithm,
      Ok,
      IllegalParameter,
    } = RakpStatus;
    // HMAC-SHA1, HMAC-SHA1-96 without encryption is suite 2.
    expect(statuses).toEqual([
      InvalidAuthenticationAlgorithm,
      InvalidIntegrityAlgorithm,
      InvalidConfidentialityAlgorithm,
      Ok,
      IllegalParameter,
    ]);
  });
});

describe('sessions', () => {
  test('end by themselves after a minute of silence, and the console is then not answered', async () => {
    const { world, bmc, connect } = await net();
    const client = await world.until(connect({ tries: 2 }));
    await world.run(50_000);
    await world.until(client.send(GetDeviceId));
    await world.run(50_000);
    expect(bmc.sessions.active).toHaveLength(1);
    await world.run(12_000);
    expect(bmc.sessions.active).toHaveLength(0);
    await expect(world.until(client.send(GetDeviceId))).rejects.toThrow(TimeoutError);
  });

  test('log-ins under way take no places, and all are refused when all places are in use', async () => {
    const { world, bmc, connect } = await net({ sessions: { limit: 3 } });
    const socket = await world.udp.bind({ host: '10.0.0.2', port: 1 });
    const open = Uint8Array.of(
      0,
      0,
      0,
      0,
      1,
      2,
      3,
      4,
      0,
      0,
      0,
      8,
      1,
      0,
      0,
      0,
      1,
      0,
      0,
      8,
      1,
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
    );
    for (let i = 0; i < 50; i++) socket.send(build20(PayloadType.OpenSessionRequest, 0, 0, open), SERVER);
    await world.run(10);
    for (let i = 0; i < 2; i++) await world.until(connect());
    await world.until(connect({ user: 'user', password: 'UserPass123', privilege: Privilege.User }));
    expect(bmc.sessions.active).toHaveLength(3);
    expect(await world.until(log(connect()))).toBe(RakpStatus.InsufficientResources);
  });

  test('end when the password of their user changes', async () => {
    const { world, bmc, connect } = await net();
    const [admin, user] = [
      await world.until(connect()),
      await world.until(connect({ user: 'user', password: 'UserPass123', privilege: Privilege.User })),
    ];
    await world.until(
      admin.send(SetUserPassword, {
        twentyBytes: false,
        userId: 3,
        operation: 2,
        password: fromLatin1('NewPass', 16),
      }),
    );
    expect(bmc.sessions.active.map(({ userName }) => userName)).toEqual(['admin']);
    expect(
      await world.until(log(connect({ user: 'user', password: 'UserPass123', privilege: Privilege.User }))),
    ).toBe(RakpStatus.InvalidIntegrityCheckValue);
    expect(
      await world.until(log(connect({ user: 'user', password: 'NewPass', privilege: Privilege.User }))),
    ).toBe('in');
    void user;
  });

  test('begin at User, rise to what was asked for at log-in, and no further', async () => {
    const { world, connect } = await net();
    const client = await world.until(connect({ privilege: Privilege.Operator }));
    await expect(
      world.until(client.send(SetSessionPrivilegeLevel, { privilege: Privilege.Administrator })),
    ).rejects.toMatchObject({ cc: 0x81 });
    const info = await world.until(client.send(GetSessionInfo, { index: 0, handleOrId: new Uint8Array(0) }));
    expect(info).toMatchObject({ active: 1, handle: 1 });
    expect(info.session[1]).toBe(Privilege.Operator);
  });

  test('a request sent again is answered from memory, not run again', async () => {
    const { world, bmc, connect } = await net({}, 5, { loss: 0.3, delay: [1, 40] });
    const client = await world.until(connect({ tries: 12 }));
    for (let i = 0; i < 40; i++)
      await world.until(client.send(AddSelEntry, { record: new Uint8Array(16).fill(2) }));
    expect((await world.until(client.send(GetSelInfo))).entries).toBe(40);
    expect(bmc.sel.count).toBe(40);
  });

  test('junk, cut and changed datagrams neither crash nor end a session', async () => {
    const { world, connect } = await net();
    const client = await world.until(connect());
    const socket = await world.udp.bind({ host: '10.0.0.3', port: 1 });
    for (let i = 0; i < 3000; i++) {
      const junk = world.random.bytes(world.random.u32() % 90);
      if (i % 2) junk.set([6, 0, 0xff, 7, i % 4 === 1 ? 6 : 0].slice(0, junk.length));
      socket.send(junk, SERVER);
    }
    await world.run(100);
    expect((await world.until(client.send(GetDeviceId))).ipmiMajor).toBe(2);
  });
});

describe('200 sessions through bad weather', () => {
  const run = async (seed: number): Promise<string[]> => {
    // No account may have more than half of the places.
    const users = [2, 3, 4].map((id) => ({ id, name: `admin${id}`, password: 'AdminPass123' }));
    const { world, bmc, connect } = await net({ sessions: { limit: 255 }, users }, seed, {
      loss: 0.1,
      duplicate: 0.1,
      delay: [1, 80],
    });
    const suites = cipherSuites.map(({ id }) => id).filter((id) => id !== 0);
    const console = async (i: number): Promise<number> => {
      const client = await connect({
        user: `admin${2 + (i % 3)}`,
        cipherSuite: suites[i % suites.length],
        tries: 12,
      });
      let answers = 0;
      for (let n = 0; n < 3; n++) answers += (await client.send(GetDeviceId)).ipmiMajor / 2;
      await client.close();
      return answers;
    };
    const results = await world.until(Promise.all(Array.from({ length: 200 }, (_, i) => console(i))));
    expect(results).toEqual(Array.from({ length: 200 }, () => 3));
    expect(bmc.sessions.active).toHaveLength(0);
    return world.trace;
  };

  test('every request gets its answer, and the same seed gives the same trace', async () => {
    const [one, again, other] = [await run(11), await run(11), await run(12)];
    expect(one.length).toBeGreaterThan(3000);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });
});
