import { expect, test } from 'vitest';
import type { BmcOptions } from './options.ts';
import { parseConfig } from './load.ts';
import { putIn } from './template.ts';

const first = (text: string): BmcOptions[] => parseConfig(text, 'f');
const problems = (text: string): string => {
  try {
    parseConfig(text, 'f');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no problem';
};

test.each([
  ['{n}', '7'],
  ['{ n }', '7'],
  ['{9700+n}', '9707'],
  ['{n+9}', '16'],
  ['{n-1}', '6'],
  ['{100-n}', '93'],
  ['{2*n}', '14'],
  ['{9700 + n*10}', '9770'],
  ['{0x10+n}', '23'],
  ['{n:03}', '007'],
  ['{n:02x}', '07'],
  ['{n+9:02x}', '10'],
  ['{n+3:X}', 'A'],
  ['{n-9:03}', '-002'],
  ['02:00:00:00:{n:02x}:{n+250:02x}', '02:00:00:00:07:101'],
  ['node-{n}-{n}', 'node-7-7'],
])('V15: %s with 7 is %s', (text, made) => expect(putIn(text, 7)).toBe(made));

test.each(['${HOME}', '{name}', '{}', '{"a": 1}', '{no}', 'n', '{x+1}'])('V15: %s is text', (text) =>
  expect(putIn(text, 7)).toBeUndefined(),
);

test.each([
  [
    "name: 'a{n}', identity: { deviceId: '{n:q}' }",
    '1:56 bmcs.0.identity.deviceId: expected {n}, a sum ({9700+n}, {n-1}, {2*n})',
  ],
  ["name: 'a{n:x3}'", 'bmcs.0.name: expected {n}, a sum'],
  ["name: 'a{n}', userSlots: '{N}'", 'bmcs.0.userSlots: expected {n}, a sum'],
  ["name: 'a{n}', userSlots: '{n2}'", 'bmcs.0.userSlots: expected {n}, a sum'],
  ["name: 'a{1+2}'", 'bmcs.0.name: expected {n}, a sum'],
])('V15: a placeholder that says nothing is told: %s', (entry, problem) =>
  expect(problems(`bmcs: [{ count: 2, ${entry} }]`)).toContain(problem),
);

test('V15: numbers are put in first and checked afterwards, in every key', () => {
  const bmcs = first(`
bmcs:
  - count: { from: 9, to: 12 }
    name: 'node-{n:02}'
    identity:
      deviceId: '{n}'
      firmware: '1.{n:02}'
      systemGuid: '00000000-0000-4000-8000-0000000000{n:02x}'
    interfaces:
      - { type: lan, listen: '127.0.0.{n}:{9700+n}', address: '192.0.2.{n}', mac: '02:00:00:00:00:{n:02x}', channel: 1 }
      - { type: vm, listen: '/run/vm-{n}.sock' }
    users: [{ id: '{n-7}', name: 'user{n}', password: 'secret-{n}' }]
    userSlots: '{n+1}'
    sensors: [{ name: 'Temp {n}', entity: '3.{n}', type: temperature, unit: degrees C, value: { base: '{30+n}' }, thresholds: { uc: '{n}.5' } }]
    fru: [{ id: 0, name: a, size: '{64*n}', product: { serial: 'S{n:04}' } }]
    sdr: { associations: [{ container: '7.{n}', entities: ['3.1'] }] }
`);
  expect(bmcs).toHaveLength(4);
  expect(bmcs.map(({ name }) => name)).toEqual(['node-09', 'node-10', 'node-11', 'node-12']);
  const { identity, interfaces, users, userSlots, sensors, fru } = bmcs[1];
  expect(identity).toEqual({
    deviceId: 10,
    firmware: '1.10',
    systemGuid: '00000000-0000-4000-8000-00000000000a',
  });
  expect(interfaces?.[0]).toEqual({
    type: 'lan',
    listen: '127.0.0.10:9710',
    address: '192.0.2.10',
    mac: '02:00:00:00:00:0a',
    channel: 1,
  });
  expect([users?.[0], userSlots]).toEqual([{ id: 3, name: 'user10', password: 'secret-10' }, 11]);
  expect(sensors?.[0]).toMatchObject({
    name: 'Temp 10',
    entity: '3.10',
    value: { base: 40 },
    thresholds: { uc: 10.5 },
  });
  expect([fru?.[0].size, fru?.[0].product?.serial]).toEqual([640, 'S0010']);
  // What has no number in it is one object for all.
  expect(bmcs[3].sdr).not.toBe(bmcs[0].sdr);
});

test('V15: a number put in as hex is a number where one is wanted, and text where text is', () => {
  const [, { identity, name }] = first(
    "bmcs: [{ count: 20, name: '0x{n}', identity: { productId: '0x{n+15:04x}' } }]",
  );
  expect([identity?.productId, name]).toEqual([16, '0x1']);
});

test('V15: a text stays a text, though it looks like a number', () => {
  const [{ name, users }] = first(
    "bmcs: [{ count: 1, name: '{n}', users: [{ id: 2, name: '{n+5}', password: '{n}' }] }]",
  );
  expect([name, users?.[0].name, users?.[0].password]).toEqual(['0', '5', '0']);
});

test.each([
  ["name: 'a{n}', interfaces: [{ type: lan, listen: '127.0.0.1:{65534+n}' }]", '"127.0.0.1:65536" (n = 2)'],
  [
    "name: 'a{n}', interfaces: [{ type: lan, mac: '02:00:00:00:00:{n+254:02x}' }]",
    'expected a MAC address, received "02:00:00:00:00:100" (n = 2)',
  ],
  [
    "name: 'a{n}', identity: { deviceId: '{254+n}' }",
    'bmcs.0.identity.deviceId: expected number to be <=255, received 256 (n = 2)',
  ],
  [
    "name: 'a{n}', identity: { deviceId: 'x{n}' }",
    'bmcs.0.identity.deviceId: expected number, received "x0" (n = 0)',
  ],
  [
    "name: 'a{n}', users: [{ id: 2, password: 'aaaaaaaaaaaaaaaaaaa{n*9}' }]",
    'expected at most 20 bytes in UTF-8, these are 21 (n = 2)',
  ],
])('V15: what is wrong for one number is told with it, once: %s', (entry, problem) => {
  const told = problems(`bmcs: [{ count: 9, ${entry} }]`);
  expect(told).toContain(problem);
  expect(told.split('\n')).toHaveLength(1);
  expect(told).toMatch(/^f:1:\d+ bmcs\.0\./);
});

test.each([
  ['{ from: 3 }', 'bmcs.0.count.to: expected number, received nothing'],
  ['{ from: 3, to: 2 }', 'bmcs.0.count.to: expected from 1 to 100000 numbers, received 2'],
  ['{ from: 0, to: 100000 }', 'bmcs.0.count.to: expected from 1 to 100000 numbers'],
  ['0', 'bmcs.0.count: expected number to be >=1, received 0'],
  ['ten', 'bmcs.0.count: expected number, or object'],
])('V15: count: %s', (count, problem) =>
  expect(problems(`bmcs: [{ count: ${count}, name: 'a{n}' }]`)).toContain(problem),
);

test.each([
  [
    'sensors: [{ name: a, type: fan, entity: 32.10 }]',
    '1:41 sensors.0.entity: expected text in quotes, received 32.10',
  ],
  ['identity: { firmware: 2.10 }', '1:23 identity.firmware: expected text in quotes, received 2.10'],
  ['users: [{ id: 2, name: 0123 }]', '1:24 users.0.name: expected text in quotes, received 0123'],
  ['users: [{ id: 2, password: 0123 }]', '1:28 users.0.password: expected text in quotes'],
  ['users: [{ id: 2, name: no }]', '1:24 users.0.name: expected text in quotes, received no'],
  ['users: [{ id: 2, name: On }]', '1:24 users.0.name: expected text in quotes, received On'],
  ['users: [{ id: 2, name: 12:30 }]', '1:24 users.0.name: expected text in quotes, received 12:30'],
  [
    'fru: [{ id: 0, name: a, product: { version: 1:30:00 } }]',
    '1:45 fru.0.product.version: expected text in quotes, received 1:30:00',
  ],
  [
    'identity: { productId: 0123 }',
    '1:24 identity.productId: expected a number without leading zeros (octal: 0o17), received 0123',
  ],
  [
    'sockets: { handlers: { path: /x, mode: 0600 } }',
    '1:40 sockets.handlers.mode: expected a number without leading zeros (octal: 0o17)',
  ],
  ['sessions: { inactivity: 1:30 }', '1:25 sessions.inactivity: expected number, received "1:30"'],
  [
    'users: [{ id: 2, enabled: no }]',
    '1:27 users.0.enabled: expected boolean, received "no" (write true or false)',
  ],
  [
    'users: [{ id: 2, name: null }]',
    '1:24 users.0.name: expected string, received null (write it in quotes)',
  ],
  ['users: [{ id: 2, name: ~ }]', '1:24 users.0.name: expected string, received ~ (write it in quotes)'],
  [
    'users: [{ id: 2, name: true }]',
    '1:24 users.0.name: expected string, received true (write it in quotes)',
  ],
])('V15: YAML traps: %s', (text, problem) => {
  const told = problems(text);
  expect(told).toContain(`f:${problem}`);
  expect(told.split('\n')).toHaveLength(1);
});

test.each([
  'sensors: [{ name: a, type: fan, entity: "32.10" }]',
  'sensors: [{ name: a, type: fan, entity: 3.1 }]',
  'chassis: { power: on }',
  "users: [{ id: 2, name: 'no', password: '0123' }]",
  'interfaces: [{ type: lan, mac: 52:54:00:12:34:56 }]',
  'sockets: { handlers: { path: /x, mode: 0o600 } }',
  'identity: { productId: 0x10, manufacturerId: 1e3 }',
])('V15: no trap: %s', (text) => expect(problems(text)).toBe('no problem'));

test.each([
  [
    'a bomb of aliases',
    `a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n${Array.from('bcdefghi')
      .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`)
      .join('\n')}`,
    /stand for more than 10000 values/,
  ],
  ['an alias of itself', 'users: &u [*u]', /^f:1:12 \*u stands within &u: it has no end$/],
  ['an alias of nothing', 'users: *u', /^f:1:8 there is no anchor &u before this alias$/],
  [
    'deep lists',
    `users: ${'['.repeat(100)}${']'.repeat(100)}`,
    /expected at most 64 lists and objects within each other/,
  ],
  ['endless lists', '['.repeat(50_000), /expected at most 64 lists and objects within each other/],
  ['a key that is a list', '? [a]\n: 1', /^f:1:3 expected a key that is a text$/],
  ['a tag that nobody knows', 'name: !secret x', /^f:1:7 Unresolved tag: !secret$/],
  ['two documents', 'name: a\n---\nname: b', /^f:2:1 expected one YAML document$/],
  [
    'a BMC beside bmcs',
    'name: a\nbmcs: [{ name: b }]',
    /^f:1:1 name: expected in the entries of bmcs, and not beside them$/,
  ],
  ['a list', '[1]', /^f:1:1 file: expected object, received array$/],
  ['a text', 'hello', /^f:1:1 file: expected object, received "hello"$/],
  ['bmcs that is nothing', 'bmcs:', /^f:1:6 bmcs: expected a list of BMCs$/],
])('L: %s is one clear line', (_name, text, problem) => {
  const [line] = problems(text).split('\n');
  expect(line).toMatch(problem);
});

test('V15: what has no number in it is checked once, and shared', () => {
  const bmcs = first(
    "bmcs: [{ count: 3, name: 'a{n}', users: [{ id: 2, name: x }], fru: [{ id: 0, name: 'F{n}' }] }]",
  );
  expect(bmcs[2].users).toBe(bmcs[0].users);
  expect(bmcs[2].fru).not.toBe(bmcs[0].fru);
});
