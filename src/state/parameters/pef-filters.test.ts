import { describe, expect, test } from 'vitest';
import type { PlatformEvent } from '../log/events.ts';
import { ANY, ANY_DATA, ANY_OFFSET, EMPTY_FILTER, matches } from './pef-filters.ts';

const filter = {
  ...EMPTY_FILTER,
  enabled: true,
  generator: ANY,
  generator2: ANY,
  sensorType: ANY,
  sensorNumber: ANY,
  eventType: ANY,
  offsets: ANY_OFFSET,
  data1: ANY_DATA,
  data2: ANY_DATA,
  data3: ANY_DATA,
};
const event: PlatformEvent = {
  generator: 0x20,
  generatorLun: 1,
  generatorChannel: 2,
  sensorType: 0x01,
  sensorNumber: 7,
  eventType: 0x01,
  deassertion: false,
  data: Uint8Array.of(0x59, 96, 95),
};

describe('comparison of event data: the examples of §17.10', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => i);
  const bit = (n: number) => (value: number) => (value & (1 << n)) !== 0;
  const [one, two] = [bit(1), bit(2)];
  test.each<[string, number, number, number, (value: number) => boolean]>([
    ['bit 2 = 1 and bit 1 = 1', 0x06, 0xff, 0x06, (v) => two(v) && one(v)],
    ['bit 2 = 1 or bit 1 = 1', 0x06, 0xf9, 0x06, (v) => two(v) || one(v)],
    ['bit 2 = 1 and bit 1 = 0', 0x06, 0xff, 0x04, (v) => two(v) && !one(v)],
    ['bit 2 = 1 or bit 1 = 0', 0x06, 0xf9, 0x04, (v) => two(v) || !one(v)],
    [
      'high nibble Ah and any bit of the low one set',
      0xff,
      0xf0,
      0xaf,
      (v) => v >> 4 === 0xa && (v & 0xf) !== 0,
    ],
    [
      'high nibble Ah and any bit of the low one clear',
      0xff,
      0xf0,
      0xa0,
      (v) => v >> 4 === 0xa && (v & 0xf) !== 0xf,
    ],
    ['anything, all zeros', 0x00, 0x00, 0x00, () => true],
    ['never', 0x00, 0xff, 0xff, () => false],
  ])('%s', (_what, and, compare1, compare2, expected) => {
    const data2 = { and, compare1, compare2 };
    const found = bytes.filter((value) =>
      matches({ ...filter, data2 }, { ...event, data: Uint8Array.of(0, value, 0) }),
    );
    expect(found).toEqual(bytes.filter(expected));
  });
});

test.each([
  ['all wild', {}, true],
  ['disabled', { enabled: false }, false],
  ['generator', { generator: 0x20 }, true],
  ['another generator', { generator: 0x41 }, false],
  ['channel and LUN', { generator2: 0x21 }, true],
  ['another channel', { generator2: 0x11 }, false],
  ['sensor', { sensorType: 1, sensorNumber: 7 }, true],
  ['another sensor', { sensorNumber: 8 }, false],
  ['another sensor type', { sensorType: 2 }, false],
  ['event type', { eventType: 0x01 }, true],
  ['its deassertion', { eventType: 0x81 }, false],
  ['offset', { offsets: 1 << 9 }, true],
  ['other offsets', { offsets: 0xffff & ~(1 << 9) }, false],
  ['data 3', { data3: { and: 0xff, compare1: 0xff, compare2: 95 } }, true],
  ['other data 3', { data3: { and: 0xff, compare1: 0xff, compare2: 94 } }, false],
])('%s', (_what, change, expected) => expect(matches({ ...filter, ...change }, event)).toBe(expected));
