import { expect, test } from 'vitest';
import { sources } from '../kinds/sources/index.ts';
import { Bmc } from '../bmc.ts';
import { simWorld } from '../world/index.ts';
import { SettingsError } from '../settings/errors.ts';
import { parseFile } from './load.ts';

/** What is wrong with the settings of a file, in the words of `check`. */
function told(text: string): string {
  try {
    const { bmcs, place } = parseFile(text, 'f');
    for (const [i, options] of bmcs.entries()) {
      try {
        void new Bmc(options, { world: simWorld(1) });
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return `${place(i, error.path)}: ${error.message}`;
      }
    }
  } catch (error) {
    return (error as Error).message;
  }
  return 'no problem';
}

const analog = (more: string): string =>
  `sensors: [{ name: a, type: temperature, entity: '3.1', unit: degrees C, ${more} }]`;
const discrete = (more: string): string => `sensors: [{ name: a, type: processor, entity: '3.1', ${more} }]`;

test.each([
  [
    'fru: [{ id: 0, name: a, chassis: { serial: 服 } }]',
    '1:44 fru.0.chassis.serial: expected characters of ISO 8859-1 (Latin-1), received "服"',
  ],
  ['fru: [{ id: 0, name: 服 }]', '1:22 fru.0.name: expected characters of ISO 8859-1'],
  [
    'fru: [{ id: 0, name: a, board: { manufacturer: "a\\tb" } }]',
    'fru.0.board.manufacturer: expected text without control characters',
  ],
  [
    'fru: [{ id: 0, name: a, board: { date: 2030-01-01 } }]',
    '1:40 fru.0.board.date: FRU 0: 2030-01-01: a FRU can hold 1996-01-01T00:01',
  ],
  [`fru: [{ id: 0, name: a, product: { name: ${'服'.repeat(32)} } }]`, '1:42 fru.0.product.name: FRU 0:'],
  [
    'fru: [{ id: 0, name: a, product: { language: xx } }]',
    '1:46 fru.0.product.language: expected a language of ISO 639',
  ],
  [
    'fru: [{ id: 0, name: a, byWords: true, size: 65 }]',
    '1:46 fru.0.size: FRU 0: 65 bytes are no whole words',
  ],
  ['fru: [{ id: 0, name: a, multirecord: [{}] }]', '1:39 fru.0.multirecord.0: expected one of powerSupply'],
  [
    'fru: [{ id: 0, name: a, multirecord: [{ dcLoad: { output: 1, nominal: 12.345 } }] }]',
    '.nominal: expected a multiple of 0.01, received 12.345',
  ],
  [
    'fru: [{ id: 0, name: a, multirecord: [{ dcLoad: { output: 1, nominal: 12, low: 13 } }] }]',
    'expected low, nominal and high in this order',
  ],
  [
    'fru: [{ id: 0, name: a, multirecord: [{ powerSupply: { capacity: 1, inrush: 255 } }] }]',
    'expected number to be <=254, received 255',
  ],
  [
    'fru: [{ id: 0, name: a, multirecord: [{ powerSupply: { capacity: 1, input: [240, 100] } }] }]',
    'expected the lower one first',
  ],
  [
    `fru: [{ id: 0, name: a, multirecord: [{ oem: { type: 192, manufacturerId: 1, data: '${'00'.repeat(253)}' } }] }]`,
    'expected at most 252 bytes',
  ],
  [
    'fru: [{ id: 1, name: a, i2c: { address: 0xa0 } }, { id: 2, name: b, i2c: { address: 0xa0 } }]',
    '1:85 fru.1.i2c.address: FRU 2: another one',
  ],
  [
    'fru: [{ id: 1, name: a, i2c: { address: 0xa0, bus: 1, channel: 2 } }]',
    'expected bus or channel, and not both',
  ],
  ['fru: [{ id: 255, name: a }]', '1:13 fru.0.id: expected number to be <=254, received 255'],
  [
    'sensors: [{ name: a, type: fan, entity: "256.1" }]',
    '1:41 sensors.0.entity: expected entity id.instance, like "3.1": id 0 to 255, instance 0 to 127',
  ],
  [
    'sensors: [{ name: a, type: fan, entity: "3.128" }]',
    '1:41 sensors.0.entity: expected entity id.instance',
  ],
  ['sensors: [{ name: a, type: 255, entity: "3.1" }]', '1:28 sensors.0.type: expected a sensor type'],
  ['sensors: [{ name: a, type: constructor, entity: "3.1" }]', '1:28 sensors.0.type: expected a sensor type'],
  [
    'sensors: [{ name: a, type: fan, unit: toString, entity: "3.1" }]',
    '1:39 sensors.0.unit: expected one of unspecified',
  ],
  [
    'sensors: [{ name: a, number: 255, type: fan, entity: "3.1" }]',
    '1:30 sensors.0.number: expected number to be <=254, received 255',
  ],
  [
    'sensors: [{ name: Wärme €, type: fan, entity: "3.1" }]',
    '1:19 sensors.0.name: expected characters of ISO 8859-1 (Latin-1), received "Wärme €"',
  ],
  [
    "sdr: { associations: [{ container: '19.1', range: true, entities: ['10.3', '10.1'] }] }",
    '1:76 sdr.associations.0.entities.1: from 10.3 to 10.1 is no',
  ],
  [
    "sdr: { associations: [{ container: '19.1', range: true, entities: ['10.1', '11.3'] }] }",
    '1:76 sdr.associations.0.entities.1: from 10.1 to 11.3 is no',
  ],
  [
    "sdr: { associations: [{ container: '19.1', range: true, entities: ['10.1'] }] }",
    '1:68 sdr.associations.0.entities.0: a range has a first',
  ],
  [
    analog('curve: [[0, 0], [150, 50]], linearization: ln'),
    'sensors.0.linearization: a sensor with a curve has no linearization',
  ],
  ['sensorInterval: .inf', '1:17 sensorInterval: expected number, received .inf'],
  [
    analog('value: .nan'),
    `sensors.0.value: expected a number, or an object with one of ${sources.map(({ key }) => key).join(', ')}, received .nan`,
  ],
  [analog('value: { base: 3, formula: t }'), 'sensors.0.value.formula: does not go with the other keys here'],
  ['users: [&a { id: 2 }, { <<: *a, id: 3 }]', '1:25 users.1.<<: unknown key: YAML 1.2 has no merge keys'],
  [
    "fru: [{ id: 0, name: a, board: { date: '2026-01-15T25:00Z' } }]",
    '1:40 fru.0.board.date: expected a date and time (2026-01-15T12:30)',
  ],
  ['sdr: { name: 服 }', '1:14 sdr.name: expected characters of ISO 8859-1'],
  [
    'pef: { filters: [{ actions: [], sensorNumber: 255 }] }',
    '1:47 pef.filters.0.sensorNumber: expected number to be <=254',
  ],
  [
    'pef: { filters: [{ actions: [], offsets: [15] }] }',
    '1:43 pef.filters.0.offsets.0: expected number to be <=14',
  ],
  ['pef: { strings: ["Łódź"] }', '1:18 pef.strings.0: expected characters of ISO 8859-1'],
  [
    'interfaces: [{ type: lan }]\npef: { destinations: [{ address: 192.0.2.1, channel: 3 }] }',
    '2:54 pef.destinations.0.channel: channel 3 is not that of a LAN interface',
  ],
  [
    'interfaces: [{ type: lan, community: 服 }]',
    '1:38 interfaces.0.community: expected characters of ISO 8859-1',
  ],
  [
    "interfaces: [{ type: lan, kg: '0x12' }]",
    '1:31 interfaces.0.kg: expected up to 20 bytes in UTF-8, or 0x and 40 hex digits',
  ],
  [
    `interfaces: [{ type: lan, kg: '${'é'.repeat(11)}' }]`,
    '1:31 interfaces.0.kg: expected up to 20 bytes in UTF-8',
  ],
  [`users: [{ id: 2, name: '${'é'.repeat(9)}' }]`, '1:24 users.0.name: expected at most 16 bytes in UTF-8'],
  [
    `users: [{ id: 2, password: '${'é'.repeat(11)}' }]`,
    '1:28 users.0.password: expected at most 20 bytes in UTF-8',
  ],
  [
    'users: [{ id: 2, name: bob }, { id: 3, name: bob }]',
    '1:46 users.1.name: expected a name that no other entry has, received "bob"',
  ],
  [analog('range: [10, 5]'), 'sensors.0.range: expected the lower end first, received 10 and 5'],
  [analog('range: [5, 5]'), 'sensors.0.range: expected the lower end first'],
  [
    analog('range: [0, 100], thresholds: { uc: 101 }'),
    '1:108 sensors.0.thresholds.uc: 101 is beyond the range 0 to 100',
  ],
  [analog('thresholds: { uc: 5400 }'), 'sensors.0.thresholds.uc: 5400 is beyond the range 0 to 255'],
  [analog('thresholds: { uc: 10, unc: 90 }'), 'sensors.0.thresholds.uc: uc (10) is below unc (90)'],
  [analog('thresholds: { lnr: 10, lc: 5 }'), 'sensors.0.thresholds.lc: lc (5) is below lnr (10)'],
  [analog('thresholds: { lnc: 50, unc: 40 }'), 'sensors.0.thresholds.unc: unc (40) is below lnc (50)'],
  [analog('settable: [uc]'), 'sensors.0.settable.0: there is no threshold uc'],
  [analog('range: [0, 100], hysteresis: 100'), 'sensors.0.hysteresis: 100 is as wide as the range 0 to 100'],
  [
    analog('range: [0, 25500], hysteresis: 0.01, thresholds: { lc: 500 }'),
    "sensors.0.hysteresis: 0.01 is less than half a step of the sensor's readings",
  ],
  [analog('range: [0, 100], nominal: 110'), 'sensors.0.nominal: 110 is beyond the range 0 to 100'],
  [analog('range: [0, 100], value: -1'), 'sensors.0.value: -1 is beyond the range 0 to 100'],
  [analog('range: [0, 100], value: { base: 200 }'), 'sensors.0.value.base: 200 is beyond the range 0 to 100'],
  [
    analog('range: [0, 100], value: { push: true, first: 200 }'),
    'sensors.0.value.first: 200 is beyond the range 0 to 100',
  ],
  [
    analog('range: [0, 100], linearization: e'),
    'sensors.0.range: sensor a: e does not reach all of the range 0 to 100',
  ],
  [
    analog('range: [-10, 10], linearization: 1/x'),
    'sensors.0.range: sensor a: no factors of an SDR reach over the range -10 to 10',
  ],
  [analog('range: [-2, 5], linearization: sqrt'), 'sensors.0.range: no reading of the sensor stands for -2'],
  [
    analog('curve: [[0, 0], [255, 90]], range: [0, 100]'),
    'sensors.0.range: the curve goes from 0 to 90 only',
  ],
  [analog('states: [1]'), 'sensors.0.states: states is for a sensor without a unit'],
  [analog('events: { assert: [12] }'), 'sensors.0.events.assert.0: thresholds have event offsets 0 to 11'],
  [analog('eventOnly: true'), 'sensors.0.unit: a sensor that only tells of events has no unit'],
  [discrete('thresholds: { uc: 1 }'), 'sensors.0.thresholds: thresholds is for a sensor with a unit'],
  [discrete('hysteresis: 1'), 'sensors.0.hysteresis: hysteresis is for a sensor with a unit'],
  [
    discrete('eventType: 1'),
    'sensors.0.eventType: type 1 is that of sensors with thresholds: give it a unit',
  ],
  [discrete('eventType: 0x20'), 'sensors.0.eventType: event/reading type 20h is reserved'],
  [discrete('value: 1.5'), 'sensors.0.value: expected states, a bit each (0 to 32767), received 1.5'],
  [discrete('value: 32768'), 'sensors.0.value: expected states'],
  [
    'interfaces: [{ type: icmb, address: 255 }, { type: icmb, channel: 0, address: 1000 }]',
    'interfaces.1: a BMC has one ICMB bridge',
  ],
])('V7: refused where it stands: %s', (text, problem) => {
  const lines = told(text).split('\n');
  expect(lines).toEqual([expect.stringContaining(problem)]);
  expect(lines[0]).toMatch(/^f:\d+:\d+ /);
});

test.each([
  `users: [{ id: 2, name: '${'é'.repeat(8)}', password: '${'é'.repeat(10)}' }]`,
  'sensors: [{ name: Wärme µ, type: fan, entity: "255.127" }]',
  'fru: [{ id: 0, name: a, product: { name: 服务器 } }]',
  "interfaces: [{ type: lan, kg: 'clé' }]",
])('V2: taken: %s', (text) => expect(told(text)).toBe('no problem'));

test.each([
  "sdr: { time: '2026-01-15T12:00+01:00' }",
  "fru: [{ id: 0, name: a, board: { date: '2026-01-15T12:00Z' } }]",
])('V7: a time to the minute may have a zone: %s', (text) => expect(told(text)).toBe('no problem'));
