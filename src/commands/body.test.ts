import { expect, test } from 'vitest';
import { bodyBytes, bodyOf } from './body.ts';
import { NetFn } from './command.ts';

test.each([
  [NetFn.Group, 0xdc, [0xdc]],
  [NetFn.OemGroup, 0x01_02_03, [3, 2, 1]],
])('D10: the body of NetFn %i is said in bytes and found in them', (netFn, body, bytes) => {
  expect([...bodyBytes({ netFn, body })]).toEqual(bytes);
  expect(bodyOf({ netFn, data: Uint8Array.of(...bytes, 9) })).toBe(body);
  expect(bodyOf({ netFn, data: Uint8Array.from(bytes.slice(1)) })).toBeUndefined();
});

test('D10: other functions have none', () => {
  expect(bodyOf({ netFn: NetFn.App, data: Uint8Array.of(1, 2, 3) })).toBeUndefined();
  expect(bodyBytes({ netFn: NetFn.App })).toHaveLength(0);
});
