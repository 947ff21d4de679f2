import { createCipheriv, createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../test/support/vectors.ts';
import { Aes128 } from './aes128.ts';
import { Digest, equalBytes, hash, hashes, hmac, Hmac, type HashName } from './hash.ts';
import { ROOM } from './machine.ts';
import { md2 } from './md2.ts';

const bytes = (maxLength = 300) => fc.uint8Array({ maxLength });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe.each<HashName>(['md5', 'sha1', 'sha256'])('%s against node:crypto', (name) => {
  test('one shot', () => {
    fc.assert(
      fc.property(bytes(), (data) => {
        expect(toHex(hash(name, data))).toBe(toHex(createHash(name).update(data).digest()));
      }),
    );
  });

  test('in pieces, and a digest used again', () => {
    const digest = new Digest(hashes[name]);
    fc.assert(
      fc.property(fc.array(bytes(150), { maxLength: 5 }), (pieces) => {
        const reference = createHash(name);
        digest.reset();
        for (const piece of pieces) {
          digest.update(piece);
          reference.update(piece);
        }
        expect(toHex(digest.finish())).toBe(toHex(reference.digest()));
      }),
    );
  });

  test('HMAC with keys of every length, a window of the data, and the same object again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 130 }), bytes(), fc.nat(20), (key, data, cut) => {
        const start = Math.min(cut, data.length);
        const prepared = new Hmac(name, key);
        for (let again = 0; again < 2; again++) {
          expect(toHex(prepared.of(data, start))).toBe(
            toHex(createHmac(name, key).update(data.subarray(start)).digest()),
          );
        }
      }),
    );
  });
});

describe.each<HashName>(['md5', 'sha1', 'sha256'])('I18: %s at the edges', (name) => {
  test('every length about the end of a block, and more than the memory holds at once', () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) >> 3);
    const lengths = [...Array.from({ length: 130 }, (_, i) => i), ROOM - 1, ROOM, ROOM + 1, 100_000];
    const prepared = new Hmac(name, data.subarray(0, 20));
    for (const length of lengths) {
      const part = data.subarray(0, length);
      expect(toHex(hash(name, part)), `${length} bytes`).toBe(toHex(createHash(name).update(part).digest()));
      const code = createHmac(name, data.subarray(0, 20)).update(part).digest();
      expect(toHex(prepared.of(data, 0, length)), `HMAC of ${length} bytes`).toBe(toHex(code));
    }
  });

  test('two digests under way do not get into each other, nor does a cipher', () => {
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const [one, other] = [new Digest(hashes[name]), new Digest(hashes[name])];
    const block = new Uint8Array(48);
    for (let pos = 0; pos < 1000; pos += 50) {
      one.update(data, pos, pos + 50);
      new Aes128(data.slice(0, 16)).encryptCbc(block, 0, 16, 48);
      other.update(data, 950 - pos, 1000 - pos);
    }
    const backwards = Array.from({ length: 20 }, (_, i) => data.subarray(950 - 50 * i, 1000 - 50 * i));
    expect(toHex(one.finish())).toBe(toHex(createHash(name).update(data).digest()));
    expect(toHex(other.finish())).toBe(toHex(createHash(name).update(Buffer.concat(backwards)).digest()));
  });
});

test('I18: AES of more than the memory holds at once, both ways, in place and elsewhere', () => {
  const data = Uint8Array.from({ length: 16 + 3 * ROOM + 32 }, (_, i) => (i * 11) >> 4);
  const key = data.slice(100, 116);
  const cipher = createCipheriv('aes-128-cbc', key, data.subarray(0, 16)).setAutoPadding(false);
  const expected = Buffer.concat([data.subarray(0, 16), cipher.update(data.subarray(16)), cipher.final()]);
  const aes = new Aes128(key);
  const work = data.slice();
  aes.encryptCbc(work, 0, 16, work.length);
  expect(Buffer.compare(work, expected)).toBe(0);
  const out = new Uint8Array(data.length);
  aes.decryptCbc(work, 0, 16, work.length, out, 16);
  expect(Buffer.compare(out.subarray(16), data.subarray(16))).toBe(0);
  aes.decryptCbc(work, 0, 16, work.length, work, 16);
  expect(Buffer.compare(work, data)).toBe(0);
});

test('HMAC with an empty key', () => {
  expect(toHex(hmac('sha1', new Uint8Array(0), text('x')))).toBe(
    toHex(createHmac('sha1', '').update('x').digest()),
  );
});

test.each([
  ['', '83 50 e5 a3 e2 4c 15 3d f2 27 5c 9f 80 69 27 73'],
  ['a', '32 ec 01 ec 4a 6d ac 72 c0 ab 96 fb 34 c0 b5 d1'],
  ['abc', 'da 85 3b 0d 3f 88 d9 9b 30 28 3a 69 e6 de d6 bb'],
  ['abcdefghijklmnopqrstuvwxyz', '4e 8d df f3 65 02 92 ab 5a 41 08 c3 aa 47 94 0b'],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    'd5 97 6f 79 d8 3d 3a 0d c9 80 6c 3c 66 f3 ef d8',
  ],
])('MD2 of RFC 1319: %s', (message, digest) => expect(toHex(md2(text(message)))).toBe(digest));

test('AES-128-CBC against node:crypto, both ways', () => {
  const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(block, block, fc.array(block, { minLength: 1, maxLength: 8 }), (key, iv, blocks) => {
      const plain = Uint8Array.from(blocks.flatMap((b) => Array.from(b)));
      const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
      const expected = Buffer.concat([cipher.update(plain), cipher.final()]);
      const message = Uint8Array.from([...iv, ...plain]);
      const aes = new Aes128(key);
      aes.encryptCbc(message, 0, 16, message.length);
      expect(toHex(message.subarray(16))).toBe(toHex(expected));
      const out = new Uint8Array(plain.length);
      aes.decryptCbc(message, 0, 16, message.length, out);
      expect(toHex(out)).toBe(toHex(plain));
    }),
  );
});

test('equalBytes finds any difference and never reads past an end', () => {
  const a = Uint8Array.of(1, 2, 3, 4);
  expect([
    equalBytes(a, 1, Uint8Array.of(2, 3), 0, 2),
    equalBytes(a, 1, Uint8Array.of(2, 4), 0, 2),
    equalBytes(a, 3, a, 3, 2),
  ]).toEqual([true, false, false]);
});

test('equalBytes looks at every byte, wherever the first difference is: its time tells nothing', () => {
  const reads = (a: Uint8Array, b: Uint8Array, length: number): [boolean, number] => {
    let count = 0;
    const counted = (bytes: Uint8Array): Uint8Array =>
      new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && /^\d+$/.test(key)) count++;
          return Reflect.get(target, key) as unknown;
        },
      });
    return [equalBytes(counted(a), 0, counted(b), 0, length), count];
  };
  for (const length of [12, 16, 20]) {
    const code = Uint8Array.from({ length }, (_, i) => i);
    expect(reads(code, code.slice(), length)).toEqual([true, 2 * length]);
    for (let at = 0; at < length; at++)
      expect(reads(code, code.with(at, 0xee), length), `byte ${at} of ${length}`).toEqual([
        false,
        2 * length,
      ]);
    expect(reads(code, new Uint8Array(length).fill(0xff), length)).toEqual([false, 2 * length]);
  }
});
