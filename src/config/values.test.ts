import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { simWorld } from '../world/index.ts';
import { SettingsError } from './errors.ts';
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

test.each([
  ['fru: [{ id: 0, name: a, chassis: { serial: 服 } }]', '1:44 fru.0.chassis.serial: expected characters of ISO 8859-1 (Latin-1), received "服"'],
  ['fru: [{ id: 0, name: 服 }]', '1:22 fru.0.name: expected characters of ISO 8859-1'],
  ['fru: [{ id: 0, name: a, board: { manufacturer: "a\\tb" } }]', 'fru.0.board.manufacturer: expected text without control characters'],
  ['fru: [{ id: 0, name: a, board: { date: 2030-01-01 } }]', '1:40 fru.0.board.date: FRU 0: 2030-01-01: a FRU can hold 1996-01-01T00:01'],
  [`fru: [{ id: 0, name: a, product: { name: ${'服'.repeat(32)} } }]`, '1:42 fru.0.product.name: FRU 0:'],
  ['fru: [{ id: 0, name: a, product: { language: xx } }]', '1:46 fru.0.product.language: expected a language of ISO 639'],
  ['fru: [{ id: 0, name: a, byWords: true, size: 65 }]', '1:46 fru.0.size: FRU 0: 65 bytes are no whole words'],
  ['fru: [{ id: 0, name: a, multirecord: [{}] }]', '1:39 fru.0.multirecord.0: expected one of powerSupply'],
  ['fru: [{ id: 0, name: a, multirecord: [{ dcLoad: { output: 1, nominal: 12.345 } }] }]', '.nominal: expected a multiple of 0.01, received 12.345'],
  ['fru: [{ id: 0, name: a, multirecord: [{ dcLoad: { output: 1, nominal: 12, low: 13 } }] }]', 'expected low, nominal and high in this order'],
  ['fru: [{ id: 0, name: a, multirecord: [{ powerSupply: { capacity: 1, inrush: 255 } }] }]', 'expected number to be <=254, received 255'],
  ['fru: [{ id: 0, name: a, multirecord: [{ powerSupply: { capacity: 1, input: [240, 100] } }] }]', 'expected the lower one first'],
  [`fru: [{ id: 0, name: a, multirecord: [{ oem: { type: 192, manufacturerId: 1, data: '${'00'.repeat(253)}' } }] }]`, 'expected at most 252 bytes'],
  ['fru: [{ id: 1, name: a, i2c: { address: 0xa0 } }, { id: 2, name: b, i2c: { address: 0xa0 } }]', '1:85 fru.1.i2c.address: FRU 2: another one'],
  ['fru: [{ id: 1, name: a, i2c: { address: 0xa0, bus: 1, channel: 2 } }]', 'expected bus or channel, and not both'],
  ['fru: [{ id: 255, name: a }]', '1:13 fru.0.id: expected number to be <=254, received 255'],
  [
    'sensors: [{ name: a, type: fan, entity: "256.1" }]',
    '1:41 sensors.0.entity: expected entity id.instance, like "3.1": id 0 to 255, instance 0 to 127',
  ],
  ['sensors: [{ name: a, type: fan, entity: "3.128" }]', '1:41 sensors.0.entity: expected entity id.instance'],
  ['sensors: [{ name: a, type: 255, entity: "3.1" }]', '1:28 sensors.0.type: expected a sensor type'],
  ['sensors: [{ name: a, type: constructor, entity: "3.1" }]', '1:28 sensors.0.type: expected a sensor type'],
  ['sensors: [{ name: a, type: fan, unit: toString, entity: "3.1" }]', '1:39 sensors.0.unit: expected one of unspecified'],
  ['sensors: [{ name: a, number: 255, type: fan, entity: "3.1" }]', '1:30 sensors.0.number: expected number to be <=254, received 255'],
  ['sensors: [{ name: Wärme €, type: fan, entity: "3.1" }]', '1:19 sensors.0.name: expected characters of ISO 8859-1 (Latin-1), received "Wärme €"'],
  ['sdr: { name: 服 }', '1:14 sdr.name: expected characters of ISO 8859-1'],
  ['pef: { filters: [{ actions: [], sensorNumber: 255 }] }', '1:47 pef.filters.0.sensorNumber: expected number to be <=254'],
  ['pef: { filters: [{ actions: [], offsets: [15] }] }', '1:43 pef.filters.0.offsets.0: expected number to be <=14'],
  ['pef: { strings: ["Łódź"] }', '1:18 pef.strings.0: expected characters of ISO 8859-1'],
  [
    'interfaces: [{ type: lan }]\npef: { destinations: [{ address: 192.0.2.1, channel: 3 }] }',
    '2:54 pef.destinations.0.channel: channel 3 is not that of a LAN interface',
  ],
  ['interfaces: [{ type: lan, community: 服 }]', '1:38 interfaces.0.community: expected characters of ISO 8859-1'],
  ["interfaces: [{ type: lan, kg: '0x12' }]", '1:31 interfaces.0.kg: expected up to 20 bytes in UTF-8, or 0x and 40 hex digits'],
  [`interfaces: [{ type: lan, kg: '${'é'.repeat(11)}' }]`, '1:31 interfaces.0.kg: expected up to 20 bytes in UTF-8'],
  [`users: [{ id: 2, name: '${'é'.repeat(9)}' }]`, '1:24 users.0.name: expected at most 16 bytes in UTF-8'],
  [`users: [{ id: 2, password: '${'é'.repeat(11)}' }]`, '1:28 users.0.password: expected at most 20 bytes in UTF-8'],
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
