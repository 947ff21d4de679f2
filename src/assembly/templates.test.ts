import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { twoSocketServer } from '../config/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { handleRaw, type HandlerSet } from '../router/index.ts';
import { simWorld } from '../world/index.ts';
import { Memo } from './memo.ts';
import { Templates } from './templates.ts';

const world = simWorld(1);
const OK = Uint8Array.of(0);
const make = (options: BmcOptions, templates?: Templates): Bmc => new Bmc(options, { world, templates });

/** Everything that a client reads of sensors and records. */
const shown = ({ sdr, sensors, fru, locator }: Bmc) => ({
  records: sdr.ids.map((id) => [...sdr.get(id).record]),
  sensors: sensors.all.map((sensor) => [sensor.declaration.name, sensor.value, sensor.eventStatus]),
  frus: fru.devices.map(({ id }) => [...fru.image(id)]),
  locator: [...locator.subarray(2)],
});

test('T1: BMCs that are made with the same templates share what is the same, and show what others show', () => {
  const templates = new Templates();
  const settings = (n: number): BmcOptions => ({
    // Another text each time, as a program that makes its settings anew has it.
    ...structuredClone(twoSocketServer),
    sdr: {},
    name: `node-${n}`,
    identity: { systemGuid: `00000000-0000-0000-0000-00000000000${n}` },
  });
  const [one, other] = [1, 2].map((n) => make(settings(n), templates));
  expect(other.sensors.kinds).toBe(one.sensors.kinds);
  expect(other.sdr.get(1).record, 'a record').toBe(one.sdr.get(1).record);
  expect(other.fru.image(0), 'a FRU image').toBe(one.fru.image(0));
  for (const [i, bmc] of [one, other].entries())
    expect(shown(bmc), `node-${i + 1}`).toEqual(shown(make(settings(i + 1))));
  expect(new TextDecoder().decode(other.locator)).toContain('node-2');
  expect(new TextDecoder().decode(one.locator)).toContain('node-1');
});

test('T1: what happens to one BMC is no other’s', () => {
  const templates = new Templates();
  const [one, other, third] = [1, 2, 3].map((n) => make({ ...twoSocketServer, name: `n${n}` }, templates));
  const before = shown(other);
  const { number, lun } = one.sensors.get('CPU1 Temp').declaration;
  void one.sensors.get(number, lun).setThresholds({ uc: 1 });
  one.sensors.get('CPU1 Temp').set(120);
  one.sensors.get('CPU2 Temp').set(null);
  one.sdr.delete(one.sdr.ids[3]);
  one.sdr.add(Uint8Array.of(0, 0, 0x51, 0xc0, 3, 1, 2, 3));
  void one.fru.write(0, 0, Uint8Array.of(7));
  expect(one.sensors.get('CPU1 Temp').eventStatus.assertions).not.toBe(0);
  expect(one.sensors.get('CPU2 Temp').value).toBeUndefined();
  expect(shown(other)).toEqual({ ...before, locator: shown(other).locator });
  expect(other.sdr.get(other.sdr.ids[3]).record).toBe(third.sdr.get(third.sdr.ids[3]).record);
});

test('T1: a change of settings is another template', () => {
  const templates = new Templates();
  const [first, ...others] = twoSocketServer.sensors ?? [];
  const [one, other] = [
    make(twoSocketServer, templates),
    make({ ...twoSocketServer, sensors: [{ ...first, hysteresis: 3 }, ...others] }, templates),
  ];
  expect(other.sensors.kinds).not.toBe(one.sensors.kinds);
  expect([one, other].map(({ sensors }) => sensors.all[0].hysteresis.positive)).toEqual([4, 6]);
  const named = { ...twoSocketServer, fru: [{ id: 1, name: 'Riser' }] };
  expect(make(named, templates).sdr.count).not.toBe(one.sdr.count);
});

test('T1: what a client has changed of its sensors is in its own records', async () => {
  const templates = new Templates();
  const [one, other] = [1, 2].map((n) => make({ ...twoSocketServer, name: `n${n}` }, templates));
  const sensor = one.sensors.get('CPU1 Temp');
  await sensor.setThresholds({ uc: 77 });
  expect(one.sensors.areUnchanged).toBe(false);
  expect(other.sensors.areUnchanged).toBe(true);
  const again = templates.records(twoSocketServer, undefined, one.sensors.areUnchanged, () => []);
  expect(again.initial.get(1), 'made anew, of the sensors as they are').not.toBe(other.sdr.get(1).record);
});

test('T1: a mistake in the settings is told each time, with its place', () => {
  const templates = new Templates();
  const wrong: BmcOptions = {
    sensors: [{ name: 'A', entity: '3.1', type: 'temperature', unit: 'degrees C', range: [9, 1] }],
  };
  for (let i = 0; i < 2; i++) expect(() => make(wrong, templates)).toThrow(/expected the lower end first/);
});

test('T1: a memo takes what looks alike for what it is, and remembers so much', () => {
  const memo = new Memo<object>();
  const made = (...parts: readonly unknown[]): object => memo.of(parts, () => ({}));
  const kept = made([1]);
  expect(made([1]), 'content').toBe(kept);
  expect(made([1], undefined), 'another number of parts').not.toBe(kept);
  expect(made([Uint8Array.of(1, 2)])).not.toBe(made(['bytes 1,2']));
  expect(made([NaN])).not.toBe(made([null]));
  expect(made(['1'])).not.toBe(kept);
  const first = [{ first: true }];
  const value = made(first);
  for (let n = 0; n < 100; n++) made([{ n }]);
  expect(made(first), 'the same object').toBe(value);
  expect(made([{ first: true }]), 'forgotten by its content').not.toBe(value);
});

test('T1: the handlers of firmware updates are shared, until a program registers more with one BMC', async () => {
  const templates = new Templates();
  const [one, other] = [1, 2].map((n) => make({ ...twoSocketServer, name: `n${n}` }, templates));
  const owners = (bmc: Bmc): string[] => [...new Set([...bmc.router.claims()].map(({ owner }) => owner))];
  const entry = (bmc: Bmc) => bmc.router.find({ netFn: 0x2c, cmd: 0x2e, lun: 0, data: Uint8Array.of(0) }, 1);
  expect(entry(one)?.owner).toBe('hpm');
  expect(entry(other), 'one entry').toBe(entry(one));
  const served = (override?: string): HandlerSet<BmcState> => ({
    owner: 'mine',
    handlers: [handleRaw({ netFn: 0x2c, body: 0, cmd: 0x2e }, () => OK, { override })],
  });
  expect(() => one.router.register(served()), 'it is taken').toThrow(/claimed by hpm, registered at src/);
  expect(() => one.router.register({ owner: 'hpm', handlers: [] })).toThrow(/hpm is registered already/);
  const registration = one.router.register(served('hpm'));
  expect([owners(one), owners(other)].map((all) => all.includes('mine'))).toEqual([true, false]);
  expect([entry(one)?.owner, entry(other)?.owner]).toEqual(['mine', 'hpm']);
  await registration.unregister();
  expect(entry(one)?.owner, 'what was overridden is back').toBe('hpm');
});
