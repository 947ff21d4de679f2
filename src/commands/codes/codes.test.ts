import { expect, test } from 'vitest';
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
