import { expect, test } from 'vitest';
import type { Bmc, BmcOptions } from '../bmc.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { Storage } from '../storage/storage.ts';
import { silent } from '../state/setup.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { Fleet } from './fleet.ts';
import { isSame, planOf } from './plan.ts';

const PASSWORD = 'secret-enough';
const users = [{ id: 2, name: 'admin', password: PASSWORD }];
const node = (n: number, port = 6000 + n, more: BmcOptions = {}): BmcOptions => ({
  name: `node-${n}`,
  interfaces: [{ type: 'lan', listen: `192.0.2.1:${port}` }],
  users,
  ...more,
});
const connect = (world: SimWorld, port: number): Promise<LanClient> =>
  world.until(connectLan(world, { host: '192.0.2.1', port, user: 'admin', password: PASSWORD }));
const answers = async (world: SimWorld, client: LanClient): Promise<boolean> =>
  (await world.until(client.raw(6, 1, new Uint8Array())))[0] === 0;
const started = async (world: SimWorld, settings: readonly BmcOptions[], storage?: Storage) => {
  const fleet = new Fleet({ world, storage });
  const outcome = await world.until(fleet.apply(settings));
  expect([...outcome.refused, ...outcome.failed]).toEqual([]);
  return fleet;
};
/** What clients and people can see of a BMC that does not come by chance. */
const shown = (bmc: Bmc) => ({
  interfaces: bmc.interfaces,
  limits: bmc.sessions.limit,
  users: [1, 2, 3].map((id) => [bmc.users.name(id), bmc.users.enabled(id)]),
  passwords: [2, 3].map((id) => String(bmc.users.password(id))),
  sensors: bmc.sensors.all.map((sensor) => [bmc.sensors.nameOf(sensor), sensor.value]),
  records: bmc.sdr.ids.map((id) => [...bmc.sdr.get(id).record]),
  power: bmc.chassis.isOn,
  sel: bmc.sel.count,
});
const allShown = (fleet: Fleet) => [...fleet.bmcs].map(([name, bmc]) => [name, shown(bmc)]);

test('F1: a plan says what is added, removed, unchanged, and of each changed key whether it is taken live', () => {
  const now = [node(1), node(2), node(3), node(4)];
  const wanted = [
    node(5),
    structuredClone(node(1)),
    node(2, 6002, { sessions: { limit: 5 }, reset: { dark: 1 } }),
    node(3, 7003, { sensorInterval: 9 }),
  ];
  expect(planOf(new Map(now.map((one) => [one.name ?? '', one])), wanted)).toEqual({
    added: ['node-5'],
    removed: ['node-4'],
    changed: [
      {
        name: 'node-2',
        how: 'live',
        keys: [
          { key: 'reset', how: 'live' },
          { key: 'sessions', how: 'live' },
        ],
      },
      {
        name: 'node-3',
        how: 'restart',
        keys: [
          { key: 'interfaces', how: 'restart' },
          { key: 'sensorInterval', how: 'live' },
        ],
      },
    ],
    unchanged: ['node-1'],
  });
});

test('F1: settings are the same by their content', () => {
  for (const [a, b, same] of [
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ a: undefined }, {}, true],
    [{ a: {} }, {}, false],
    [[1], [1, undefined], false],
    [[], {}, false],
    [{ a: null }, { a: {} }, false],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2), true],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3), false],
    [Uint8Array.of(1), [1], false],
    [NaN, NaN, true],
  ] as const)
    expect(isSame(a, b), JSON.stringify([a, b])).toBe(same);
});

test('F2: a change of one BMC, one added and one removed: sessions of the others go on', async () => {
  const world = simWorld(1);
  const fleet = await started(world, [node(1), node(2), node(3)]);
  const [one, two, three] = [
    await connect(world, 6001),
    await connect(world, 6002),
    await connect(world, 6003),
  ];
  const { plan, failed } = await world.until(
    fleet.apply([node(1), node(2, 6002, { identity: { deviceId: 77 } }), node(4)]),
  );
  expect({ plan, failed }).toMatchObject({
    plan: { added: ['node-4'], removed: ['node-3'], unchanged: ['node-1'] },
    failed: [],
  });
  expect(await answers(world, one), 'unchanged').toBe(true);
  await expect(answers(world, two), 'made anew').rejects.toThrow();
  await expect(answers(world, three), 'removed').rejects.toThrow();
  const anew = await connect(world, 6002);
  expect((await world.until(anew.raw(6, 1, new Uint8Array())))[1]).toBe(77);
  expect(await answers(world, await connect(world, 6004))).toBe(true);
  expect([...fleet.bmcs.keys()]).toEqual(['node-1', 'node-2', 'node-4']);
  await world.until(fleet.close());
  expect(fleet.bmcs.size).toBe(0);
  await expect(fleet.apply([])).rejects.toThrow('closed');
});

test('F3: what is taken live keeps the sessions of its own BMC, and holds from then on', async () => {
  const world = simWorld(2);
  const fleet = await started(world, [node(1)]);
  const client = await connect(world, 6001);
  await world.until(fleet.apply([node(1, 6001, { sessions: { limit: 1, inactivity: 60 } })]));
  expect(await answers(world, client)).toBe(true);
  await expect(connect(world, 6001), 'a second one').rejects.toThrow();
  await world.run(66_000);
  const next = await connect(world, 6001);
  expect(await answers(world, next), 'in the place of the silent one').toBe(true);
  await world.until(fleet.close());
});

test('F4: a mistake in one BMC changes nothing at all', async () => {
  const world = simWorld(3);
  const fleet = await started(world, [node(1), node(2)]);
  const before = allShown(fleet);
  const wrong = node(4, 6004, { satellites: [{ address: 0x30 }, { address: 0x30 }] });
  const { refused } = await world.until(fleet.apply([node(1, 6009), wrong]));
  expect(refused).toMatchObject([{ bmc: 'node-4' }]);
  expect(allShown(fleet)).toEqual(before);
  expect(fleet.plan([node(1), node(2)])).toMatchObject({ added: [], removed: [], changed: [] });
  await world.until(fleet.close());
  const empty = new Fleet({ world });
  expect((await world.until(empty.apply([node(1), wrong]))).refused).toMatchObject([{ bmc: 'node-4' }]);
  expect(empty.bmcs.size).toBe(0);
});

test('F5: a BMC whose new place cannot be had goes on as it was; the others take their changes', async () => {
  const world = simWorld(4);
  const fleet = await started(world, [node(1), node(2)]);
  const taken = await world.udp.bind({ host: '192.0.2.1', port: 6099 });
  const { failed } = await world.until(fleet.apply([node(1, 6099), node(2, 6012), node(3, 6099)]));
  expect(failed.map(({ bmc }) => bmc).sort()).toEqual(['node-1', 'node-3']);
  expect(await answers(world, await connect(world, 6001)), 'as before').toBe(true);
  expect(await answers(world, await connect(world, 6012)), 'changed').toBe(true);
  expect([...fleet.bmcs.keys()]).toEqual(['node-1', 'node-2']);
  await taken.close();
  const again = await world.until(fleet.apply([node(1, 6099), node(2, 6012)]));
  expect(again).toMatchObject({ plan: { changed: [{ name: 'node-1' }] }, failed: [] });
  await world.until(fleet.close());
});

test('F6: two BMCs change places, a third one gets the place of one that is removed', async () => {
  const world = simWorld(5);
  const fleet = await started(world, [node(1), node(2), node(3)]);
  const { failed } = await world.until(fleet.apply([node(1, 6002), node(2, 6001), node(4, 6003)]));
  expect(failed).toEqual([]);
  expect([...fleet.bmcs.values()].map(({ interfaces }) => interfaces[0].address)).toEqual(
    [6002, 6001, 6003].map((port) => `192.0.2.1:${port}`),
  );
  await world.until(fleet.close());
});

test('F10: who would have given its place to one that cannot have its own goes on as it was, and is told so', async () => {
  const world = simWorld(8);
  const fleet = await started(world, [node(1), node(2), node(3)]);
  const taken = await world.udp.bind({ host: '192.0.2.1', port: 6099 });
  const { failed } = await world.until(fleet.apply([node(1, 6099), node(2, 6001), node(3, 6013)]));
  expect(failed.map(({ bmc }) => bmc)).toEqual(['node-1', 'node-2']);
  expect(String(failed[1].error)).toContain('node-1');
  expect([...fleet.bmcs.values()].map(({ interfaces }) => interfaces[0].address)).toEqual(
    [6001, 6002, 6013].map((port) => `192.0.2.1:${port}`),
  );
  await taken.close();
  await world.until(fleet.close());
});

test('F11: users are taken live: who has another password, name or privilege is logged out, locked out no more, and others go on', async () => {
  const world = simWorld(9);
  const lines: string[] = [];
  const log = { ...silent, warn: (line: string) => void lines.push(line) };
  const fleet = new Fleet({ world, log });
  const many = (secret: string, joe: object = {}): BmcOptions =>
    node(1, 6001, {
      users: [...users, { id: 3, name: 'joe', password: secret, ...joe }],
    });
  const as = (user: string, password: string, port = 6001): Promise<LanClient> =>
    world.until(connectLan(world, { host: '192.0.2.1', port, user, password, tries: 2 }));
  await world.until(fleet.apply([many('first-secret'), node(2, 6002, { userSlots: 4 })]));
  const [admin, joe] = [await connect(world, 6001), await as('joe', 'first-secret')];
  const { plan } = await world.until(fleet.apply([many('second-secret'), node(2, 6002, { userSlots: 5 })]));
  expect(plan.changed.map(({ name, how }) => [name, how])).toEqual([
    ['node-1', 'live'],
    ['node-2', 'restart'],
  ]);
  expect(await answers(world, admin)).toBe(true);
  await expect(answers(world, joe), 'has the old password').rejects.toThrow();
  await expect(as('joe', 'first-secret')).rejects.toThrow();
  const again = await as('joe', 'second-secret');
  // Settings of the same content, and those of another: nobody is disturbed but who is meant.
  await world.until(fleet.apply([structuredClone(many('second-secret')), node(2)]));
  expect(await answers(world, again)).toBe(true);
  await world.until(fleet.apply([many('second-secret', { privilege: 'user' }), node(2)]));
  await expect(answers(world, again), 'has fewer rights').rejects.toThrow();
  await world.until(fleet.apply([many('second-secret', { enabled: false }), node(2)]));
  await expect(as('joe', 'second-secret'), 'is disabled').rejects.toThrow();
  // What a client set holds before the settings.
  const bmc = fleet.use('node-1');
  await bmc?.users.setPassword(3, new TextEncoder().encode('of-a-client'));
  await world.until(fleet.apply([many('third-secret'), node(2)]));
  expect(await answers(world, await as('joe', 'of-a-client'))).toBe(true);
  // A mistake is told before anything is done, and what is dangerous is said.
  const long = many('x'.repeat(21));
  expect((await world.until(fleet.apply([long, node(2)]))).refused).toMatchObject([{ bmc: 'node-1' }]);
  expect(await answers(world, admin)).toBe(true);
  lines.length = 0;
  const withNull = [...users, { id: 1, password: '' }];
  await world.until(fleet.apply([node(1, 6001, { users: withNull }), node(2, 6002, { users: withNull })]));
  expect(lines.filter((line) => line.includes('null user')).map((line) => line.slice(0, 6))).toEqual([
    'node-1',
    'node-2',
  ]);
  expect(await answers(world, admin)).toBe(true);
  await world.until(fleet.close());
});

test('F12: users of one that sleeps are taken as well, and a lock-out of the old password ends', async () => {
  const world = simWorld(10);
  const fleet = new Fleet({ world, sleepAfter: 1000 });
  const settings = (password: string): BmcOptions =>
    node(1, 6001, { users: [{ id: 2, name: 'admin', password }] });
  const as = (password: string): Promise<LanClient> =>
    world.until(connectLan(world, { host: '192.0.2.1', port: 6001, user: 'admin', password, tries: 2 }));
  await world.until(fleet.apply([settings('first-secret')]));
  const client = await as('first-secret');
  // Two wrong passwords lock out for 1,000 s (LAN parameter 26).
  expect(await world.until(client.raw(0x0c, 1, Uint8Array.of(1, 26, 1, 2, 0, 0, 100, 0)))).toEqual(
    Uint8Array.of(0),
  );
  await world.until(client.close());
  for (let i = 0; i < 2; i++) await expect(as('wrong')).rejects.toThrow();
  await expect(as('first-secret'), 'locked out').rejects.toThrow();
  await world.run(200_000);
  expect(fleet.glance('node-1')?.isAwake).toBe(false);
  await world.until(fleet.apply([settings('second-secret')]));
  expect(await answers(world, await as('second-secret'))).toBe(true);
  await world.until(fleet.close());
});

test('F7: what clients changed is there after a BMC was made anew, or removed and added, satellites included', async () => {
  const world = simWorld(6);
  const storage = await world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
  const satellites = [
    { address: 0x30, identity: { deviceId: 1 }, fru: [{ id: 0, name: 'Riser', size: 64 }] },
  ];
  const first = node(1, 6001, { satellites });
  const fleet = await started(world, [first, node(2)], storage);
  const write = async (): Promise<void> => {
    const bmc = fleet.bmcs.get('node-1');
    await world.until(bmc?.users.setName(3, 'kim') ?? Promise.resolve());
    await world.until(bmc?.satellites[0].fru.write(0, 0, Uint8Array.of(7)) ?? Promise.resolve());
  };
  const kept = (): unknown[] => {
    const bmc = fleet.bmcs.get('node-1');
    return [bmc?.users.name(3), bmc?.satellites[0].fru.image(0)[0]];
  };
  await write();
  await world.until(fleet.apply([node(1, 6001, { satellites, identity: { deviceId: 9 } }), node(2)]));
  expect(kept(), 'changed').toEqual(['kim', 7]);
  await world.until(fleet.remove('node-1'));
  expect(await world.until(fleet.remove('node-1'))).toBe(false);
  await world.until(fleet.add(first));
  expect(kept(), 'removed and added').toEqual(['kim', 7]);
  expect(await world.until(fleet.restart('node-1'))).toEqual([]);
  expect(kept(), 'restarted').toEqual(['kim', 7]);
  expect(await world.until(fleet.restart('node-9'))).toBeUndefined();
  await world.until(fleet.close());
});

test('F8: two calls at once go one after the other', async () => {
  const world = simWorld(7);
  const fleet = new Fleet({ world });
  const steps: string[] = [];
  fleet.onProgress((done, all) => void steps.push(`${done}/${all}`));
  const [, second] = await world.until(
    Promise.all([fleet.apply([node(1), node(2)]), fleet.apply([node(2), node(3)])]),
  );
  expect(second.plan).toMatchObject({ added: ['node-3'], removed: ['node-1'], unchanged: ['node-2'] });
  expect(steps).toEqual(['1/2', '2/2', '1/2', '2/2']);
  await world.until(fleet.close());
});
