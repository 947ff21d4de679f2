import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { AuthType } from '../wire/lan15.ts';
import type { SettingsPath } from '../settings/errors.ts';
import { channelsOf } from './channels.ts';
import type { BmcOptions } from './options.ts';
import { alertSetsOf, pefOf } from './pef.ts';
import { dangersOf } from './platform.ts';

const EVERY_RIGHT = 'whoever connects is the host, with every right';

test.each<[BmcOptions, string[]]>([
  [{ interfaces: [{ type: 'lan' }], users: [{ id: 2, name: 'admin' }] }, []],
  [{ interfaces: [{ type: 'vm', listen: './vm.sock' }] }, []],
  [{ interfaces: [{ type: 'vm', listen: '127.0.0.1:9000' }] }, [EVERY_RIGHT]],
  [{ interfaces: [{ type: 'ipmb', listen: '/run/ipmb.sock' }] }, []],
  [{ interfaces: [{ type: 'ipmb', listen: '127.0.0.1:9000' }] }, ['is a controller with every right']],
  [{ interfaces: [{ type: 'lan', authTypes: ['none'] }] }, ['authentication type none is on']],
  [
    { interfaces: [{ type: 'serial', tty: '/dev/ttyS1', withoutLogIn: 'user' }] },
    ['serial line /dev/ttyS1: whoever is there is user'],
  ],
  [{ users: [{ id: 1, enabled: false }] }, []],
  [{ users: [{ id: 1 }] }, ['the null user is on']],
  [{ sensorFeed: { listen: '127.0.0.1:9680' } }, []],
  [{ sensorFeed: { listen: 'run/feed.sock' } }, []],
  [{ sensorFeed: { listen: '0.0.0.0:9680' } }, ['sensorFeed does not listen on a loopback address']],
])('what is said aloud at a start: %j', (options, said) => {
  expect(dangersOf(options)).toEqual(said.map((one) => expect.stringContaining(one) as string));
});

test.each<[string, BmcOptions, (options: BmcOptions) => unknown, SettingsPath]>([
  [
    'two filters',
    { pef: { filters: [{ actions: [] }, { number: 21, actions: [] }] } },
    pefOf,
    ['pef', 'filters', 1],
  ],
  [
    'two destinations',
    { pef: { destinations: [{ address: '192.0.2.1' }, { number: 1, address: '192.0.2.2' }] } },
    (options) => alertSetsOf(options, 1),
    ['pef', 'destinations', 1],
  ],
  [
    'two interfaces',
    { interfaces: [{ type: 'vm', listen: './x' }, { type: 'bt' }] },
    channelsOf,
    ['interfaces', 1],
  ],
])('%s with one number: the second one is told', (_, options, made, path) => {
  expect(() => made(options)).toThrow(expect.objectContaining({ name: 'SettingsError', path }) as Error);
});

test('a destination of another channel, and a filter in the place of a pre-configured one, are no clash', () => {
  const destinations = [
    { number: 1, address: '192.0.2.1' },
    { number: 1, channel: 2, address: '192.0.2.2' },
  ];
  expect(
    pefOf({ pef: { destinations, filters: [{ number: 1, actions: ['reset'] }] } }).filters?.get(1)?.reset,
  ).toBe(true);
  expect(alertSetsOf({ pef: { destinations } }, 2).size).toBe(2);
});

test('a LAN interface that says nothing serves suites 3 and 17, MD5 and MD2', () => {
  const lan = channelsOf({ interfaces: [{ type: 'lan' }] }).find(({ number }) => number === 1)?.lan;
  expect(lan).toEqual({ cipherSuites: [3, 17], authTypes: [AuthType.Md5, AuthType.Md2], kg: undefined });
});

test.each([
  ['2.14 0000A005', 15, [0, 0, 0xa0, 5]],
  ['2.14', 11, []],
])('V19: firmware %s makes a Get Device ID of %d bytes', async (firmware, length, auxiliary) => {
  const { send, bmc } = rig({ identity: { firmware } });
  const [, ...data] = await send(6, 1);
  expect([data.length, data.slice(2, 4), data.slice(11)]).toEqual([length, [2, 0x14], auxiliary]);
  await bmc.identity.setFirmware({ major: 3, minor: 1 });
  expect((await send(6, 1)).length - 1, 'after an update too').toBe(length);
});
