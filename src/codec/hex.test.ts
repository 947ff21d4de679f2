import { expect, test } from 'vitest';
import { hexBytes, hexText } from './hex.ts';

test('Z16: bytes are read as they were written, in either case, and half a byte is none', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(hexBytes(hexText(all))).toEqual(all);
  expect(hexBytes(hexText(all).toUpperCase())).toEqual(all);
  expect([...hexBytes('0aF')]).toEqual([10]);
  expect(hexBytes('')).toEqual(new Uint8Array(0));
});
