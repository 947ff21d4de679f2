import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSigned, keyProblem } from './ed25519.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const message = new TextEncoder().encode('an image');
const signature = new Uint8Array(sign(null, message, privateKey));
/**
 * L, the order of the group: a signature whose second half has it added would be another one of the same
 * message.
 */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

describe('a signature', () => {
  test('is good for its message and key', () =>
    expect(isSigned(pem(publicKey), message, signature)).toBe(true));

  test('is not good when any byte of it, or of the message, is another', () => {
    for (let at = 0; at < 64; at++)
      expect(isSigned(pem(publicKey), message, signature.with(at, signature[at] ^ 1)), `byte ${at}`).toBe(
        false,
      );
    for (let at = 0; at < message.length; at++)
      expect(
        isSigned(pem(publicKey), message.with(at, message[at] ^ 1), signature),
        `byte ${at} of the message`,
      ).toBe(false);
    for (const length of [0, 32, 63])
      expect(isSigned(pem(publicKey), message, signature.slice(0, length)), `${length} bytes`).toBe(false);
    expect(isSigned(pem(publicKey), message, Uint8Array.of(...signature, 0))).toBe(false);
    expect(isSigned(pem(publicKey), message, new Uint8Array(64))).toBe(false);
  });

  test('is not good by another key', () => {
    const other = generateKeyPairSync('ed25519');
    expect(isSigned(pem(other.publicKey), message, signature)).toBe(false);
  });

  test('has one form: its second half is below the order of the group', () => {
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + ORDER;
    const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    expect(isSigned(pem(publicKey), message, Uint8Array.of(...signature.subarray(0, 32), ...bytes))).toBe(
      false,
    );
  });
});

test('a key of another kind, or none, has a problem', () => {
  expect(keyProblem(pem(publicKey))).toBeUndefined();
  expect(keyProblem(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey))).toBe(
    'a key of type ec, expected ed25519',
  );
  expect(keyProblem(pem(generateKeyPairSync('x25519').publicKey))).toBe(
    'a key of type x25519, expected ed25519',
  );
  expect(keyProblem('no key')).toBeDefined();
});
