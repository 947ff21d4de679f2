import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import type { BmcOptions, SensorOptions } from '../../config/options.ts';
import { rig } from '../../../test/support/bmc.ts';
import { simWorld } from '../../world/index.ts';

const temperature = (name: string, entity: string, more: Partial<SensorOptions> = {}): SensorOptions => ({
  name,
  entity,
  type: 'temperature',
  unit: 'degrees C',
  ...more,
});
const bmcOf = (options: BmcOptions): Bmc => new Bmc(options, { world: simWorld(1) });
const four = [
  temperature('Temp', '3.1'),
  temperature('Temp', '3.2'),
  temperature('Fan', '29.1'),
  temperature('Temp', '3.2', { lun: 1 }),
];

test.each([
  ['Fan', 3, 0],
  ['Temp@3.1', 1, 0],
  ['29.1', 3, 0],
  ['@29.1', 3, 0],
  ['#2', 2, 0],
  ['2', 2, 0],
  ['0x2', 2, 0],
  ['#1:1', 1, 1],
  ['#1', 1, 0],
])('V9: a sensor is named by %s', (text, number, lun) => {
  expect(bmcOf({ sensors: four }).sensors.get(text).declaration).toMatchObject({ number, lun });
});

test.each([
  ['Temp', "3 sensors are 'Temp': name one of Temp@3.1 (#1), Temp@3.2 (#2), Temp@3.2 (#1:1)"],
  ['Temp@3.2', "2 sensors are 'Temp@3.2'"],
  ['Temp@9.9', "there is no sensor 'Temp@9.9'"],
  ['#99', "there is no sensor '#99'"],
  ['', "there is no sensor ''"],
])('V9: %j names none, or more than one, and it is said which', (text, problem) => {
  expect(() => bmcOf({ sensors: four }).sensors.get(text)).toThrow(problem);
});

test('V9: a name that looks like a number, an entity or a place is a name first', () => {
  const { sensors } = bmcOf({
    sensors: [temperature('#2', '3.1'), temperature('3.1', '7.1'), temperature('A@3.1', '7.2')],
  });
  expect(['#2', '3.1', 'A@3.1'].map((name) => sensors.get(name).declaration.number)).toEqual([1, 2, 3]);
});

test('V9: numbers fill LUN 0, then 1, then 3; with number and LUN given they stay where they are put', () => {
  const sensors = Array.from({ length: 700 }, (_, i) => temperature(`T${i}`, '3.1'));
  const placed = bmcOf({ sensors: [...sensors, temperature('Mine', '3.1', { lun: 3, number: 1 })] }).sensors;
  expect(placed.all).toHaveLength(701);
  expect(placed.get('T253').declaration).toMatchObject({ number: 254, lun: 0 });
  expect(placed.get('T254').declaration).toMatchObject({ number: 1, lun: 1 });
  expect(placed.get('T508').declaration).toMatchObject({ number: 2, lun: 3 });
  expect([0, 1, 2, 3].map((lun) => placed.count(lun))).toEqual([254, 254, 0, 193]);
});

test('V9: no room, and one number twice on one LUN, are errors at their place', () => {
  const many = Array.from({ length: 763 }, (_, i) => temperature(`T${i}`, '3.1'));
  expect(() => bmcOf({ sensors: many })).toThrow('sensor T762: all 254 numbers of LUN 0, 1, 3 are taken');
  const twice = [temperature('A', '3.1', { number: 4 }), temperature('B', '3.1', { number: 4 })];
  expect(() => bmcOf({ sensors: twice })).toThrow("sensor B: number 4 is another's on LUN 0");
  expect(bmcOf({ sensors: [twice[0], { ...twice[1], lun: 1 }] }).sensors.all).toHaveLength(2);
});

test('V9: records, readings, thresholds and events are those of the LUN', async () => {
  const { bmc, client } = rig({
    sensors: [
      temperature('Low', '3.1', { number: 5, value: 20 }),
      temperature('High', '3.1', { number: 5, lun: 1, value: 60, thresholds: { uc: 80 } }),
    ],
  });
  const records = bmc.sdr.ids.map((id) => bmc.sdr.get(id).record).filter((record) => record[3] === 1);
  expect(records.map((record) => [record[6] & 3, record[7]])).toEqual([
    [0, 5],
    [1, 5],
  ]);
  bmc.sensors.get(5, 1).set(90);
  const { record } = bmc.sel.get(0);
  expect([record[7], record[8] & 3, record[11]]).toEqual([0x20, 1, 5]);
  expect(await client.raw(4, 0x2d, Uint8Array.of(5))).toMatchObject({ 0: 0, 1: 20 });
});

test('V18: set(null) makes a sensor unreadable, set(undefined) gives it back to its source', async () => {
  const { bmc, send } = rig({
    sensors: [
      temperature('Temp', '3.1', { value: 20, thresholds: { uc: 80 } }),
      { name: 'Drive', entity: '4.1', type: 'drive slot / bay', states: [0] },
      { name: 'Fixed', entity: '4.2', type: 'drive slot / bay', value: 1 },
    ],
  });
  for (const [name, number, value] of [
    ['Temp', 1, 20],
    ['Drive', 2, 1],
    ['Fixed', 3, 1],
  ] as const) {
    const sensor = bmc.sensors.get(name);
    sensor.set(null);
    expect(sensor.value).toBeUndefined();
    expect((await send(4, 0x2d, number))[2] & 0x20, 'reading unavailable').toBe(0x20);
    sensor.set(4);
    expect(sensor.value).toBe(4);
    sensor.set(undefined);
    expect(sensor.value).toBe(value);
    expect((await send(4, 0x2d, number))[2] & 0x20).toBe(0);
  }
});
