import { expect, test } from 'vitest';
import { toHex } from '../../test/support/vectors.ts';
import { DESCRIPTOR_SIZE, readDescriptor, signedPart, writeDescriptor } from './image-descriptor.ts';

const content = {
  version: { major: 2, minor: 5, aux: '01020304' },
  earliest: { major: 1, minor: 2 },
  component: 0,
  deviceId: 0x20,
  manufacturerId: 7,
  productId: 9,
  size: 100,
  digest: new Uint8Array(32).fill(0xd1),
};
const SIGNATURE_AND_MAGIC = 64 + 8;

test('the signature signs every byte before it: version, device, size and digest', () => {
  let signed = '';
  const tail = writeDescriptor(content, (message) => {
    signed = toHex(message);
    return new Uint8Array(64).fill(0x51);
  });
  expect(tail).toHaveLength(DESCRIPTOR_SIZE);
  expect(signed).toBe(toHex(tail.slice(0, DESCRIPTOR_SIZE - SIGNATURE_AND_MAGIC)));
  expect(toHex(signedPart(Uint8Array.of(9, 9, 9, ...tail)))).toBe(signed);
  expect(readDescriptor(tail)).toMatchObject({
    earliestMajor: 1,
    signed: true,
    signature: new Uint8Array(64).fill(0x51),
  });
  for (const other of [
    { version: { ...content.version, minor: 6 } },
    { version: { ...content.version, aux: '01020305' } },
    { earliest: { major: 0, minor: 2 } },
    { component: 1 },
    { deviceId: 0x21 },
    { manufacturerId: 8 },
    { productId: 10 },
    { size: 101 },
    { digest: content.digest.with(31, 0) },
  ])
    expect(
      toHex(signedPart(writeDescriptor({ ...content, ...other }, () => new Uint8Array(64)))),
      JSON.stringify(other),
    ).not.toBe(signed);
});

test('whether it is signed is signed itself', () => {
  const [without, within] = [writeDescriptor(content), writeDescriptor(content, () => new Uint8Array(64))];
  expect([readDescriptor(without)!.signed, readDescriptor(within)!.signed]).toEqual([false, true]);
  expect(toHex(signedPart(without))).not.toBe(toHex(signedPart(within)));
});
