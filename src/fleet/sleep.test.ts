import { expect, test } from 'vitest';
import type { BmcOptions } from '../bmc.ts';
import { twoSocketServer } from '../config/index.ts';
import { connectLan, type LanClient } from '../client/index.ts';
import { SelEventRecord } from '../records/sel.ts';
import { handleRaw } from '../router/index.ts';
import { Storage } from '../storage/storage.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { Fleet, type FleetSurroundings } from './fleet.ts';

const PASSWORD = 'secret-enough';
const users = [{ id: 2, name: 'admin', password: PASSWORD }];
/** Milliseconds: a log-in may take so long, and then nobody has asked for twice the time to sleep. */
const NIGHT = 200_000;
const nodes = (count: number, more: BmcOptions = {}): BmcOptions[] =>
  Array.from({ length: count }, (_, n) => ({
    ...more,
    name: `node-${n}`,
    interfaces: [{ type: 'lan', listen: `192.0.2.1:${6000 + n}` }],
    users,
  }));
const connect = (world: SimWorld, port: number, password = PASSWORD): Promise<LanClient> =>
  world.until(connectLan(world, { host: '192.0.2.1', port, user: 'admin', password }));
const fleetOf = async (
  world: SimWorld,
  settings: readonly BmcOptions[],
  more: Partial<FleetSurroundings> = {},
): Promise<Fleet> => {
  const fleet = new Fleet({ world, ...more });
  const { refused, failed } = await world.until(fleet.apply(settings));
  expect([...refused, ...failed]).toEqual([]);
  return fleet;
};
const asleep = (fleet: Fleet): string[] =>
  [...fleet.names].filter((name) => fleet.glance(name)?.isAwake === false);
const ask = async (world: SimWorld, port: number, ...bytes: number[]): Promise<Uint8Array> => {
  const client = await connect(world, port);
  const [netFn, cmd, ...data] = bytes;
  const answer = await world.until(client.raw(netFn, cmd, Uint8Array.from(data)));
  await world.until(client.close());
  return answer;
};
/** Get Device ID. */
const DEVICE_ID = [6, 1];

test('Z2: BMCs like one that has nothing to do are not made before somebody asks: the first datagram makes one', async () => {
  const world = simWorld(1);
  const fleet = await fleetOf(world, nodes(100));
  const waiting = asleep(fleet);
  expect(waiting.length).toBeGreaterThan(60);
  expect(fleet.glance('node-99')).toEqual({
    isAwake: false,
    isOn: true,
    machine: 'simulated',
    health: 0,
    sessions: 0,
  });
  expect(fleet.interfacesOf('node-99')).toEqual([
    { bmc: 'node-99', type: 'lan', channel: 1, address: '192.0.2.1:6099' },
  ]);
  expect((await ask(world, 6099, ...DEVICE_ID))[0]).toBe(0);
  expect(fleet.glance('node-99')?.isAwake).toBe(true);
  expect(asleep(fleet)).toEqual(waiting.filter((name) => name !== 'node-99'));
  await world.until(fleet.close());
});

test('Z3: one that is made late began with its fleet: its first entries, hours and time stamps say so', async () => {
  const world = simWorld(2);
  const fleet = await fleetOf(world, nodes(80, twoSocketServer));
  const began = Math.floor(world.clock.now() / 1000);
  expect(fleet.glance('node-79')?.isAwake).toBe(false);
  await world.run(3 * 3_600_000);
  const late = fleet.use('node-79')!;
  const early = fleet.use('node-0')!;
  expect(late.sel.ids.map((id) => SelEventRecord.decode(late.sel.get(id).record).timestamp)).toEqual(
    late.sel.ids.map(() => began),
  );
  expect(late.sel.ids.map((id) => [...late.sel.get(id).record])).toEqual(
    early.sel.ids.map((id) => [...early.sel.get(id).record]),
  );
  expect(late.chassis.powerOnHours).toEqual(early.chassis.powerOnHours);
  expect(late.chassis.powerOnHours.count).toBe(3);
  expect(late.sdr.lastAdded).toBe(early.sdr.lastAdded);
  expect(late.setup.began).toBe(early.setup.began);
  await world.until(fleet.close());
});

test('Z4: after a while without a request they sleep again, and know what they knew', async () => {
  const world = simWorld(3);
  const fleet = await fleetOf(world, nodes(3, twoSocketServer));
  const client = await connect(world, 6001);
  await world.until(
    client.raw(0x0a, 0x44, Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 1, 2, 3)),
  );
  await world.until(client.raw(0x0a, 0x42));
  await world.until(client.raw(0x04, 0x00, Uint8Array.of(0x24, 1)));
  await world.run(NIGHT);
  // The session timed out long ago.
  expect(fleet.whyAwake('node-1')).toBeUndefined();
  expect(asleep(fleet)).toEqual(['node-0', 'node-1', 'node-2']);
  expect([...(await ask(world, 6001, 0x04, 0x01))]).toEqual([0, 0x24, 1]);
  expect([...(await ask(world, 6001, 0x0a, 0x42))]).toEqual([0, 2, 0]);
  const bmc = fleet.use('node-1')!;
  expect(bmc.sel.get(bmc.sel.lastId).record.slice(13)).toEqual(Uint8Array.of(1, 2, 3));
  expect(bmc.logIns.counters.admitted).toBe(3);
  await world.until(fleet.close());
});

test('Z5: open sessions, timers, messages, listeners to the console and what looks on keep one awake, each by its name', async () => {
  const world = simWorld(4);
  const fleet = await fleetOf(world, nodes(1), { sleepAfter: 1000 });
  const why = (): string | undefined => fleet.whyAwake('node-0');
  const bmc = fleet.use('node-0')!;
  expect(why()).toBeUndefined();
  const client = await connect(world, 6000);
  expect(why()).toBe('something is due');
  await world.until(client.close());
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-0']);

  const again = fleet.use('node-0')!;
  expect(again).not.toBe(bmc);
  const undone: Record<string, () => () => void> = {
    'somebody looks on': () => again.taps.add({ message: () => undefined }),
    'somebody listens to its serial console': () => again.console.listen({}),
    'handlers are registered': () => {
      const mine = again.router.register({
        owner: 'me',
        handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0))],
      });
      return () => void mine.unregister();
    },
    'messages wait for system software': () => {
      again.messages.deliver({ channel: 1, privilege: 4, data: new Uint8Array(8) });
      return () => again.messages.clearQueue();
    },
    'something is due': () => {
      const timer = again.setup.clock.after(3_600_000, () => undefined);
      return () => timer.cancel();
    },
  };
  for (const [reason, begin] of Object.entries(undone)) {
    const end = begin();
    expect(why()).toBe(reason);
    expect(fleet.sleep('node-0')).toBe(false);
    end();
    await world.run(0);
    expect(why(), reason).toBeUndefined();
  }
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-0']);
  await world.until(fleet.close());
});

test('Z6: a sensor that can cross a threshold by itself keeps its BMC awake, and is heard of in time', async () => {
  const world = simWorld(5);
  const sensor = (unc: number) => ({
    name: 'Temp',
    entity: '3.1',
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 127] as const,
    value: { base: 50, swing: 20, period: 600 },
    thresholds: { unc },
  });
  const still = nodes(1, { sensors: [sensor(100)] });
  const [moving] = nodes(2, { sensors: [sensor(60)] }).slice(1);
  const fleet = await fleetOf(world, [...still, moving]);
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-0']);
  expect(fleet.whyAwake('node-1')).toBe('something is due');
  await world.run(3_600_000);
  expect(fleet.use('node-1')!.sel.count).toBeGreaterThan(5);
  await world.until(fleet.close());
});

test('Z7: who takes a BMC out of `bmcs` may keep it: it never sleeps again; and a listener for new ones has all', async () => {
  const world = simWorld(6);
  const fleet = await fleetOf(world, nodes(2));
  const mine = fleet.bmcs.get('node-0')!;
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-1']);
  expect(fleet.whyAwake('node-0')).toBe('a program has it');
  mine.sel.add(new Uint8Array(16));
  expect(fleet.bmcs.get('node-0')).toBe(mine);
  await world.until(fleet.close());

  const other = new Fleet({ world });
  const made: string[] = [];
  other.onMade((bmc) => void made.push(bmc.name));
  await world.until(other.apply(nodes(80)));
  await world.run(NIGHT);
  expect([made.length, asleep(other)]).toEqual([80, []]);
  await world.until(other.close());
});

test('Z8: a lock-out and settings that are taken live hold through sleep', async () => {
  const world = simWorld(7);
  const fleet = await fleetOf(world, nodes(1), { sleepAfter: 1000 });
  // LAN parameter 26: two wrong passwords, for 1000 s.
  expect((await ask(world, 6000, 0x0c, 1, 1, 26, 0, 2, 0, 0, 100, 0))[0]).toBe(0);
  for (let i = 0; i < 2; i++) await expect(connect(world, 6000, 'wrong')).rejects.toThrow();
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-0']);
  await expect(connect(world, 6000)).rejects.toThrow();
  await world.run(1_000_000);
  expect((await ask(world, 6000, ...DEVICE_ID))[0]).toBe(0);
  await world.run(NIGHT);
  expect(asleep(fleet)).toEqual(['node-0']);
  await world.until(fleet.apply(nodes(1, { sessions: { limit: 3 } })));
  expect(asleep(fleet)).toEqual(['node-0']);
  expect(fleet.use('node-0')!.sessions.limit).toBe(3);
  await world.until(fleet.close());
});

test('Z9: what is stored of one that was not made is there when it wakes, and its hours are kept when it never did', async () => {
  const world = simWorld(8);
  const open = (): Promise<Storage> =>
    world.until(Storage.open(world.files, 'state', { warn: (line) => expect(line).toBe('') }));
  const settings = nodes(70);
  const first = await fleetOf(world, settings, { storage: await open(), sleepAfter: 86_400_000 });
  // GUIDs that it makes are on disk before anybody can ask for them, so all are made.
  expect(asleep(first)).toEqual([]);
  const guid = first.use('node-69')!.identity.systemGuid;
  expect((await ask(world, 6069, 0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 7, 8, 9))[0]).toBe(
    0,
  );
  await world.until(first.close());

  const second = await fleetOf(world, settings, { storage: await open() });
  expect(asleep(second).length).toBeGreaterThan(30);
  expect(second.glance('node-69')?.isAwake).toBe(false);
  await world.run(3 * 3_600_000);
  const bmc = second.use('node-69')!;
  expect(bmc.identity.systemGuid).toBe(guid);
  expect(bmc.sel.get(bmc.sel.lastId).record.slice(13)).toEqual(Uint8Array.of(7, 8, 9));
  expect(asleep(second)).toContain('node-68');
  await world.until(second.close());

  const third = await fleetOf(world, settings, { storage: await open() });
  expect(third.use('node-68')!.chassis.powerOnHours.count).toBe(3);
  expect(third.use('node-69')!.chassis.powerOnHours.count).toBe(3);
  await world.until(third.close());
});

test('Z20: at the end of a fleet nobody is made who sleeps: hours are kept all the same, in one write for all', async () => {
  const world = simWorld(18);
  const open = (): Promise<Storage> =>
    world.until(Storage.open(world.files, 'state', { warn: (line) => expect(line).toBe('') }));
  const settings = nodes(70);
  const first = await fleetOf(world, settings, { storage: await open() });
  const woken: string[] = [];
  first.onWoken(({ name }) => void woken.push(name));
  await world.run(3_600_000);
  expect(asleep(first)).toHaveLength(70);
  await world.until(first.close());
  expect(woken).toEqual([]);
  // As is one that was never made, and one that is switched off.
  const second = await fleetOf(world, settings, { storage: await open() });
  second.onWoken(({ name }) => void woken.push(name));
  await world.run(NIGHT);
  expect((await ask(world, 6003, 0, 2, 0))[0]).toBe(0);
  await world.run(3_600_000 - NIGHT);
  await world.run(NIGHT);
  expect(asleep(second)).toHaveLength(70);
  woken.length = 0;
  await world.until(second.close());
  expect(woken).toEqual([]);
  const third = await fleetOf(world, settings, { storage: await open() });
  for (const [n, hours] of [
    [0, 2],
    [3, 1],
    [69, 2],
  ])
    expect(third.use(`node-${n}`)!.chassis.powerOnHours.count, `node-${n}`).toBe(hours);
  expect(third.use('node-69')!.sel.count).toBe(third.use('node-0')!.sel.count);
  await world.until(third.close());
});

test('Z10: nothing is due where all sleep, and one timer looks at all that do not', async () => {
  const world = simWorld(9);
  const fleet = await fleetOf(world, nodes(40));
  expect(world.clock.pending).toBe(1);
  await world.run(NIGHT);
  expect(asleep(fleet).length).toBe(40);
  expect(world.clock.pending).toBe(0);
  await world.until(fleet.close());
});

test('Z11: with `sleepAfter: Infinity` nobody ever sleeps, and all are made at once', async () => {
  const world = simWorld(10);
  const fleet = await fleetOf(world, nodes(70), { sleepAfter: Infinity });
  await world.run(NIGHT);
  expect([asleep(fleet), fleet.whyAwake('node-3')]).toEqual([[], 'BMCs of this fleet do not sleep']);
  await world.until(fleet.close());
});

test('Z12: a place that is taken refuses one that sleeps as it refuses any; one that goes gives its place back', async () => {
  const world = simWorld(11);
  const taken = await world.udp.bind({ host: '192.0.2.1', port: 6060 });
  const fleet = new Fleet({ world });
  const { failed } = await world.until(fleet.apply(nodes(70)));
  expect(failed.map(({ bmc }) => bmc)).toEqual(['node-60']);
  await taken.close();
  expect(await world.until(fleet.remove('node-61'))).toBe(true);
  await (await world.udp.bind({ host: '192.0.2.1', port: 6061 })).close();
  expect((await world.until(fleet.apply(nodes(70)))).failed).toEqual([]);
  expect((await ask(world, 6060, ...DEVICE_ID))[0]).toBe(0);
  expect((await ask(world, 6061, ...DEVICE_ID))[0]).toBe(0);
  await world.until(fleet.close());
});

test('Z14: killed while it sleeps, or after it woke: what was acknowledged is there in the next life', async () => {
  const world = simWorld(12);
  const disk = world.newDisk('of the fleet');
  const entry = (n: number): number[] => [0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, n, 0, 0];
  const logged = async (end: 'kill' | 'crash', n: number): Promise<number[]> => {
    const process = world.process(disk);
    const storage = await world.until(Storage.open(process.files, 'state', { warn: () => undefined }));
    const fleet = new Fleet({ world: process, storage, sleepAfter: 1000 });
    expect((await world.until(fleet.apply(nodes(2)))).failed).toEqual([]);
    const before = fleet.use('node-1')!.sel;
    const kept = before.ids.map((id) => before.get(id).record[13]);
    expect((await ask(world, 6001, ...entry(n)))[0]).toBe(0);
    await world.run(NIGHT);
    expect(asleep(fleet)).toEqual(['node-0', 'node-1']);
    expect((await ask(world, 6001, ...entry(n + 1)))[0]).toBe(0);
    await world.run(NIGHT);
    expect(asleep(fleet)).toEqual(['node-0', 'node-1']);
    process[end]();
    return kept;
  };
  await logged('kill', 0x10);
  expect((await logged('crash', 0x20)).slice(-2)).toEqual([0x10, 0x11]);
  expect((await logged('kill', 0x30)).slice(-4)).toEqual([0x10, 0x11, 0x20, 0x21]);
});
