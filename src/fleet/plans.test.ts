// Random pairs of files: what comes of a fleet that goes from one to the other. A failure names its seed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bmc, BmcOptions } from '../bmc.ts';
import { Privilege } from '../commands/command.ts';
import { twoSocketServer } from '../config/index.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { Storage } from '../storage/storage.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { Fleet } from './fleet.ts';
import type { ChangedBmc } from './plan.ts';

const HOST = '192.0.2.1';
/** Of which somebody else has the last one, sometimes. */
const PORTS = [6001, 6002, 6003, 6004, 6005, 6006, 6007];
const TAKEN = 6007;
const RUNS = 150;
/** Two sensors that show the same at any time. */
const STILL = twoSocketServer.sensors?.slice(0, 2).map((sensor) => ({ ...sensor, value: 40 }));

interface Account {
  readonly name: string;
  readonly password: string;
  readonly privilege: 'user' | 'operator' | 'administrator';
  readonly enabled: boolean;
  readonly sol: boolean;
}

interface Node {
  readonly n: number;
  readonly deviceId: number;
  readonly limit: number | undefined;
  readonly sensors: boolean;
  readonly label: string;
  readonly adminPassword: string;
  readonly other: Account | undefined;
}

const anyAccount: fc.Arbitrary<Account> = fc.record({
  name: fc.constantFrom('joe', 'kim'),
  password: fc.constantFrom('pass-of-one', 'pass-of-other'),
  privilege: fc.constantFrom('user', 'operator', 'administrator'),
  enabled: fc.boolean(),
  sol: fc.boolean(),
});
const anyNode: fc.Arbitrary<Node> = fc.record({
  n: fc.integer({ min: 1, max: 6 }),
  deviceId: fc.constantFrom(1, 1, 1, 2),
  limit: fc.constantFrom(undefined, 3, 9),
  sensors: fc.constantFrom(false, false, true),
  label: fc.constantFrom('a', 'b'),
  adminPassword: fc.constantFrom('secret-enough', 'secret-enough', 'another-secret'),
  other: fc.option(anyAccount, { nil: undefined }),
});
const anyNodes = fc.uniqueArray(anyNode, { selector: ({ n }) => n, maxLength: 6 });
const anyPorts = fc.shuffledSubarray(PORTS, { minLength: PORTS.length });
/** Ports are few, so that places are taken and given; each node is the same in both files as often as not. */
const anyPair = fc
  .record({
    first: anyNodes,
    second: anyNodes,
    ports: anyPorts,
    others: fc.option(anyPorts, { nil: undefined }),
    kept: fc.array(fc.constantFrom('all', 'all but users', 'nothing'), { minLength: 7, maxLength: 7 }),
  })
  .map(({ first, second, ports, others = ports, kept }) => [
    first.map((node) => settingsOf(node, ports[node.n - 1])),
    second.map((node) => {
      const { n, adminPassword, other } = node;
      const before = kept[n] === 'nothing' ? undefined : first.find((known) => known.n === n);
      const changed = kept[n] === 'all but users' && { adminPassword, other };
      return settingsOf({ ...(before ?? node), ...changed }, others[n - 1]);
    }),
  ]);

function settingsOf(
  { n, deviceId, limit, sensors, label, adminPassword, other }: Node,
  port: number,
): BmcOptions {
  return {
    name: `node-${n}`,
    labels: { row: label },
    interfaces: [{ type: 'lan', listen: `${HOST}:${port}` }],
    identity: { deviceId },
    users: [{ id: 2, name: 'admin', password: adminPassword }, ...(other ? [{ id: 3, ...other }] : [])],
    ...(limit !== undefined && { sessions: { limit } }),
    ...(sensors && { sensors: STILL }),
  };
}

/** What clients and people can see of a BMC; GUIDs are by chance where they are not kept. */
const shown = (bmc: Bmc, isKept: boolean) => ({
  interfaces: bmc.interfaces,
  limits: bmc.sessions.limit,
  deviceId: bmc.identity.deviceId,
  users: [1, 2, 3, 4].map((id) => [bmc.users.name(id), bmc.users.enabled(id), bmc.users.access(id, 1)]),
  passwords: [2, 3, 4].map((id) => String(bmc.users.password(id))),
  payloads: [2, 3, 4].map((id) => bmc.payloads.access(id, 1)),
  sensors: bmc.sensors.all.map((sensor) => [bmc.sensors.nameOf(sensor), sensor.value]),
  records: bmc.sdr.ids.map((id) => [...bmc.sdr.get(id).record]),
  power: bmc.chassis.isOn,
  sel: bmc.sel.ids.length,
  guid: isKept && bmc.identity.systemGuid,
});
const allShown = (fleet: Fleet, isKept: boolean) =>
  new Map([...fleet.names].map((name) => [name, shown(fleet.use(name)!, isKept)]));

const portOf = ({ interfaces: [lan] = [] }: BmcOptions): number =>
  lan?.type === 'lan' ? Number(lan.listen?.split(':')[1]) : 0;
const answers = (world: SimWorld, client: LanClient): Promise<boolean> =>
  world.until(client.raw(6, 1, new Uint8Array())).then(
    ([code]) => code === 0,
    () => false,
  );
const LEVELS = { user: Privilege.User, operator: Privilege.Operator, administrator: Privilege.Administrator };
const levelOf = (name: string): Privilege | undefined => LEVELS[name as keyof typeof LEVELS];
const connect = (world: SimWorld, settings: BmcOptions, id: number): Promise<LanClient | undefined> => {
  const {
    name = '',
    password = '',
    privilege = 'administrator',
  } = settings.users?.find((user) => user.id === id) ?? {};
  return world
    .until(
      connectLan(world, {
        host: HOST,
        port: portOf(settings),
        user: name,
        password,
        privilege: levelOf(privilege),
        tries: 2,
      }),
    )
    .catch(() => undefined);
};

interface Visit {
  readonly settings: BmcOptions;
  readonly user: number;
  readonly client: LanClient;
}

/** Half of them have visitors; the others may sleep. Of those who are kept, clients change something. */
async function visits(world: SimWorld, first: readonly BmcOptions[], isKept: boolean): Promise<Visit[]> {
  const opened: Visit[] = [];
  for (const [i, settings] of first.entries()) {
    if (i % 2 === 1) continue;
    for (const { id } of settings.users ?? []) {
      const client = await connect(world, settings, id);
      if (client) opened.push({ settings, user: id, client });
    }
    const admin = opened.findLast((visit) => visit.settings === settings && visit.user === 2)?.client;
    expect(admin, 'the administrator is let in').toBeDefined();
    if (!admin || !isKept) continue;
    // A fourth user, and an entry of the SEL.
    const name = Uint8Array.of(4, ...Buffer.from('zoe'.padEnd(16, '\0')));
    expect(await world.until(admin.raw(6, 0x45, name))).toEqual(Uint8Array.of(0));
    const entry = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0);
    expect((await world.until(admin.raw(0x0a, 0x44, entry)))[0]).toBe(0);
  }
  return opened;
}

const userOf = (settings: BmcOptions | undefined, id: number): string =>
  JSON.stringify(
    settings?.users?.find((user) => user.id === id),
    (key, value: unknown) => (key === 'sol' ? undefined : value),
  );

test('F9: after apply, any fleet equals one started from the second file; sessions of unchanged BMCs and users are unbroken; what fails is as it was', async () => {
  const seen = { unchanged: 0, live: 0, restart: 0, failed: 0, loggedOut: 0 };
  await fc.assert(
    fc.asyncProperty(
      anyPair,
      fc.record({ seed: fc.nat(), isKept: fc.boolean(), sleeps: fc.boolean(), isTaken: fc.boolean() }),
      async ([first, second], { seed, isKept, sleeps, isTaken }) => {
        const world = simWorld(seed);
        const open = (): Promise<Storage> =>
          world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
        const fleet = new Fleet({
          world,
          storage: isKept ? await open() : undefined,
          sleepAfter: sleeps ? 1000 : Infinity,
        });
        const begun = await world.until(fleet.apply(first));
        expect([...begun.refused, ...begun.failed]).toEqual([]);
        const opened = await visits(world, first, isKept);
        const before = allShown(fleet, isKept);
        await world.run(3000);
        const blocker =
          isTaken && !first.some((settings) => portOf(settings) === TAKEN)
            ? await world.udp.bind({ host: HOST, port: TAKEN })
            : undefined;

        const { plan, refused, failed } = await world.until(fleet.apply(second));
        expect(refused).toEqual([]);
        const wrong = new Set(failed.map(({ bmc }) => bmc));
        const inTheWay = second.filter((settings) => blocker && portOf(settings) === TAKEN);
        expect([...wrong]).toEqual(expect.arrayContaining(inTheWay.map(({ name }) => name)));
        if (inTheWay.length === 0) expect(failed).toEqual([]);
        seen.failed += inTheWay.length;

        // Sessions of whoever did not change.
        const how = new Map<string, ChangedBmc['how']>(
          plan.changed.map((change) => [change.name, change.how]),
        );
        seen.unchanged += plan.unchanged.length;
        for (const [, kind] of how) seen[kind]++;
        for (const { settings, user, client } of opened) {
          const { name = '' } = settings;
          if (how.get(name) === 'restart' || plan.removed.includes(name)) continue;
          const wanted = second.find((other) => other.name === name);
          const isSame = userOf(settings, user) === userOf(wanted, user);
          if (!isSame) seen.loggedOut++;
          expect(
            await answers(world, client),
            `user ${user} of ${name}, ${isSame ? 'as before' : 'another'}`,
          ).toBe(isSame);
        }
        // A change of users holds at once.
        for (const { name, how: kind } of plan.changed) {
          const wanted = second.find((settings) => settings.name === name);
          if (kind === 'live' && wanted) expect(await connect(world, wanted, 2), name).toBeDefined();
        }

        // What failed is as it was; all others are as if they had been started so.
        const after = allShown(fleet, isKept);
        for (const name of wrong) expect(after.get(name), name).toEqual(before.get(name));
        const olds = first.filter(({ name }) => wrong.has(name ?? ''));
        const wanted = second.flatMap((settings) =>
          wrong.has(settings.name ?? '') ? olds.filter(({ name }) => name === settings.name) : [settings],
        );
        expect([...after.keys()]).toEqual(wanted.map(({ name }) => name));
        expect(fleet.plan(wanted)).toMatchObject({ added: [], removed: [], changed: [] });
        await world.until(fleet.close());
        const anew = new Fleet(isKept ? { world, storage: await open() } : { world: simWorld(seed) });
        const { failed: unable } = await (isKept ? world.until(anew.apply(wanted)) : anew.apply(wanted));
        expect(unable).toEqual([]);
        expect(after).toEqual(allShown(anew, isKept));
        if (isKept) await world.until(anew.close());
      },
    ),
    { numRuns: RUNS },
  );
  // All of it came up.
  expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
});
