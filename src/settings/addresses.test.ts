import { expect, test } from 'vitest';
import { OWN, streamAddressOf } from './addresses.ts';

test('a socket whose callers have every right is its user alone; what has no slash is host:port', () => {
  expect(streamAddressOf('./bmc.sock', OWN)).toEqual({ path: './bmc.sock', mode: 0o600 });
  expect(streamAddressOf('[::1]:9000', OWN)).toEqual({ host: '::1', port: 9000 });
  expect(() => streamAddressOf('nonsense')).toThrow("'nonsense' is not host:port");
});
