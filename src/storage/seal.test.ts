import { expect, test } from 'vitest';
import { SEAL_HEADER, Seal } from './seal.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const PLAIN = new TextEncoder().encode('["one",["passwords","2",{"$bytes":"68"}]]');
const NONCE = 12;

test('no nonce is used twice, and none follows from what is sealed', () => {
  const seal = Seal.create('key');
  const sealed = Array.from({ length: 200 }, () => seal.close(PLAIN));
  // AES-GCM with one nonce for two records gives both away, and the key that signs them.
  expect(new Set(sealed.map((one) => hex(one.subarray(0, NONCE)))).size).toBe(200);
  expect(new Set(sealed.map((one) => hex(one.subarray(NONCE)))).size).toBe(200);
  for (let at = 0; at < NONCE; at++)
    expect(new Set(sealed.map((one) => one[at])).size, `byte ${at}`).toBeGreaterThan(50);
});

test('two files that are sealed with one secret share neither salt nor key', () => {
  const seals = Array.from({ length: 3 }, () => Seal.create('key'));
  expect(new Set(seals.map(({ header }) => hex(header))).size).toBe(3);
  expect(seals[1].open(seals[0].close(PLAIN))).toBeUndefined();
});

test('only the secret that a file was sealed with opens it: its header, and every record', () => {
  const seal = Seal.create('correct horse');
  const record = seal.close(PLAIN);
  expect(Seal.read('correct horse', seal.header)?.open(record)).toEqual(PLAIN);
  for (const secret of ['', 'correct hors', 'correct horse ', 'Correct horse'])
    expect(Seal.read(secret, seal.header), secret).toBeUndefined();
  // The header of another secret in front of it does not help.
  const forged = Uint8Array.of(...seal.header.subarray(0, 16), ...Seal.create('wrong').header.subarray(16));
  expect(Seal.read('correct horse', forged)).toBeUndefined();
  expect(Seal.read('wrong', Seal.create('wrong').header)!.open(record)).toBeUndefined();
  for (let at = 0; at < SEAL_HEADER; at += 5)
    expect(
      Seal.read('correct horse', seal.header.with(at, seal.header[at] ^ 1)),
      `byte ${at}`,
    ).toBeUndefined();
});

test('a change of any byte of a sealed record is noticed: nonce, content, tag', () => {
  const seal = Seal.create('key');
  const record = seal.close(PLAIN);
  for (let at = 0; at < record.length; at++)
    expect(seal.open(record.with(at, record[at] ^ 1)), `byte ${at}`).toBeUndefined();
  for (const length of [0, NONCE, NONCE + 15, record.length - 1])
    expect(seal.open(record.slice(0, length)), `${length} bytes`).toBeUndefined();
  expect(seal.open(Uint8Array.of(...record, 0))).toBeUndefined();
});
