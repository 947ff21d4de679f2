import { expect, test } from 'vitest';
import { latin1 } from '../../codec/index.ts';
import { ConsolePast } from './console-past.ts';

const MOST = 1 << 16;
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const text = (length: number, first = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) % 251);

test('17.1: what was said is kept in order, whatever pieces it came in, and the oldest is forgotten', () => {
  for (const piece of [1, 7, 255, 256, 257, 4096, 65_535, 65_536, 65_537, 200_000]) {
    const past = new ConsolePast();
    const whole = text(200_000);
    for (let at = 0; at < whole.length; at += piece) {
      past.add(whole.subarray(at, at + piece));
      const until = Math.min(at + piece, whole.length);
      if (piece > 4000) expect(same(past.bytes, whole.slice(Math.max(0, until - MOST), until))).toBe(true);
    }
    expect(same(past.bytes, whole.slice(-MOST))).toBe(true);
  }
});

test('17.1: what was said before goes on', () => {
  const past = new ConsolePast(text(300));
  past.add(text(10, 300));
  expect(past.bytes).toEqual(text(310));
  expect(new ConsolePast(past.bytes).bytes).toEqual(text(310));
  expect(latin1(new ConsolePast().bytes)).toBe('');
});
