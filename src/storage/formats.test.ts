// M14: directories of each released format open as they are; what is stored is looked at before anybody works
// with it.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { Privilege } from '../commands/command.ts';
import { GetSelTime } from '../commands/storage/sel.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { object, text, type Shape } from '../state/shape.ts';
import { store, type StoreDeclaration } from '../state/store-declaration.ts';
import { Store, type Journal, type Stored } from '../state/store.ts';
import { stores } from '../state/stores.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { exportLines, importLines, inspect } from './inspect.ts';
import { Storage } from './storage.ts';

const formats = new URL('../../test/state-formats/', import.meta.url);
const SETTINGS = {
  interfaces: [
    { type: 'lan' as const, listen: '10.0.0.1:623' },
    { type: 'serial' as const, listen: '10.0.0.1:2000' },
    { type: 'serial' as const, channel: 3, listen: '10.0.0.1:2001' },
  ],
  users: [{ id: 2, name: 'admin', password: 'first', privilege: 'administrator' as const }],
  sensors: [
    {
      name: 'Temp',
      number: 1,
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 127] as const,
      value: 40,
    },
  ],
  fru: [{ id: 0, name: 'Board' }],
};

async function filled(format: string): Promise<SimWorld> {
  const world = simWorld(1);
  await world.until(world.files.mkdir('/state', 0o700));
  const folder = new URL(`${format}/`, formats);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.journal')))
    await world.until(
      world.files.write(`/state/${name}`, readFileSync(new URL(name, folder)), { mode: 0o600 }),
    );
  return world;
}

const bytes = (word: string, size = 20): Uint8Array => new TextEncoder().encode(word.padEnd(size, '\0'));

test.each(readdirSync(formats))(
  'M14: state of format %s opens: every value is there, nothing is told, and it stays so',
  async (format) => {
    const world = await filled(format);
    const expected = readFileSync(new URL(`${format}/export.jsonl`, formats), 'utf8')
      .trimEnd()
      .split('\n')
      .toSorted();
    for (let n = 0; n < 3; n++) {
      const told: string[] = [];
      const log = {
        debug: () => undefined,
        info: () => undefined,
        warn: (line: string) => void told.push(line),
        error: () => undefined,
      };
      const storage = await world.until(Storage.open(world.files, '/state', { warn: log.warn }));
      const bmc = new Bmc(SETTINGS, { world, log, journal: storage.journal('bmc') });
      expect(told).toEqual([]);
      expect(bmc.users.logIn('admin', 1, undefined)?.password).toEqual(bytes('second'));
      expect([bmc.users.name(5), bmc.users.access(2, 1).privilegeLimit, bmc.users.enabled(3)]).toEqual([
        'five',
        Privilege.Operator,
        false,
      ]);
      expect(bmc.channels.access(1, 'stored').privilegeLimit).toBe(3);
      expect(bmc.channels.kg(1)).toEqual(bytes('key'));
      expect(bmc.firewall.isEnabled({ channel: 1, netFn: 0, lun: 0, cmd: 2, body: undefined })).toBe(false);
      expect([bmc.sel.count, bmc.sdr.count, bmc.chassis.restorePolicy]).toEqual([3, 5, 2]);
      await world.until(storage.close());
      const { values, files } = await world.until(inspect(world.files, '/state'));
      expect(files.map(({ damaged, tornTail, locked }) => [damaged, tornTail, locked])).toEqual(
        [1, 2, 3].map(() => [0, 0, false]),
      );
      expect(exportLines(values, true).toSorted()).toEqual(expect.arrayContaining(expected));
    }
  },
);

/** A journal of values that are just there. */
function holding(values: Readonly<Record<string, readonly Stored[]>>): Journal {
  const journal: Journal = {
    load: (name) => values[name] ?? [],
    write: () => undefined,
    satellite: () => holding({}),
  };
  return journal;
}

function born(values: Readonly<Record<string, Stored[]>>): { bmc: Bmc; told: string[]; world: SimWorld } {
  const world = simWorld(1);
  const told: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void told.push(line),
    error: () => undefined,
  };
  return { bmc: new Bmc(SETTINGS, { world, log, journal: holding(values) }), told, world };
}

const record = { name: 'admin', enabled: true, access: {} };

test.each<[string, string, unknown]>([
  ['users', '2', { name: 7, enabled: true, access: {} }],
  ['users', '2', { ...record, access: { 1: null } }],
  ['users', '2', null],
  ['users', 'x', record],
  ['users', '2', { ...record, name: 'x'.repeat(100) }],
  ['passwords', '2', 'secret'],
  ['passwords', '2', { bytes: [1, 2, 3], size: 16 }],
  ['passwords', '2', { bytes: new Uint8Array(3), size: 16 }],
  ['channel-access', '1', { accessMode: 2 }],
  ['channel-keys', '1/kg', 'key'],
  ['cipher-suite-caps', '1', 'all'],
  ['auth-types', '1', [1, 2]],
  ['firewall', 'x.y', 1],
  ['firewall', '1.0.0.2', true],
  ['sel', '1', new Uint8Array(3)],
  ['sel', 'one', new Uint8Array(16)],
  ['sel', '1', 'text'],
  ['sdr', '1', Uint8Array.of(1, 0, 0x51, 1, 200)],
  ['sensors', '0/1', { thresholds: { uc: 'hot' } }],
  ['sensors', '0/1', 7],
  ['fru', '0', 'board'],
  ['lan', '1/12', Uint8Array.of(1, 2, 3)],
  ['lan', '1/3', 'address'],
  ['pef', '1', new Uint8Array(40)],
  ['sol', '1/4', Uint8Array.of(1)],
  ['serial', '3/14', new Uint8Array(9)],
  ['boot-options', '5', Uint8Array.of(1)],
  ['boot-options', '7/0', Uint8Array.of(1)],
  ['chassis', 'power', 'on'],
  ['guids', 'device', 12],
  ['time', 'offset', Number.NaN],
  ['system-info', '2/0', new Uint8Array(3)],
  ['last-power-event', 'last', true],
  ['dcmi-configuration', '2', 'x'],
  // Of the right kind, and more than its command can say: the command would fail for ever.
  ['users', '2', { ...record, name: 'é'.repeat(16) }],
  ['users', '2', { ...record, name: 'a\0b' }],
  ['payload-access', '1/2', { standard: 256, oem: 0 }],
  ['time', 'utcOffset', 2 ** 40],
  ['guids', 'device', ''],
  ['guids', 'set-system', 'not-a-uuid'],
  ['chassis', 'policy', 77],
  ['chassis', 'minutes', -1],
  ['chassis', 'cause', 0x10000],
  ['chassis', 'nothing', 1],
  ['sensors', '0/1', { thresholds: { unr: 0.1 } }],
  ['sensors', '0/1', { thresholds: { uc: 256 } }],
  ['sensors', '0/1', { enables: { events: true, scanning: true, assertions: 2 ** 40, deassertions: 0 } }],
  ['sensors', '0/1', { type: { sensor: 1, event: 0x80 } }],
  ['fru', '0', new Uint8Array(0x10000)],
  ['sdr-marks', 'added', -1],
  ['sel-marks', 'erased', 2 ** 32],
  ['serial-routing', '3', 256],
  ['icmb', 'address', 0],
  ['icmb', 'proxy-lun', 4],
  ['power-limit', 'limit', { exceptionAction: 0, limit: 65_536, correctionTime: 0, samplingPeriod: 0 }],
  ['thermal-limits', '55/1', { action: 0, limit: 200, exceptionTime: 1 }],
  ['power-limit', 'limit', { limit: -1 }],
  ['forwarded-commands', '1.0.0.0', Uint8Array.of(1)],
])('M14: a stored value that is none (%s/%s) is told and let be, and stops no start', (name, key, value) => {
  const { told, bmc } = born({ [name]: [[key, value]] });
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    new RegExp(
      `^bmc: stored ${name}/${key.replaceAll('.', '\\.')} is no value of this store and is left as it is: `,
    ),
  );
  // A first log-in, and whoever looks, find a BMC that works.
  bmc.users.logIn('admin', 1, Privilege.User);
  bmc.channels.lan(1);
  for (let sensor = 0; sensor < bmc.sel.count; sensor++) bmc.sel.get(0);
});

test("M14: a stored ICMB address that is another bridge's, or twice the same, is told and stops no start", async () => {
  const world = simWorld(1);
  const icmb = new IcmbNetwork(world);
  const told: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void told.push(line),
    error: () => undefined,
  };
  const stored = { icmb: [['address', 7] as const, ['proxy-icmb', 7] as const] };
  const bmcs = ['one', 'two'].map(
    (name) =>
      new Bmc({ name, interfaces: [{ type: 'icmb' }] }, { world, log, journal: holding(stored), icmb }),
  );
  for (const bmc of bmcs) await world.until(bmc.open());
  // The proxy of the first, and both of the second.
  expect(told.filter((line) => line.includes('another bridge has ICMB address 7'))).toHaveLength(3);
  for (const bmc of bmcs) await world.until(bmc.close());
});

test('M14: a clock that a client has set to its last second goes on behind it', async () => {
  const { bmc, world } = born({ time: [['offset', 0xffff_fffe]] });
  for (let second = 0; second < 4; second++) {
    expect(GetSelTime.response.encode({ time: bmc.time.now() })).toHaveLength(4);
    await world.run(1000);
  }
});

test('M14: in what guards such a value locks; of a newer version, too', () => {
  for (const one of [
    ['2', { name: 7 }],
    ['2', record, 2],
  ] as Stored[]) {
    const { bmc, told } = born({ users: [one] });
    expect([bmc.users.logIn('admin', 1, undefined), told.length]).toEqual([undefined, 1]);
    expect(told[0]).toContain('it is locked until it is set anew');
  }
  expect(born({ passwords: [['2', null]] }).bmc.users.logIn('admin', 1, undefined)).toBeUndefined();
});

test('M14: values of an older version are made into the present one; what is written says its version', async () => {
  const world = simWorld(1);
  const older = store({ name: 'things', shape: text(9) });
  const present = store({
    name: 'things',
    version: 2,
    shape: object({ word: text(9) }),
    upgrade: (value, version) => (version === 1 ? { word: value } : undefined),
  });
  const open = (): Promise<Storage> =>
    world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
  const told: string[] = [];
  const make = <V>(declaration: StoreDeclaration<V>, storage: Storage): Store<V> =>
    new Store(declaration, storage.journal('one'), undefined, (line) => told.push(line));
  const first = await open();
  await world.until(Promise.all([make(older, first).set('a', 'one'), make(older, first).set('b', 'two')]));
  await world.until(first.close());
  const second = await open();
  const things = make(present, second);
  expect(Object.fromEntries(things.entries())).toEqual({ a: { word: 'one' }, b: { word: 'two' } });
  await world.until(things.set('a', { word: 'new' })!);
  await world.until(second.close());
  // Through an export and import, too.
  const { values } = await world.until(inspect(world.files, '/state'));
  await world.until(importLines(world.files, '/other', exportLines(values, true).join('\n')));
  const other = await world.until(Storage.open(world.files, '/other', { warn: () => undefined }));
  expect(Object.fromEntries(make(present, other).entries())).toEqual({
    a: { word: 'new' },
    b: { word: 'two' },
  });
  const third = await open();
  expect([Object.fromEntries(make(older, third).entries()), told.length]).toEqual([{ b: 'two' }, 1]);
  expect(told[0]).toContain('a value of a newer version (2)');
});

test('M14: every store of the BMC is declared once, under a name of its own', () => {
  const names = Object.values(stores).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('M14 property: no value of JSON, with or without bytes, makes a shape throw', () => {
  const value = fc.anything({ withNullPrototype: true, withMap: true, withTypedArray: true });
  fc.assert(
    fc.property(value, fc.string(), (any, key) => {
      for (const one of Object.values(stores)) {
        expect(typeof (one.shape as Shape<unknown>)(any)).toBe('boolean');
        one.key(key);
      }
    }),
  );
});
