import { expect, test } from 'vitest';
import { twoSocketServer } from '../config/index.ts';
import { overridden } from './overrides.ts';

test('Z13: settings that no option changes stay the same objects, which all BMCs of an entry share', () => {
  expect(overridden(twoSocketServer, {})).toBe(twoSocketServer);
  expect(overridden(twoSocketServer, { lan: '192.0.2.7:623' }).sensors).toBe(twoSocketServer.sensors);
});
