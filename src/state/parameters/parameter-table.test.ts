import { expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { simWorld } from '../../world/index.ts';
import { ParameterTable, type ParameterRules } from './parameter-table.ts';
import { Store } from '../store.ts';

const rules: ParameterRules = {
  0: { size: 1 },
  1: { size: 1, readOnly: true, initial: [7] },
  2: { size: 2, highest: 4, allowed: [0xff, 0x0f] },
  3: { size: 2, sets: 2, volatileSet: true },
  4: { size: 3, firstSet: 1, sets: 2, blocks: 2, firstBlock: 0 },
  5: { size: 2, least: 1, writeOnly: true },
};

function bench() {
  const values = new Store<Uint8Array>('values');
  const secrets = new Store<Uint8Array>('secrets');
  const { clock } = simWorld(1);
  const of = (prefix: string): ParameterTable => new ParameterTable(clock, { name: 'test', rules, values, secrets, prefix, setBits: 0x0f });
  return { table: of('1'), other: of('2') };
}

test.each<[string, readonly number[], number]>([
  ['no such parameter', [9, 0], 0x80],
  ['read-only', [1, 0], 0x82],
  ['too short', [2, 0], 0xc7],
  ['too long', [2, 0, 0, 0], 0xc7],
  ['above the highest', [2, 5, 0], 0xcc],
  ['bits that there are not', [2, 4, 0x10], 0xcc],
  ['no such set', [3, 2, 0], 0xc9],
  ['a set before the first', [4, 0, 0, 0], 0xc9],
  ['no such block', [4, 1, 2, 0], 0xc9],
  ['a state of the lock that there is not', [0, 3], 0xcc],
])('refused: %s', (_, [parameter, ...data], cc) => {
  expect(() => bench().table.set(parameter, Uint8Array.from(data), 'me')).toThrow(expect.objectContaining({ cc }));
});

test('sets and blocks come back with their selectors; reserved bits of a selector do not count; tables of one store are apart', async () => {
  const { table, other } = bench();
  await table.set(4, Uint8Array.of(0x71, 1, 9), 'me');
  expect([table.get(4, 1, 1), table.get(4, 1, 0), other.get(4, 1, 1)].map((data) => [...data])).toEqual([
    [1, 1, 9],
    [1, 0, 0],
    [1, 1, 0],
  ]);
});

test('a write-only parameter is read by the BMC alone', async () => {
  const { table } = bench();
  await table.set(5, Uint8Array.of(1, 2), 'me');
  expect(() => table.get(5)).toThrow(expect.objectContaining({ cc: 0x83 }));
  expect([...table.value(5)]).toEqual([1, 2]);
});

test('LAN alert destination 0 ends with a cold reset, others stay', async () => {
  const { send, bmc, world } = rig();
  const types = async (): Promise<number[]> => [(await send(0x0c, 0x02, 1, 18, 0, 0))[4], (await send(0x0c, 0x02, 1, 18, 1, 0))[4]];
  for (const set of [0, 1]) expect(await send(0x0c, 0x01, 1, 18, set, 0, 9, 3)).toEqual([0]);
  expect(await types()).toEqual([9, 9]);
  bmc.reset('cold');
  await world.run(5000);
  expect(await types()).toEqual([2, 9]);
});
