import { expect, test } from 'vitest';
import {
  addressAfter,
  addressOf,
  addressText,
  dotted,
  maskOf,
  networkOf,
  putIpv4,
  putIpv6,
} from './ip-address.ts';
import { isLocalIn } from './local-prefix.ts';

test('addresses are written as people write them', () => {
  expect(dotted(0x7f000001)).toBe('127.0.0.1');
  expect(dotted(0xfffefd00)).toBe('255.254.253.0');
});

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['fd00:9:0:0:0:0:0:7', 'fd00:9::7'],
  ['FD00:0:0:1::', 'fd00:0:0:1::'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['1::2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ['192.0.2.7', '192.0.2.7'],
])('I16: %s is %s', (text, written) =>
  expect(addressText(addressOf(text) ?? new Uint8Array(4))).toBe(written),
);

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1::2::3',
  ':1',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'g::',
  '1:2:3:4:5:6:7::8',
])('I16: %s is no address', (text) => expect(addressOf(text)).toBeUndefined());

test('I16: an IPv4 address goes to a socket of IPv6 as mapped, and never the other way', () => {
  const bytes = new Uint8Array(16);
  expect(putIpv6(bytes, 0, '192.0.2.7')).toBe(true);
  expect([...bytes.subarray(8)]).toEqual([0, 0, 255, 255, 192, 0, 2, 7]);
  expect(putIpv4(bytes, 0, '::1')).toBe(false);
});

test.each([
  ['10.9.0.0', 0, 16, '10.9.0.0'],
  ['10.9.0.0', 7777, 16, '10.9.30.97'],
  ['10.9.0.0', 65_535, 16, '10.9.255.255'],
  ['10.9.0.0', 65_536, 16, undefined],
  ['10.9.4.1', 255, 24, undefined],
  ['fd00:9::', 0x1_0000, 64, 'fd00:9::1:0'],
  ['fd00:9::fff0', 16, 112, undefined],
  ['host', 1, 8, undefined],
])('I16: %s and %i more of /%i is %s', (host, n, prefix, found) =>
  expect(addressAfter(host, n, prefix)).toBe(found),
);

test('I16: a prefix begins where its bits end', () => {
  expect([networkOf('10.9.4.7', 16), networkOf('10.9.4.7', 30), networkOf('fd00:9::7', 64)]).toEqual([
    '10.9.0.0',
    '10.9.4.4',
    'fd00:9::',
  ]);
  expect([maskOf(0), maskOf(8), maskOf(20), maskOf(32)]).toEqual([
    '0.0.0.0',
    '255.0.0.0',
    '255.255.240.0',
    '255.255.255.255',
  ]);
});

test('I16: Linux says which addresses of IPv6 are its own', () => {
  const row = (network: string, bits: string, flags: string): string =>
    `${network} ${bits} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000000 00000001 00000000 ${flags}       lo`;
  const table = [
    row('fd000009000000000000000000000000', '40', '80200001'),
    row('fd000010000000000000000000000000', '40', '00200001'),
  ].join('\n');
  expect(
    ['fd00:9::7', 'fd00:9:0:0:1::', 'fd00:10::7', 'fd00:9:0:1::'].map((one) => isLocalIn(one, table)),
  ).toEqual([true, true, false, false]);
  expect(isLocalIn('fd00:10::7', '')).toBe(true);
});
