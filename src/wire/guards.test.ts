// What packets have besides their content, and what has to be looked at before anybody believes them: pads,
// lengths, checksums, codes.
import { describe, expect, test } from 'vitest';
import { fromLatin1 } from '../codec/index.ts';
import {
  Aes128,
  AuthType,
  authCode15,
  build15,
  build20,
  buildIcmb,
  buildMessage,
  cipherSuite,
  Hmac,
  isAuthentic15,
  parse15,
  parse20,
  parseFrame,
  parseIcmb,
  parseMessage,
  parseRecord,
  rmcpClass,
  SessionCrypto,
  singleAuthCode,
} from './index.ts';
import { parseBt } from './bt-frame.ts';
import { LengthReader } from './length-reader.ts';

const password = fromLatin1('AdminPass123', 20);
const keys = { sik: fromLatin1('sik', 20), k1: fromLatin1('key one', 20), k2: fromLatin1('key two', 20) };

/**
 * A packet of suite 3 whose decrypted payload and trailer are what is given, and whose auth code is right.
 */
function signed(plain: Uint8Array, trailer: readonly number[] = [0xff, 0xff, 2, 7]): Uint8Array {
  const encrypted = new Uint8Array(16 + plain.length);
  encrypted.set(plain, 16);
  new Aes128(keys.k2.slice(0, 16)).encryptCbc(encrypted, 0, 16, encrypted.length);
  const head = build20(0xc0, 1, 2, encrypted);
  const covered = Uint8Array.of(...head, ...trailer);
  return Uint8Array.of(...covered, ...new Hmac('sha1', keys.k1).of(covered, 4).subarray(0, 12));
}

describe('the pad of an encrypted payload', () => {
  const crypto = new SessionCrypto(cipherSuite(3)!, keys, password);
  const open = (plain: Uint8Array): Uint8Array | undefined => {
    const datagram = signed(plain);
    const packet = parse20(datagram)!;
    expect(crypto.isAuthentic(datagram, packet)).toBe(true);
    return crypto.open(datagram, packet);
  };
  /** `length` bytes of content, then the pad 1, 2, 3 ... and its length. */
  const padded = (length: number, padding: number): Uint8Array =>
    Uint8Array.of(
      ...new Uint8Array(length).fill(0xaa),
      ...Array.from({ length: padding }, (_, i) => i + 1),
      padding,
    );

  test('of 0 to 15 bytes is taken off', () => {
    for (let padding = 0; padding < 16; padding++)
      expect(open(padded(31 - padding, padding))).toEqual(new Uint8Array(31 - padding).fill(0xaa));
  });

  test('of 16 bytes and more is none, though it counts as it should', () => {
    for (const padding of [16, 17, 30, 31])
      expect(open(padded(31 - padding, padding)), `${padding}`).toBeUndefined();
    for (const length of [0x20, 0x80, 0xff])
      expect(open(Uint8Array.of(...new Uint8Array(31), length)), `length ${length}`).toBeUndefined();
  });

  test('is none where any byte of it is another than it has to be', () => {
    for (let at = 0; at < 15; at++) {
      const plain = padded(16, 15);
      plain[16 + at] ^= 0x40;
      expect(open(plain), `byte ${at}`).toBeUndefined();
    }
  });

  test('needs a block: an initialization vector alone, or half a block, is no payload', () => {
    expect(open(new Uint8Array(0))).toBeUndefined();
    const { start, end, ...packet } = parse20(signed(padded(16, 15)))!;
    for (const cut of [1, 8, 15, 32])
      expect(crypto.open(signed(padded(16, 15)), { ...packet, start, end: end - cut })).toBeUndefined();
  });
});

describe('the trailer of a signed packet', () => {
  const crypto = new SessionCrypto(cipherSuite(3)!, keys, password);
  const plain = Uint8Array.of(...new Uint8Array(15), 0);

  test.each<[string, number[], boolean]>([
    ['as we write it', [0xff, 0xff, 2, 7], true],
    ['a pad length that says less than there is', [0xff, 0xff, 1, 7], false],
    ['a pad length that says more', [0xff, 0xff, 3, 7], false],
    ['a pad length that reaches into the payload', [0xff, 0xff, 34, 7], false],
    ['another next header', [0xff, 0xff, 2, 6], false],
    ['no next header', [0xff, 0xff, 2], false],
    ['nothing', [], false],
  ])('%s: %j', (_name, trailer, good) => {
    const datagram = signed(plain, trailer);
    expect(crypto.isAuthentic(datagram, parse20(datagram)!)).toBe(good);
  });

  test('bytes between payload and pad are no part of either', () => {
    const datagram = signed(plain, [1, 2, 3, 4, 0xff, 0xff, 2, 7]);
    expect(crypto.isAuthentic(datagram, parse20(datagram)!)).toBe(false);
  });
});

describe('what a packet says of itself has to be what its suite does', () => {
  test.each([1, 2])('suite %i does not encrypt: a packet that says so is none', (id) => {
    const crypto = new SessionCrypto(cipherSuite(id)!, keys, password);
    const datagram = crypto.seal(0, 1, 2, Uint8Array.of(1, 2, 3), { fill: () => undefined });
    const packet = parse20(datagram)!;
    expect(crypto.open(datagram, packet)).toEqual(Uint8Array.of(1, 2, 3));
    expect(crypto.open(datagram, { ...packet, encrypted: true })).toBeUndefined();
  });

  test('suites 0 and 1 do not sign: a packet that says so is none', () => {
    for (const id of [0, 1]) {
      const crypto = new SessionCrypto(cipherSuite(id)!, keys, password);
      const datagram = build20(0x40, 1, 2, Uint8Array.of(1, 2, 3));
      expect(crypto.isAuthentic(datagram, parse20(datagram)!)).toBe(false);
    }
  });
});

describe('IPMI 1.5 auth codes', () => {
  const message = buildMessage({
    to: 0x20,
    toLun: 0,
    netFn: 6,
    from: 0x81,
    fromLun: 0,
    seq: 1,
    cmd: 1,
    data: Uint8Array.of(1, 2, 3),
  });

  test.each([AuthType.Md2, AuthType.Md5, AuthType.Password])(
    'type %i: every byte of the code counts',
    (type) => {
      const datagram = build15(type, 7, 0x01020304, message, password);
      expect(isAuthentic15(datagram, parse15(datagram)!, password)).toBe(true);
      for (let at = 0; at < 16; at++) {
        const changed = datagram.slice();
        changed[13 + at] ^= 1;
        expect(isAuthentic15(changed, parse15(changed)!, password), `byte ${at}`).toBe(false);
      }
    },
  );

  test.each([AuthType.Md2, AuthType.Md5])(
    'type %i: session id, sequence number, every byte of the message and of the password go into the code',
    (type) => {
      const code = (key: Uint8Array, id: number, sequence: number, data: Uint8Array): string =>
        Buffer.from(authCode15(type, key, id, sequence, data, 0, data.length)).toString('hex');
      const codes = [
        code(password, 1, 2, message),
        code(password, 2, 1, message),
        code(password, 1, 3, message),
        code(password, 3, 2, message),
      ];
      for (let at = 0; at < message.length; at++)
        codes.push(code(password, 1, 2, message.with(at, message[at] ^ 1)));
      for (let at = 0; at < 16; at++) codes.push(code(password.with(at, password[at] ^ 1), 1, 2, message));
      expect(new Set(codes).size).toBe(codes.length);
    },
  );

  test.each([AuthType.Md2, AuthType.Md5])(
    'type %i on a line: session id, challenge and password go into the code',
    (type) => {
      const challenge = fromLatin1('challenge', 16);
      const code = (key: Uint8Array, id: number, asked: Uint8Array): string =>
        Buffer.from(singleAuthCode(type, key, id, asked)).toString('hex');
      const codes = [code(password, 1, challenge), code(password, 2, challenge)];
      for (let at = 0; at < 16; at++)
        codes.push(code(password, 1, challenge.with(at, 0xee)), code(password.with(at, 0xee), 1, challenge));
      expect(new Set(codes).size).toBe(codes.length);
    },
  );

  test('a type that there is not is never authentic, whatever its code', () => {
    for (const type of [3, AuthType.Oem, 7, 0x0f, 0x12, 0xff]) {
      const datagram = build15(AuthType.Password, 7, 1, message, password);
      datagram[4] = type;
      expect(isAuthentic15(datagram, parse15(datagram)!, password), `type ${type}`).toBe(false);
    }
  });

  test('one byte behind the message is the pad of old network chips, more is no packet', () => {
    const datagram = build15(AuthType.Md5, 1, 2, message, password);
    expect(
      [0, 1, 2, 16].map((more) => parse15(Uint8Array.of(...datagram, ...new Uint8Array(more))) !== undefined),
    ).toEqual([true, true, false, false]);
  });
});

test('RMCP: another version, and an acknowledge, are no messages', () => {
  expect(rmcpClass(Uint8Array.of(6, 0, 0xff, 7))).toBe(7);
  for (const header of [
    [5, 0, 0xff, 7],
    [0, 0, 0xff, 7],
    [6, 0, 0, 0x87],
    [6, 0, 0xff],
  ])
    expect(rmcpClass(Uint8Array.from(header))).toBeUndefined();
});

describe('lengths and checksums', () => {
  const frames: Record<string, [Uint8Array, (bytes: Uint8Array) => unknown]> = {
    'a message': [
      buildMessage({
        to: 0x20,
        toLun: 1,
        netFn: 6,
        from: 0x81,
        fromLun: 2,
        seq: 3,
        cmd: 4,
        data: Uint8Array.of(5, 6),
      }),
      parseMessage,
    ],
    'an IPMB frame': [
      buildMessage({
        to: 0x20,
        toLun: 0,
        netFn: 6,
        from: 0x81,
        fromLun: 0,
        seq: 1,
        cmd: 1,
        data: Uint8Array.of(1),
      }),
      parseFrame,
    ],
    'an ICMB message': [
      buildIcmb({ to: 2, from: 1, response: false, seq: 3, cmd: 4, data: Uint8Array.of(5, 6, 7) }),
      parseIcmb,
    ],
  };
  test.each(Object.keys(frames))(
    '%s: a change of any bit is noticed, and so is a byte that is missing',
    (name) => {
      const [frame, parse] = frames[name];
      expect(parse(frame)).toBeDefined();
      for (let at = 0; at < frame.length; at++)
        for (let bit = 0; bit < 8; bit++)
          expect(parse(frame.with(at, frame[at] ^ (1 << bit))), `byte ${at} bit ${bit}`).toBeUndefined();
      for (let length = 0; length < frame.length; length++)
        expect(parse(frame.slice(0, length)), `${length} bytes`).toBeUndefined();
    },
  );

  test('BT frames and IPMB records are as long as they say', () => {
    expect([3, 4, 5].map((length) => parseBt(Uint8Array.of(length, 0x18, 1, 1, 9)) !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
    const record = (length: number): boolean =>
      parseRecord(Uint8Array.of(length, 1, 2, 3, 4, 5, 6, 7, 8)) !== undefined;
    expect([6, 7, 8, 9, 0xff].map(record)).toEqual([false, true, true, false, false]);
  });

  test('a stream of frames ends at a length out of its bounds', () => {
    const cut = (length: number): number | undefined =>
      new LengthReader(3, 9).push(Uint8Array.of(length, ...new Uint8Array(length)))?.length;
    expect([2, 3, 9, 10].map(cut)).toEqual([undefined, 1, 1, undefined]);
    expect(new LengthReader(3, 9).push(Uint8Array.of(0))).toBeUndefined();
  });
});
