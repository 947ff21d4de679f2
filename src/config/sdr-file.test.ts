import { describe, expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { CompactSensorRecord, idBytes, sdrRecord, SdrType } from '../state/storage/sdr-records.ts';
import { simWorld } from '../world/index.ts';
import type { BmcOptions } from './options.ts';
import { twoSocketServer } from './two-socket-server.ts';

const make = (options: BmcOptions): Bmc => new Bmc({ sel: { bootEvents: false }, ...options }, { world: simWorld(2) });
/** What `ipmitool sdr dump` writes. */
const dumpOf = ({ sdr }: Bmc): Uint8Array => Uint8Array.from(sdr.ids.flatMap((id) => [...sdr.get(id).record]));

test('a dump of a server makes a server with the same records, sensors, thresholds and plausible readings', () => {
  const { sensors, fru } = twoSocketServer;
  const original = make({ name: 'one', sensors, fru });
  const copy = make({ name: 'one', fru, sdr: { image: dumpOf(original), values: { 'Inlet Temp': 31 } } });
  expect(copy.sdr.ids.map((id) => copy.sdr.get(id).record)).toEqual(original.sdr.ids.map((id) => original.sdr.get(id).record));
  expect(copy.sensors.all.map(({ declaration }) => declaration.name)).toEqual(original.sensors.all.map(({ declaration }) => declaration.name));
  for (const sensor of original.sensors.all) {
    const other = copy.sensors.get(sensor.declaration.name);
    expect(other.thresholdMask, sensor.declaration.name).toBe(sensor.thresholdMask);
    expect([other.possibleAssertions, other.possibleDeassertions]).toEqual([sensor.possibleAssertions, sensor.possibleDeassertions]);
    if (!sensor.isThreshold) continue;
    expect(other.hysteresis).toEqual(sensor.hysteresis);
    expect(other.threshold('uc')).toBe(sensor.threshold('uc'));
    expect(other.read(), `${sensor.declaration.name} is well`).toMatchObject({ states: 0, unavailable: false });
  }
  expect(copy.sensors.get('Inlet Temp').value).toBe(31);
  expect(copy.sensors.get('P12V').value).toBeCloseTo(12.1, 1);
});

test('a record that several sensors share makes each of them', () => {
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
  const seen = bmc.sensors.all.map(({ declaration: { number, name, entityInstance, manualRearm } }) => [number, name, entityInstance, manualRearm]);
  expect(seen).toEqual([
    [0x30, 'DIMM Z', 1, true],
    [0x31, 'DIMM AA', 2, true],
    [0x32, 'DIMM AB', 3, true],
  ]);
});

describe('what is wrong', () => {
  test.each([
    ['cut', Uint8Array.of(1, 0, 0x51, 1, 40, 1, 2), /record 1 at byte 0 goes on behind the end/],
    ['too short for its type', Uint8Array.of(1, 0, 0x51, 1, 2, 0x20, 0), /record 1: Full Sensor Record/],
  ])('a record that is %s', (_what, image, problem) => expect(() => make({ sdr: { image } })).toThrow(problem));

  test('a file that nobody read, and a value for nobody', () => {
    expect(() => make({ sdr: { file: 'x.sdr' } })).toThrow(/'x.sdr' was not read/);
    expect(() => make({ sdr: { image: new Uint8Array(0), values: { Nobody: 1 } } })).toThrow(/no sensor 'Nobody'/);
  });

  test("a number that is the settings' and the file's", () => {
    const original = make({ sensors: [{ name: 'One', number: 5, entity: '3.1', type: 'temperature', unit: 'degrees C' }] });
    const again = { name: 'Two', number: 5, entity: '3.2', type: 'temperature', unit: 'degrees C' };
    expect(() => make({ sensors: [again], sdr: { image: dumpOf(original) } })).toThrow(/sensor Two: number 5 is one of the SDR file's/);
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
  const records = bmc.sdr.ids.map((id) => bmc.sdr.get(id).record).filter((record) => record[3] === 0x08 || record[3] === 0x09);
  expect(records.map((record) => [...record.subarray(3)])).toEqual([
    [0x08, 11, 19, 1, 0x40, 10, 1, 10, 2, 10, 3, 10, 4],
    [0x08, 11, 19, 1, 0x40, 10, 5, 0, 0, 0, 0, 0, 0],
    [0x08, 11, 30, 1, 0xa0, 29, 1, 29, 4, 0, 0, 0, 0],
    [0x09, 27, 96, 96, 0x20, 0, 0x00, 0x20, 0, 29, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
});
