import { describe, expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import {
  CompactSensorRecord,
  FruLocatorRecord,
  idBytes,
  idName,
  McLocatorRecord,
  sdrRecord,
  SdrType,
} from '../records/sdr.ts';
import { simWorld } from '../world/index.ts';
import { rig } from '../../test/support/bmc.ts';
import type { BmcOptions } from './options.ts';
import { twoSocketServer } from './two-socket-server.ts';

const make = (options: BmcOptions): Bmc =>
  new Bmc({ sel: { bootEvents: false }, ...options }, { world: simWorld(2) });
/** What `ipmitool sdr dump` writes. */
const dumpOf = ({ sdr }: Bmc): Uint8Array =>
  Uint8Array.from(sdr.ids.flatMap((id) => [...sdr.get(id).record]));

test('a dump of a server makes a server with the same records, sensors, thresholds and plausible readings', () => {
  const { sensors, fru } = twoSocketServer;
  const original = make({ name: 'one', sensors, fru });
  const copy = make({ name: 'one', fru, sdr: { image: dumpOf(original), values: { 'Inlet Temp': 31 } } });
  expect(copy.sdr.ids.map((id) => copy.sdr.get(id).record)).toEqual(
    original.sdr.ids.map((id) => original.sdr.get(id).record),
  );
  expect(copy.sensors.all.map(({ declaration }) => declaration.name)).toEqual(
    original.sensors.all.map(({ declaration }) => declaration.name),
  );
  for (const sensor of original.sensors.all) {
    const other = copy.sensors.get(sensor.declaration.name);
    expect(other.thresholdMask, sensor.declaration.name).toBe(sensor.thresholdMask);
    expect([other.possibleAssertions, other.possibleDeassertions]).toEqual([
      sensor.possibleAssertions,
      sensor.possibleDeassertions,
    ]);
    if (!sensor.isThreshold) continue;
    expect(other.hysteresis).toEqual(sensor.hysteresis);
    expect(other.threshold('uc')).toBe(sensor.threshold('uc'));
    expect(other.read(), `${sensor.declaration.name} is well`).toMatchObject({
      states: 0,
      unavailable: false,
    });
  }
  expect(copy.sensors.get('Inlet Temp').value).toBe(31);
  expect(copy.sensors.get('P12V').value).toBeCloseTo(12.1, 1);
});

test('V10: a record that several sensors share makes each of them', () => {
  const record = sdrRecord(SdrType.Compact, CompactSensorRecord, {
    ownerId: 0x20,
    channel: 0,
    lun: 0,
    sensorNumber: 0x30,
    entityId: 32,
    entityInstance: 1,
    initScanning: true,
    initEvents: true,
    initThresholds: false,
    initHysteresis: false,
    initSensorType: true,
    powerUpEvents: true,
    powerUpScanning: true,
    ignore: false,
    autoRearm: false,
    hysteresis: 0,
    thresholds: 0,
    eventControl: 0,
    sensorType: 0x0c,
    eventType: 0x6f,
    assertions: 0x23,
    deassertions: 0,
    readable: 0x23,
    format: 3,
    rateUnit: 0,
    modifier: 0,
    percentage: false,
    baseUnit: 0,
    modifierUnit: 0,
    idModifierType: 1,
    shareCount: 3,
    entityInstanceShared: true,
    idModifierOffset: 25,
    positiveHysteresis: 0,
    negativeHysteresis: 0,
    oem: 0,
    id: idBytes('DIMM '),
  });
  const bmc = make({ sdr: { image: record } });
  const seen = bmc.sensors.all.map(({ declaration: { number, name, entityInstance, manualRearm } }) => [
    number,
    name,
    entityInstance,
    manualRearm,
  ]);
  expect(seen).toEqual([
    [0x30, 'DIMM Z', 1, true],
    [0x31, 'DIMM AA', 2, true],
    [0x32, 'DIMM AB', 3, true],
  ]);
  const NUMBER_AT = 7;
  const numbered = (number: number): Uint8Array => record.map((byte, i) => (i === NUMBER_AT ? number : byte));
  expect(make({ sdr: { image: numbered(252) } }).sensors.all).toHaveLength(3);
  expect(() => make({ sdr: { image: numbered(253) } }), 'V10: FFh is reserved').toThrow(
    '3 sensors from number 253 on share a record',
  );
});

test('V10: names of a dump that are filled up with blanks or zeros are named without them; the records keep them', () => {
  const sensors = ['FAN 1   ', 'FAN 2~~'].map((name) => ({
    name,
    entity: '29.1',
    type: 'fan',
    unit: 'RPM',
    range: [0, 25500] as const,
  }));
  const image = dumpOf(make({ sensors })).map((byte) => (byte === 0x7e ? 0 : byte));
  const bmc = make({ sdr: { image, values: { 'FAN 1': 500, 'FAN 2': 700 } } });
  expect(bmc.sensors.all.map((sensor) => [sensor.declaration.name, sensor.value])).toEqual([
    ['FAN 1', 500],
    ['FAN 2', 700],
  ]);
  expect(dumpOf(bmc)).toEqual(image);
});

test('V10: a reserved linearization and bytes behind the name end nothing: the record stays, the sensor is linear', () => {
  const [LENGTH, LINEARIZATION, OWNER] = [4, 23, 5];
  const image = dumpOf(
    make({ sensors: [{ name: 'T', entity: '3.1', type: 'temperature', unit: 'degrees C', value: 40 }] }),
  );
  const odd = Uint8Array.from([...image.subarray(0, 5 + image[LENGTH]), ...new Uint8Array(24)]);
  expect(odd[OWNER]).toBe(0x20);
  odd[LENGTH] += 24;
  odd[LINEARIZATION] = 0x30;
  const bmc = make({ sdr: { image: odd, values: { T: 41 } } });
  expect(bmc.sensors.get('T').value).toBe(41);
  expect(bmc.sdr.get(bmc.sdr.ids[0]).record).toEqual(odd);
});

describe('what is wrong', () => {
  test.each([
    ['cut', Uint8Array.of(1, 0, 0x51, 1, 40, 1, 2), /record 1 at byte 0 goes on behind the end/],
    ['too short for its type', Uint8Array.of(1, 0, 0x51, 1, 2, 0x20, 0), /record 1: Full Sensor Record/],
  ])('a record that is %s', (_what, image, problem) =>
    expect(() => make({ sdr: { image } })).toThrow(problem),
  );

  test('a file that nobody read, and a value for nobody', () => {
    expect(() => make({ sdr: { file: 'x.sdr' } })).toThrow(/'x.sdr' was not read/);
    expect(() => make({ sdr: { image: new Uint8Array(0), values: { Nobody: 1 } } })).toThrow(
      /no sensor 'Nobody'/,
    );
  });

  test("a number that is the settings' and the file's", () => {
    const original = make({
      sensors: [{ name: 'One', number: 5, entity: '3.1', type: 'temperature', unit: 'degrees C' }],
    });
    const again = { name: 'Two', number: 5, entity: '3.2', type: 'temperature', unit: 'degrees C' };
    expect(() => make({ sensors: [again], sdr: { image: dumpOf(original) } })).toThrow(
      /sensor Two: number 5 is one of the SDR file's/,
    );
  });
});

test('entity associations: more than four are linked, a range has pairs, a device has its address', () => {
  const bmc = make({
    sdr: {
      associations: [
        { container: '19.1', entities: ['10.1', '10.2', '10.3', '10.4', '10.5'] },
        { container: '30.1', entities: ['29.1', '29.4'], range: true, presence: true },
        { container: '96.96', entities: ['29.97'], deviceRelative: true },
      ],
    },
  });
  const records = bmc.sdr.ids
    .map((id) => bmc.sdr.get(id).record)
    .filter((record) => record[3] === 0x08 || record[3] === 0x09);
  expect(records.map((record) => [...record.subarray(3)])).toEqual([
    [0x08, 11, 19, 1, 0x40, 10, 1, 10, 2, 10, 3, 10, 4],
    [0x08, 11, 19, 1, 0x40, 10, 5, 0, 0, 0, 0, 0, 0],
    [0x08, 11, 30, 1, 0xa0, 29, 1, 29, 4, 0, 0, 0, 0],
    [0x09, 27, 96, 96, 0x20, 0, 0x00, 0x20, 0, 29, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
});

/** A record with an id of its own. */
function numbered(id: number, record: Uint8Array): Uint8Array {
  const out = record.slice();
  out.set([id & 0xff, id >> 8]);
  return out;
}
const support = {
  chassis: true,
  bridge: true,
  eventGenerator: true,
  eventReceiver: true,
  fruInventory: true,
  sel: true,
  sdrRepository: true,
  sensor: true,
};
const controller = (slaveAddress: number, name: string): Uint8Array =>
  sdrRecord(SdrType.McLocator, McLocatorRecord, {
    slaveAddress,
    channel: 0,
    acpiSystemNotify: true,
    acpiDeviceNotify: true,
    staticController: false,
    logInitErrors: true,
    initControl: 1,
    ...support,
    entityId: 46,
    entityInstance: 1,
    oem: 9,
    id: idBytes(name),
  });
const fruDevice = (fruId: number, name: string): Uint8Array =>
  sdrRecord(SdrType.FruLocator, FruLocatorRecord, {
    accessAddress: 0x20,
    fruId,
    logical: false,
    lun: 1,
    privateBus: 3,
    channel: 0,
    deviceType: 0x0c,
    deviceTypeModifier: 2,
    entityId: 32,
    entityInstance: fruId,
    oem: 0,
    id: idBytes(name),
  });

test('V10: records of a dump keep their ids and their order, also after somebody wrote; others get ids that are free', async () => {
  const dump = [
    numbered(0x1234, controller(0x20, 'iBMC')),
    numbered(7, fruDevice(1, 'DIMM A')),
    numbered(0xfffe, controller(0x2c, 'ME')),
  ];
  const bmc = make({
    sdr: { image: Uint8Array.from(dump.flatMap((one) => [...one])) },
    fru: [{ id: 3, name: 'PSU' }],
  });
  expect(bmc.sdr.ids).toEqual([0x1234, 7, 0xfffe, 1]);
  expect(bmc.sdr.get(0)).toMatchObject({ next: 7 });
  expect(bmc.sdr.get(7)).toEqual({ record: dump[1], next: 0xfffe });
  const { id } = bmc.sdr.add(fruDevice(9, 'new'));
  expect(bmc.sdr.ids).toEqual([0x1234, 7, 0xfffe, 1, id]);
  expect(bmc.sdr.get(0xfffe).record).toEqual(dump[2]);
});

test('V10: ids that are none, or another record has, are made new', () => {
  const dump = [0, 5, 5, 0xffff].map((id, i) => numbered(id, fruDevice(i + 1, 'x')));
  expect(make({ sdr: { image: Uint8Array.from(dump.flatMap((one) => [...one])) } }).sdr.ids).toEqual([
    6, 5, 7, 8, 9,
  ]);
});

test('V10: one locator for each controller and FRU device, whatever their other bits say', () => {
  const dump = [controller(0x20, 'iBMC'), controller(0x82, 'Carrier'), fruDevice(1, 'DIMM A')];
  const bmc = make({
    sdr: { image: Uint8Array.from(dump.flatMap((one) => [...one])) },
    fru: [
      { id: 0, name: 'Builtin' },
      { id: 1, name: 'ours' },
      { id: 2, name: 'PSU' },
    ],
    satellites: [{ address: 0x82, name: 'ours' }],
  });
  const names = bmc.sdr.ids.map((id) => idName(bmc.sdr.get(id).record.subarray(15)));
  expect(names).toEqual(['iBMC', 'Carrier', 'DIMM A', 'PSU']);
  expect(idName(bmc.locator.subarray(15)), "the device SDRs' too").toBe('iBMC');
});

test("V10: a FRU locator's device type and modifier are settable", () => {
  const bmc = make({
    fru: [{ id: 4, name: 'DIMM A1', deviceType: 0x10, deviceTypeModifier: 1 }],
    satellites: [{ address: 0x82, fru: [{ id: 1, name: 'S', deviceType: 8 }] }],
  });
  const types = bmc.sdr.ids
    .map((id) => bmc.sdr.get(id).record)
    .filter((record) => record[3] === SdrType.FruLocator);
  expect(types.map((record) => [record[6], record[10], record[11]])).toEqual([
    [4, 0x10, 1],
    [1, 8, 0],
  ]);
});

test('V10: the times of the repository are real: of the file, else of the start; nothing erased is FFFFFFFFh', async () => {
  const { send } = rig({ sdr: { time: '2026-01-15T12:00:00Z' } });
  const info = await send(0x0a, 0x20);
  expect(info.slice(6, 14)).toEqual([0xc0, 0xd6, 0x68, 0x69, 0xff, 0xff, 0xff, 0xff]);
  const { bmc, world } = rig();
  await world.run(5000);
  expect(bmc.sdr.lastAdded).toBe(bmc.time.now() - 5);
  expect(rig({ sdr: { time: '2026-01-15T12:00' } }).bmc.sdr.lastAdded, 'without a zone: UTC').toBe(
    0x6968d6c0,
  );
});

test('V10: readings of a dump are given by name, entity or number; a shared name is refused', () => {
  const sensors = ['3.1', '3.2', '7.1'].map((entity, i) => ({
    name: i < 2 ? 'Temp' : 'Board',
    entity,
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 255] as const,
  }));
  const image = dumpOf(make({ sensors }));
  const read = (values: Record<string, number>): (number | undefined)[] =>
    make({ sdr: { image, values } }).sensors.all.map(({ value }) => value);
  expect(read({ 'Temp@3.1': 40, '#2': 41, Board: 42 })).toEqual([40, 41, 42]);
  expect(read({ '3.1': 40, '@3.2': 41, '3': 42 })).toEqual([40, 41, 42]);
  expect(() => read({ Temp: 1 })).toThrow("2 sensors are 'Temp': name one of Temp@3.1 (#1), Temp@3.2 (#2)");
  expect(() => read({ Board: 1, '#3': 1 })).toThrow("'#3' has a value by another name already");
});

test.each([
  ['8-bit', [0xc3, 0x41, 0x42, 0x43], 'ABC'],
  ['6-bit', [0x83, 0x29, 0xdc, 0xa6], 'IPMI'],
  ['BCD plus', [0x42, 0x12, 0xb3], '12-3'],
  ['Unicode', [0x04, 0x41, 0, 0x42, 0], 'AB'],
])('V10: a name in %s is read as text', (_what, bytes, name) =>
  expect(idName(Uint8Array.from(bytes))).toBe(name),
);

test("V19: the controller's own locator is in its device SDRs, a shared record there once", async () => {
  const { bmc, send } = rig({
    sensors: [{ name: 'T', entity: '3.1', type: 'temperature', unit: 'degrees C' }],
    sdr: { name: 'MyBMC' },
    satellites: [{ address: 0x82, name: 'Far', entity: '11.7' }],
  });
  expect(await send(4, 0x20, 1)).toMatchObject({ 0: 0, 1: 2 });
  expect((await send(4, 0x20, 0)).slice(0, 2), 'sensors').toEqual([0, 1]);
  const [code, low, high, ...record] = await send(4, 0x21, 0, 0, 2, 0, 0, 0xff);
  expect([code, low, high, record[3], record[5]]).toEqual([0, 0xff, 0xff, SdrType.McLocator, 0x20]);
  expect(idName(Uint8Array.from(record.slice(15)))).toBe('MyBMC');
  const [satellite] = bmc.satellites;
  expect([
    satellite.locator[5],
    satellite.locator[12],
    satellite.locator[13],
    idName(satellite.locator.subarray(15)),
  ]).toEqual([0x82, 11, 7, 'Far']);
});
