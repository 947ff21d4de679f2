import { expect, test } from 'vitest';
import { interfaces, wholeInterface, type InterfaceOptions } from '../kinds/interfaces/index.ts';
import { channelsOf, interfacesOf } from './channels.ts';
import { complete } from './complete.ts';
import { parseConfig } from './load.ts';

test('K2: what an interface means where nothing is said is said once, for files and for programs', () => {
  const types = interfaces.map(({ type }) => type);
  const bare: InterfaceOptions[] = types.map((type) => ({ type, listen: '127.0.0.1:0', device: '/dev/x' }));
  const [lan, , , , serial] = complete({ interfaces: bare }).interfaces ?? [];
  expect(complete({ interfaces: bare }).interfaces?.map(({ channel }) => channel)).toEqual(
    interfaces.map(({ defaults }) => defaults.channel),
  );
  const channels = Object.fromEntries(interfaces.map(({ type, defaults }) => [type, defaults.channel]));
  expect(channels).toMatchObject({ lan: 1, vm: 15, ipmb: 0, icmb: 6, serial: 2, bt: 15, kcs: 15, ssif: 15 });
  expect(lan).toMatchObject({ cipherSuites: [3, 17], authTypes: ['md5', 'md2'] });
  expect(serial).toMatchObject({ baud: 115_200, modes: ['basic', 'terminal'] });
  const [file] = parseConfig('interfaces: [{ type: lan, listen: 127.0.0.1:0 }]', 'f');
  expect(complete(file).interfaces).toEqual([wholeInterface({ type: 'lan', listen: '127.0.0.1:0' })]);
});

test('K2: an undefined setting is none, what is said stays, and whole settings are not copied', () => {
  const [whole] =
    complete({ interfaces: [{ type: 'lan', channel: undefined, cipherSuites: [17] }] }).interfaces ?? [];
  expect(whole).toMatchObject({ channel: 1, cipherSuites: [17] });
  expect(wholeInterface(whole)).toBe(whole);
  const options = { interfaces: [{ type: 'lan' as const, channel: 3 }] };
  expect(interfacesOf(options, 'lan')[0].channel).toBe(3);
  expect(channelsOf(options).map(({ number }) => number)).toEqual([0, 3, 15]);
});

test('K2: a channel with satellites has its bus without being asked, once', () => {
  const satellites = [{ address: 0x30 }, { address: 0x32, channel: 7 }, { address: 0x34 }];
  const made = complete({ satellites, interfaces: [{ type: 'ipmb' }] }).interfaces;
  expect(made?.map(({ type, channel }) => [type, channel])).toEqual([
    ['ipmb', 0],
    ['ipmb', 7],
  ]);
});

test.each([
  [
    'behind a satellite, against its neighbour',
    [{ address: 0x80, satellites: [{ address: 0x40 }] }, { address: 0x40 }],
    ['satellites', 1],
  ],
  [
    'behind a satellite, against it',
    [{ address: 0x80, satellites: [{ address: 0x80 }] }],
    ['satellites', 0, 'satellites', 0],
  ],
  [
    'behind a satellite, against the BMC',
    [{ address: 0x80, satellites: [{ address: 0x20 }] }],
    ['satellites', 0, 'satellites', 0],
  ],
])('V7: two controllers with one address on a bus, %s', (_, satellites, path) => {
  expect(() => complete({ satellites })).toThrow(
    expect.objectContaining({ name: 'SettingsError', path }) as Error,
  );
});

test('V7: on busses of their own they may have the same', () => {
  const behind = [{ address: 0x40, channel: 1 }];
  expect(() =>
    complete({ satellites: [{ address: 0x80, satellites: behind }, { address: 0x40 }] }),
  ).not.toThrow();
});
