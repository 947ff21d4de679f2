import { expect, test } from 'vitest';
import { NO_ACCESS, Privilege, privilegeName, PRIVILEGES } from '../../codec/index.ts';
import { Entity, entityName } from './entities.ts';
import { eventOffset, EventType, eventWords } from './events.ts';
import { SensorType, sensorTypes } from './sensor-types.ts';
import { Unit, units } from './units.ts';

test('P3: a code has one place, and is found by what programs and by what settings call it', () => {
  expect([SensorType.Watchdog2, sensorTypes['watchdog 2'], Unit.Rpm, units.RPM]).toEqual([
    0x23, 0x23, 18, 18,
  ]);
  expect(Object.values(sensorTypes)).toEqual(Object.values(SensorType));
  // Table 42-3 has no gap from 01h to 2Ch.
  expect(Object.values(SensorType)).toEqual(Array.from({ length: 0x2c }, (_, i) => i + 1));
});

test('P3: offsets of events have names, of sensor types and of generic event types', () => {
  expect(eventWords(SensorType.PowerSupply, EventType.SensorSpecific)[1]).toBe(
    'power supply failure detected',
  );
  expect(eventOffset('redundancy lost', SensorType.PowerSupply, EventType.Redundancy)).toBe(1);
  expect(eventOffset('uc high', SensorType.Temperature, EventType.Threshold)).toBe(9);
});

test('P3: levels, media, protocols and entities have one table each, with the words for people', () => {
  expect(PRIVILEGES.map((_name, level) => privilegeName(level))).toEqual([...PRIVILEGES]);
  expect([privilegeName(Privilege.Administrator), privilegeName(NO_ACCESS), privilegeName(9)]).toEqual([
    'administrator',
    'no access',
    'level 9',
  ]);
  expect([Entity.SystemBoard, Entity.AirInlet, entityName(3), entityName(0x37), entityName(0x99)]).toEqual([
    7,
    0x37,
    'processor',
    'air inlet',
    'entity 153',
  ]);
  // Table 43-13 has no gap from 00h to 35h.
  expect(Object.values(Entity).slice(0, 0x36)).toEqual(Array.from({ length: 0x36 }, (_, i) => i));
});
