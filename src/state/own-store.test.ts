import { expect, test } from 'vitest';
import { Bmc, type BmcSurroundings, type OwnStore, type OwnStores } from '../bmc.ts';
import { CC, IpmiError } from '../codec/index.ts';
import { Fleet } from '../fleet/index.ts';
import { simWorld } from '../world/sim.ts';
import { stores } from './stores.ts';

const RECORD = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x6f, 1, 0xff, 0xff);
const settings = { sel: { bootEvents: false } };
const made = (own: OwnStores, more: BmcSurroundings = {}): Bmc =>
  new Bmc(settings, { world: simWorld(1), stores: own, ...more });

test('D18: the SEL lies in a Map of the program, from before and from now', () => {
  const sel = new Map([['7', RECORD]]);
  const bmc = made({ sel });
  expect([bmc.sel.count, bmc.sel.lastId]).toEqual([1, 7]);
  expect(bmc.sel.add(RECORD)).toEqual({ id: 8, done: undefined });
  expect([...sel.keys()]).toEqual(['7', '8']);
  expect(bmc.sel.get(0).next).toBe(8);
  void bmc.sel.delete(7);
  expect([...sel.keys()]).toEqual(['8']);
  void bmc.sel.clear();
  expect(sel.size).toBe(0);
  // What is brought goes before the journal, too: the next BMC finds it empty.
  expect(made({ sel }).sel.count).toBe(0);
});

test('D18: a change that the program cannot keep is refused, and is not there', async () => {
  for (const fail of [
    () => Promise.reject(new IpmiError(CC.OutOfSpace, 'the disk is full')),
    () => {
      throw new IpmiError(CC.OutOfSpace, 'the disk is full');
    },
  ]) {
    const kept = new Map<string, Uint8Array>();
    const sel: OwnStore<Uint8Array> = {
      keys: () => kept.keys(),
      get: (key) => kept.get(key),
      set: fail,
      delete: fail,
    };
    const bmc = made({ sel });
    await expect(bmc.sel.add(RECORD).done).rejects.toThrow('the disk is full');
    expect(bmc.sel.count).toBe(0);
  }
});

test('D18: an answer waits until the program has kept it', async () => {
  const kept = new Map<string, Uint8Array>();
  let keep: () => void = () => undefined;
  const bmc = made({
    sel: {
      keys: () => kept.keys(),
      get: (key) => kept.get(key),
      set: (key, value) =>
        new Promise<void>((resolve) => {
          keep = () => resolve(void kept.set(key, value));
        }),
      delete: (key) => kept.delete(key),
    },
  });
  let isDone = false;
  const done = bmc.sel.add(RECORD).done?.then(() => (isDone = true));
  await Promise.resolve();
  expect(isDone).toBe(false);
  keep();
  await done;
  expect(bmc.sel.get(1).record[2]).toBe(2);
});

const ACCESS = {
  callback: false,
  linkAuthentication: true,
  messaging: true,
  privilegeLimit: 3,
  sessionLimit: 0,
};
const password = (text: string) => {
  const bytes = new Uint8Array(20);
  bytes.set(new TextEncoder().encode(text));
  return { bytes, size: 16 };
};

test('D18: users of the program log in, as it says at that moment', () => {
  const users = new Map([['5', { name: 'eve', enabled: true, access: { 1: ACCESS } }]]);
  const passwords = new Map([['5', password('one')]]);
  const bmc = made({ users, passwords });
  expect(bmc.users.logIn('eve', 1, undefined)).toMatchObject({ id: 5, privilegeLimit: 3 });
  expect(bmc.users.enabledCount).toBe(1);
  users.set('6', { name: 'bob', enabled: true, access: { 1: ACCESS } });
  passwords.set('6', password('two'));
  expect(bmc.users.enabledCount).toBe(2);
  expect(bmc.users.loginKinds(1).nonNullUsers).toBe(true);
  users.delete('5');
  expect(bmc.users.logIn('eve', 1, undefined)).toBeUndefined();
  void bmc.users.setName(6, 'rob');
  expect(users.get('6')?.name).toBe('rob');
});

test('D18: what is no value is told once, and locks whom it is about', () => {
  const warned: string[] = [];
  const nothing = (): void => undefined;
  const log = {
    debug: nothing,
    info: nothing,
    warn: (line: string) => void warned.push(line),
    error: nothing,
  };
  const users = new Map([['2', { name: 'x'.repeat(17), enabled: true, access: {} }]]);
  const own = { users, passwords: new Map([['2', password('one')]]) };
  const bmc = new Bmc(
    { ...settings, users: [{ id: 2, name: 'admin', password: 'secret' }] },
    { world: simWorld(1), log, stores: own },
  );
  expect(bmc.users.find('admin', 1, undefined)).toBe('user whose stored settings are lost');
  expect(bmc.users.name(2)).toBe('admin');
  expect(warned.filter((line) => line.includes('users: 2 is no value of it'))).toHaveLength(1);
});

test('D18: an SDR repository of the program holds what the settings say until it is written to', () => {
  const sdr = new Map<string, Uint8Array>();
  const sensors = [
    { name: 'A', entity: '7.1', type: 'temperature', unit: 'degrees C', range: [0, 255] as const, value: 7 },
  ];
  const bmc = new Bmc({ ...settings, sensors }, { world: simWorld(1), stores: { sdr } });
  const given = bmc.sdr.count;
  expect(given).toBeGreaterThan(1);
  void bmc.sdr.delete(bmc.sdr.ids[0]);
  expect(sdr.size).toBe(given - 1);
  // A BMC without a journal, later: the program's records, not those of the settings.
  expect(new Bmc({ ...settings, sensors }, { world: simWorld(1), stores: { sdr } }).sdr.count).toBe(
    given - 1,
  );
});

test('D18: a FRU device lies in the store of the program once it is written', () => {
  const fru = new Map<string, Uint8Array>();
  const bmc = new Bmc(
    { fru: [{ id: 1, name: 'board', size: 256 }] },
    { world: simWorld(1), stores: { fru } },
  );
  void bmc.fru.write(1, 3, Uint8Array.of(9));
  expect(fru.get('1')?.[3]).toBe(9);
  fru.set('1', new Uint8Array(256).fill(5));
  expect(bmc.fru.image(1)[0]).toBe(5);
});

test('D18: a fleet asks for the stores of each BMC by its name', async () => {
  const world = simWorld(1);
  const logs = new Map([['a', new Map([['1', RECORD]])]]);
  const fleet = new Fleet({ world, stores: (name) => ({ sel: logs.get(name) }) });
  await world.until(fleet.apply([{ name: 'a' }, { name: 'b', sel: { bootEvents: false } }]));
  expect([...fleet.bmcs.values()].map(({ sel }) => sel.count)).toEqual([1, 0]);
  await world.until(fleet.close());
});

test.each(Object.keys(stores) as (keyof typeof stores)[])('D18: a BMC lives on a Map as %s', (store) => {
  const bmc = made({ [store]: new Map<string, never>() });
  const { name } = stores[store];
  expect(bmc.setup.store(name).isBrought).toBe(true);
});
