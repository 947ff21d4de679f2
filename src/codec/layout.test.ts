import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  bcd8,
  bit,
  bits,
  byte,
  bytes,
  DecodeError,
  EncodeError,
  i16,
  i8,
  ignored,
  ipv4,
  layout,
  mac,
  many,
  nested,
  optional,
  pad,
  repeat,
  rest,
  signedBits,
  text,
  u16,
  u16be,
  u24,
  u32,
  u8,
  word,
} from './index.ts';

const device = layout('Get Device ID response', {
  deviceId: u8,
  ...byte({ providesDeviceSdrs: bit(7), deviceRevision: bits(3, 0) }),
  firmwareMinor: bcd8,
  manufacturerId: u24,
  productId: u16,
  auxFirmware: optional(bytes(4)),
});

describe('a layout reads and writes the bytes of one literal', () => {
  test('flat values, bits in their places, reserved bits written 0', () => {
    const value = device.decode(Uint8Array.of(0x20, 0xf3, 0x45, 0xbf, 0x4c, 0x1c, 0x02, 0x0f));
    expect(value).toEqual({
      deviceId: 0x20,
      providesDeviceSdrs: true,
      deviceRevision: 3,
      firmwareMinor: 45,
      manufacturerId: 0x1c4cbf,
      productId: 0xf02,
    });
    expect(device.encode(value)).toEqual(Uint8Array.of(0x20, 0x83, 0x45, 0xbf, 0x4c, 0x1c, 0x02, 0x0f));
    expectTypeOf(value.providesDeviceSdrs).toEqualTypeOf<boolean>();
    expectTypeOf(value.auxFirmware).toEqualTypeOf<Uint8Array | undefined>();
  });

  test('sizes follow from the literal', () => {
    expect([device.min, device.max]).toEqual([8, 12]);
    expect(device.names).toEqual([
      'deviceId',
      'providesDeviceSdrs',
      'deviceRevision',
      'firmwareMinor',
      'manufacturerId',
      'productId',
      'auxFirmware',
    ]);
  });

  test.each<[string, ReturnType<typeof layout>, Record<string, unknown>, number[]]>([
    ['u32, least significant first', layout('l', { v: u32 }), { v: 0x89abcdef }, [0xef, 0xcd, 0xab, 0x89]],
    ['u16be, most significant first', layout('l', { v: u16be }), { v: 0x1234 }, [0x12, 0x34]],
    ['i8 and i16', layout('l', { a: i8, b: i16 }), { a: -1, b: -2 }, [0xff, 0xfe, 0xff]],
    ['signed bits', layout('l', byte({ a: signedBits(7, 4), b: signedBits(3, 0) })), { a: -1, b: 7 }, [0xf7]],
    [
      'bits over two bytes',
      layout('l', word({ a: bits(11, 3), b: bit(15) })),
      { a: 0x1ff, b: true },
      [0xf8, 0x8f],
    ],
    ['text padded with zeros', layout('l', { v: text(4) }), { v: 'ab' }, [0x61, 0x62, 0, 0]],
    [
      'reserved bytes as they must be',
      layout('l', { a: u8, _: pad(2, 0xff), b: u8 }),
      { a: 1, b: 2 },
      [1, 0xff, 0xff, 2],
    ],
    [
      'addresses',
      layout('l', { ip: ipv4, mac }),
      { ip: '10.0.0.1', mac: '02:00:00:aa:bb:cc' },
      [10, 0, 0, 1, 2, 0, 0, 0xaa, 0xbb, 0xcc],
    ],
    [
      'lists to the end and of a length',
      layout('l', { two: repeat(u8, 2), all: many(u16) }),
      { two: [1, 2], all: [3, 4] },
      [1, 2, 3, 0, 4, 0],
    ],
    [
      'a structure inside',
      layout('l', { in: nested(layout('in', { a: u8, b: u8 })), c: u8 }),
      { in: { a: 1, b: 2 }, c: 3 },
      [1, 2, 3],
    ],
    ['the rest', layout('l', { a: u8, data: rest() }), { a: 1, data: Uint8Array.of(2, 3) }, [1, 2, 3]],
  ])('%s', (_name, l, value, wire) => {
    expect(l.decode(Uint8Array.from(wire))).toEqual(value);
    expect(Array.from(l.encode(value as never))).toEqual(wire);
  });

  test('a window of a larger buffer is read, and copied out of it', () => {
    const buffer = Uint8Array.of(9, 1, 2, 3, 9);
    const value = layout('l', { a: u8, data: rest() }).decode(buffer, 1, 4);
    buffer.fill(0);
    expect(value).toEqual({ a: 1, data: Uint8Array.of(2, 3) });
  });

  test('property: what is encoded is decoded again', () => {
    const l = layout('l', {
      ...word({ a: bits(6, 0), b: signedBits(12, 7), c: bit(13) }),
      d: u24,
      e: i16,
      f: bcd8,
      g: optional(u32),
    });
    const value = fc.record(
      {
        a: fc.integer({ min: 0, max: 127 }),
        b: fc.integer({ min: -32, max: 31 }),
        c: fc.boolean(),
        d: fc.integer({ min: 0, max: 0xffffff }),
        e: fc.integer({ min: -0x8000, max: 0x7fff }),
        f: fc.integer({ min: 0, max: 99 }),
        g: fc.integer({ min: 0, max: 0xffffffff }),
      },
      { requiredKeys: ['a', 'b', 'c', 'd', 'e', 'f'] },
    );
    fc.assert(
      fc.property(value, (v) => {
        expect(l.decode(l.encode(v))).toEqual({ ...v });
      }),
    );
  });
});

describe('errors name layout, field and place', () => {
  const cut = (length: number): unknown => {
    try {
      return device.decode(new Uint8Array(length));
    } catch (error) {
      return error;
    }
  };

  test('too short', () => {
    const error = cut(4);
    expect(error).toBeInstanceOf(DecodeError);
    expect(error).toMatchObject({ cc: 0xc7, field: 'manufacturerId', offset: 3 });
    expect((error as Error).message).toBe(
      'Get Device ID response: manufacturerId at byte 3: need 3 byte(s), have 1 of 4 in all (cc C7h)',
    );
  });

  test('an optional tail cut in the middle, and bytes after the end', () => {
    expect((cut(10) as Error).message).toBe(
      'Get Device ID response: auxFirmware at byte 8: need 4 byte(s), have 2 of 10 in all (cc C7h)',
    );
    expect((cut(13) as Error).message).toBe(
      'Get Device ID response: end at byte 12: 1 byte(s) too many of 13 in all (cc C7h)',
    );
    expect(layout('l', { a: u8, ignored }).decode(Uint8Array.of(1, 2, 3))).toEqual({ a: 1 });
  });

  test.each<[string, ReturnType<typeof layout>, Record<string, unknown>, string]>([
    ['too large', layout('L', { v: u8 }), { v: 256 }, 'L: v: 256 is not a whole number from 0 to 255'],
    ['negative', layout('L', { v: u16 }), { v: -1 }, 'L: v: -1 is not a whole number from 0 to 65535'],
    ['missing', layout('L', { v: u8 }), {}, 'L: v: undefined is not a whole number from 0 to 255'],
    [
      'wide bits',
      layout('L', byte({ v: bits(3, 0) })),
      { v: 16 },
      'L: v: 16 is not a whole number from 0 to 15',
    ],
    ['a number as a flag', layout('L', byte({ v: bit(0) })), { v: 1 }, 'L: v: 1 is not true or false'],
    ['long text', layout('L', { v: text(2) }), { v: 'abc' }, 'L: v: need at most 2 Latin-1 characters'],
    ['wrong size', layout('L', { v: bytes(2) }), { v: new Uint8Array(3) }, 'L: v: need 2 byte(s), have 3'],
    [
      'a gap in the tail',
      layout('L', { a: optional(u8), b: optional(u8) }),
      { b: 1 },
      'L: b: given without a, which comes before it',
    ],
  ])('encode refuses what does not fit: %s', (_name, l, value, message) => {
    expect(() => l.encode(value as never)).toThrow(EncodeError);
    expect(() => l.encode(value as never)).toThrow(message);
  });
});

describe('a bad layout fails when it is defined', () => {
  test.each<[string, () => unknown, string]>([
    ['overlapping bits', () => byte({ a: bits(4, 2), b: bit(3) }), 'b and a both take bit 3'],
    ['bits outside of the byte', () => byte({ a: bit(8) }), 'does not lie in 1 byte(s)'],
    [
      'one name in two bytes',
      () => layout('l', { ...byte({ a: bit(0), b: bit(1) }), ...byte({ c: bit(1), a: bit(0) }) } as never),
      'used twice',
    ],
    ['something behind the rest', () => layout('l', { a: rest(), b: u8 }), 'takes all that is left'],
    [
      'something needed behind something optional',
      () => layout('l', { a: optional(u8), b: u8 }),
      'may be absent',
    ],
  ])('%s', (_name, define, message) => expect(define).toThrow(message));
});
