import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { twoSocketServer } from '../../config/index.ts';
import { simWorld } from '../../world/index.ts';
import { Health, healthOf } from './health.ts';

test('a server as it is out of the box is well: what is there is no fault', () => {
  const { sensors, chassis } = new Bmc(twoSocketServer, { world: simWorld(1) });
  expect(healthOf(sensors, chassis)).toMatchObject({ overall: Health.Ok, other: Health.Ok });
});

test.each([
  ['processor', 'thermal trip', 1, Health.Critical],
  ['processor', 'presence', 7, Health.Ok],
  ['processor', 'disabled', 8, Health.Critical],
  ['processor', 'terminator', 9, Health.Ok],
  ['processor', 'throttled', 10, Health.NonCritical],
  ['processor', 'machine check', 11, Health.Critical],
  ['memory', 'presence', 6, Health.Ok],
  ['memory', 'throttled', 9, Health.NonCritical],
  ['memory', 'too hot', 10, Health.Critical],
] as const)('of a %s, %s (offset %i) is health %i', (type, _, offset, health) => {
  const sensor = { name: 'S', entity: '3.1', type, states: [offset] } as const;
  const { sensors, chassis } = new Bmc({ sensors: [sensor] }, { world: simWorld(1) });
  expect(healthOf(sensors, chassis).other).toBe(health);
});
