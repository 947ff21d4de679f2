import { expect, test } from 'vitest';
import { keyName, type Command } from './command.ts';
import * as declared from './index.ts';
import { definingBodies, isVendorNetFn, manufacturers, oemCommands, oemName } from './oem-registry.ts';

const commands = Object.values(declared).filter(
  (value): value is Command => typeof value === 'object' && value !== null && 'request' in value,
);

test('R50: every OEM command that is declared stands in the registry, once, and nothing else does', () => {
  const oem = commands
    .filter(({ netFn }) => netFn === 0x2e || isVendorNetFn(netFn))
    .map((one) => `${keyName(one)} ${one.name}`);
  const listed = oemCommands.map((one) => `${keyName(one)} ${one.name}`);
  expect(listed.toSorted()).toEqual(oem.toSorted());
  expect(new Set(oemCommands.map(keyName)).size).toBe(oemCommands.length);
});

test('no two declared commands have the same numbers', () => {
  const keys = commands.map(keyName);
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});

test('numbers are in range and have names', () => {
  expect(Object.keys(manufacturers).every((number) => Number(number) > 0 && Number(number) <= 0xffffff)).toBe(
    true,
  );
  expect(Object.keys(definingBodies).every((number) => Number(number) <= 0xff)).toBe(true);
  expect([
    oemName({ netFn: 0x2e, body: 49871 }),
    oemName({ netFn: 0x2c, body: 0xdc }),
    oemName({ netFn: 0x30 }),
    oemName({ netFn: 0x06 }),
  ]).toEqual(['OpenBMC', 'DCMI', 'Dell or Intel or Supermicro or Quanta', undefined]);
});
