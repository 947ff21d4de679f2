import { expect, test } from 'vitest';
import { SettingsError } from '../settings/errors.ts';
import type { BmcOptions } from './options.ts';
import { Sections } from './sections.ts';

const lan = (listen: string, channel?: number): BmcOptions['interfaces'] => [
  { type: 'lan', listen, channel },
  { type: 'lan', listen: '127.0.0.1:0', channel: 2 },
];

test('T3: BMCs whose interfaces differ in where they listen are not looked at again; any other difference is', () => {
  const sections = new Sections();
  expect(sections.check({ interfaces: lan('127.0.0.1:1', 1) }), 'the first is made').toBe(false);
  for (let n = 2; n < 5; n++) expect(sections.check({ interfaces: lan(`127.0.0.1:${n}`, n + 1) })).toBe(true);
  const clash = (): boolean => sections.check({ interfaces: lan('127.0.0.1:9', 2) });
  expect(clash).toThrow(SettingsError);
  expect(clash).toThrow('two interfaces have channel 2');
});

test('T3: a mistake that only one number brings is found, whatever section it is in', () => {
  const sections = new Sections();
  const of = (n: number): BmcOptions => ({
    identity: { systemGuid: `00000000-0000-0000-0000-00000000000${n}` },
    users: [{ id: 2, name: 'admin', password: n === 7 ? 'x'.repeat(21) : 'secret' }],
    fru: [{ id: 0, name: 'Board', product: { name: 'P', serial: n === 8 ? 'x'.repeat(70) : `S${n}` } }],
  });
  expect([0, 1, 2].map((n) => sections.check(of(n)))).toEqual([false, true, true]);
  expect(() => sections.check(of(7))).toThrow('more than 20 bytes');
  expect(() => sections.check(of(8))).toThrow(SettingsError);
});
