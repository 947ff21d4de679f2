import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { givenSettings } from '../config/given.ts';
import type { Change, Journal } from '../state/store.ts';
import { stores } from '../state/stores.ts';
import { simWorld } from '../world/index.ts';
import { parameterName } from './state.ts';

const SETTINGS = {
  interfaces: [
    {
      type: 'lan' as const,
      listen: '10.0.0.1:623',
      channel: 2,
      address: '10.0.0.2',
      netmask: '255.0.0.0',
      gateway: '10.0.0.9',
      kg: 'the key',
    },
  ],
  users: [{ id: 3, name: 'admin', password: 'secret', privilege: 'administrator' as const }],
  fru: [{ id: 4, name: 'Board' }],
  sensors: ['One', 'Two'].map((name) => ({
    name,
    entity: '3.1',
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 127] as const,
    value: 40,
    thresholds: { uc: 80 },
  })),
  chassis: { restorePolicy: 'previous' as const },
  identity: {
    deviceGuid: 'facda293-26f0-4b21-b57a-25186889ab31',
    systemGuid: 'facda293-26f0-4b21-b57a-25186889ab32',
  },
};

/**
 * What each setting is stored under when a client changes it: `state show` looks under the same key, or says
 * that it still holds.
 */
const changes: Record<string, (bmc: Bmc) => unknown> = {
  'a user': (bmc) => bmc.users.setName(3, 'other'),
  'a password': (bmc) => bmc.users.setPassword(3, new Uint8Array(20)),
  'FRU data': (bmc) => bmc.fru.write(4, 0, Uint8Array.of(1)),
  'thresholds of a sensor without a number': (bmc) => bmc.sensors.get('Two').setThresholds({ uc: 90 }),
  'an address': (bmc) => bmc.lan.set(2, 3, Uint8Array.of(10, 9, 9, 9), undefined),
  'a gateway': (bmc) => bmc.lan.set(2, 12, Uint8Array.of(10, 9, 9, 9), undefined),
  K_g: (bmc) => bmc.channels.setKey(2, 'kg', new Uint8Array(20)),
  'the restore policy': (bmc) => bmc.chassis.setRestorePolicy(2),
  'the device GUID': (bmc) => bmc.identity.setGuid('device', 'facda293-26f0-4b21-b57a-25186889ab33'),
  'the system GUID': (bmc) => bmc.identity.setGuid('system', 'facda293-26f0-4b21-b57a-25186889ab33'),
};

test.each(Object.keys(changes))('M14: state show finds %s under the key that a change of it has', (what) => {
  const written: Change[] = [];
  const journal: Journal = {
    load: () => [],
    write: (some) => void written.push(...some),
    satellite: () => journal,
  };
  const bmc = new Bmc(SETTINGS, { world: simWorld(1), journal });
  written.length = 0;
  void changes[what](bmc);
  const given = givenSettings(SETTINGS);
  const shadows = Object.values(stores).flatMap(({ name, shadows: of }) =>
    (of?.(given) ?? []).map(([key]) => `${name}/${key}`),
  );
  const keys = written.map(({ store, key }) => `${store}/${key}`);
  expect(keys.filter((key) => shadows.includes(key))).toHaveLength(1);
});

test('P3: state show says which parameter a value is', () => {
  expect([
    parameterName({ store: 'lan', key: '2/3' }),
    parameterName({ store: 'lan', key: '1/18/2' }),
    parameterName({ store: 'serial-secrets', key: '2/42/1' }),
    parameterName({ store: 'sol', key: '1/3' }),
    parameterName({ store: 'pef', key: '6/12' }),
    parameterName({ store: 'boot-options', key: '7/0' }),
    parameterName({ store: 'system-info', key: '2/0' }),
    parameterName({ store: 'dcmi-configuration', key: '4' }),
    parameterName({ store: 'sel', key: '4' }),
    parameterName({ store: 'lan', key: '1/200' }),
  ]).toEqual([
    'IP Address',
    'Destination Type',
    'PPP Account User Passwords',
    'Character Accumulate Interval and Send Threshold',
    'Event Filter Table',
    'Boot Initiator Mailbox',
    'System Name',
    'DHCP Timing 2',
    undefined,
    undefined,
  ]);
});
