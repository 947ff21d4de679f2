import { expect, test } from 'vitest';
import { rig } from '../../../test/support/bmc.ts';
import { simWorld } from '../../world/index.ts';
import { bit, bits, byte, rest, u8, upTo } from '../../codec/index.ts';
import { parameterSet, parametersOf } from '../../commands/parameters/parameter.ts';
import { parameterFits, ParameterTable } from './parameter-table.ts';
import { Store } from '../store.ts';

const parameter = parametersOf('LAN');
const parameters = parameterSet('none', {
  lock: parameter({ selector: 0, name: 'lock', layout: byte({ state: bits(1, 0) }) }),
  readOnly: parameter({
    selector: 1,
    name: 'read-only',
    access: 'read-only',
    layout: { value: u8 },
    initial: { value: 7 },
  }),
  limited: parameter({
    selector: 2,
    name: 'limited',
    reserved: 'refused',
    layout: { value: upTo(4), ...byte({ low: bits(3, 0) }) },
  }),
  sets: parameter({ selector: 3, name: 'sets', sets: 2, volatileSet: true, layout: { value: u8 } }),
  blocks: parameter({
    selector: 4,
    name: 'blocks',
    firstSet: 1,
    sets: 2,
    blocks: 2,
    firstBlock: 0,
    layout: { value: u8 },
  }),
  secret: parameter({ selector: 5, name: 'secret', access: 'write-only', layout: { value: rest(1, 2) } }),
  dropped: parameter({
    selector: 6,
    name: 'dropped',
    reserved: 'dropped',
    layout: byte({ high: bit(7), low: bits(1, 0) }),
  }),
  padded: parameter({ selector: 7, name: 'padded', sets: 2, padded: true, layout: { value: rest(0, 4) } }),
});

function bench() {
  const values = new Store<Uint8Array>('values');
  const secrets = new Store<Uint8Array>('secrets');
  const { clock } = simWorld(1);
  const of = (prefix: string): ParameterTable =>
    new ParameterTable(clock, { parameters, values, secrets, prefix, setBits: 0x0f });
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
  expect(() => bench().table.set(parameter, Uint8Array.from(data), 'me')).toThrow(
    expect.objectContaining({ cc }),
  );
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

test('reserved bits that are dropped are read back as 0; a padded value is kept in its whole size', () => {
  const { table } = bench();
  void table.set(6, Uint8Array.of(0xff), 'me');
  void table.set(7, Uint8Array.of(1, 9), 'me');
  expect([[...table.get(6)], [...table.get(7, 1)]]).toEqual([[0x83], [1, 9, 0, 0, 0]]);
});

test('what is stored fits the layout: a padded value in its whole size, others between their least and most', () => {
  const fits = parameterFits(parameters);
  const sizes = (key: string): number[] =>
    [0, 1, 2, 3, 4, 5].filter((size) => fits(key, new Uint8Array(size)));
  expect({
    limited: sizes('1/2'),
    secret: sizes('1/5'),
    padded: sizes('1/7/0'),
    nobodys: sizes('1/9').length,
  }).toEqual({
    limited: [2],
    secret: [1, 2],
    padded: [4],
    nobodys: 6,
  });
});

test('two parameters of one number, and data without an end, fail when they are declared', () => {
  const one = parameter({ selector: 1, name: 'one', layout: { value: u8 } });
  expect(() => parameterSet('none', { one, other: one })).toThrow('two parameters have number 1');
  expect(() => parameter({ selector: 2, name: 'endless', layout: { value: rest() } })).toThrow('no end');
});

test('LAN alert destination 0 ends with a cold reset, others stay', async () => {
  const { send, bmc, world } = rig();
  const types = async (): Promise<number[]> => [
    (await send(0x0c, 0x02, 1, 18, 0, 0))[4],
    (await send(0x0c, 0x02, 1, 18, 1, 0))[4],
  ];
  for (const set of [0, 1]) expect(await send(0x0c, 0x01, 1, 18, set, 0, 9, 3)).toEqual([0]);
  expect(await types()).toEqual([9, 9]);
  bmc.reset('cold');
  await world.run(5000);
  expect(await types()).toEqual([2, 9]);
});
