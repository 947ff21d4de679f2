import { expect, test } from 'vitest';
import { groupsOf } from '../fleet/groups.ts';
import { atOnce } from '../world/pace.ts';
import { parseConfig } from './load.ts';
import type { BmcOptions } from './options.ts';
import { problemsTogether } from './together.ts';

const listens = (text: string): unknown[] =>
  parseConfig(text, 'f').map(({ interfaces }) => interfaces?.map((one) => 'listen' in one && one.listen));
const mistakes = (text: string): string => {
  try {
    parseConfig(text, 'f');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no mistake';
};
const entry = (listen: string, count = '3'): string =>
  `bmcs: [{ count: ${count}, name: 'node-{n}', interfaces: [{ type: lan, listen: '${listen}' }] }]`;

test('I16: each of a count has the n-th address behind the one that is given', () => {
  expect(listens(entry('10.9.0.0/16:623'))).toEqual([
    ['10.9.0.0/16:623'],
    ['10.9.0.1/16:623'],
    ['10.9.0.2/16:623'],
  ]);
  const [first, ...more] = listens(entry('10.9.4.0/16:623', '{ from: 254, to: 257 }'));
  expect([first, more.at(-1)]).toEqual([['10.9.4.254/16:623'], ['10.9.5.1/16:623']]);
  for (const form of ['[fd00:9::/64]:623', '[fd00:9::]/64:623'])
    expect(listens(entry(form))[2]).toEqual(['[fd00:9::2/64]:623']);
  // Its own numbers, where it has some.
  expect(listens(entry('10.9.{n+1}.7/16:623'))[1]).toEqual(['10.9.2.7/16:623']);
  // A BMC by itself is at the address that is written.
  expect(listens("bmcs: [{ name: a, interfaces: [{ type: lan, listen: '10.9.0.7/16:623' }] }]")).toEqual([
    ['10.9.0.7/16:623'],
  ]);
});

test.each([
  [entry('10.9.0.0/30:623', '5'), 'expected a prefix with room for number 4: 10.9.0.0/30 ends before it'],
  [entry('[fd00:9::fffe/112]:623', '3'), 'room for number 2: fd00:9::/112 ends before it'],
  [entry('10.9.0.0/33:623'), 'expected host:port, like 10.9.0.0/16:623'],
  [entry('10.9.0.0/16'), 'expected host:port, like 10.9.0.0/16:623'],
  [entry('name/16:623'), 'expected host:port, like 10.9.0.0/16:623'],
  [entry('10.9.0.0/16:65536'), 'expected a port of 0 to 65535'],
])('I16: %s is told', (text, problem) => expect(mistakes(text)).toContain(problem));

const lan = (name: string, ...listen: string[]): BmcOptions => ({
  name,
  interfaces: listen.map((one, i) => ({ type: 'lan', listen: one, channel: i + 1 })),
  users: [{ id: 2, name: 'admin', password: 'secret' }],
});
const clashes = (...bmcs: BmcOptions[]): string[] =>
  atOnce(problemsTogether(bmcs, { absolute: (path) => path, kept: false })).map(({ message }) => message);

test('I16: addresses of prefixes share a port with each other, and with nobody else', () => {
  const two = lan('two', '10.9.0.2/16:623');
  expect(
    clashes(lan('one', '10.9.0.1/16:623'), two, lan('other', '10.8.0.1/24:623', '[fd00::1/64]:623')),
  ).toEqual([]);
  expect(clashes(two, lan('same', '10.9.0.2/24:623'))).toEqual([
    "UDP port 10.9.0.2/24:623 is taken by BMC 'two'",
  ]);
  const hint =
    ': addresses of a prefix have their port on all addresses of the machine (a single one beside them: ADDRESS/32)';
  expect(clashes(two, lan('plain', '127.0.0.1:623'))).toEqual([
    `UDP port 127.0.0.1:623 is taken by BMC 'two'${hint}`,
  ]);
  expect(clashes(lan('plain', '127.0.0.1:623'), two)).toEqual([
    `UDP port 10.9.0.2/16:623 is taken by BMC 'plain'${hint}`,
  ]);
  expect(clashes(two, lan('single', '127.0.0.1/32:623'), lan('elsewhere', '127.0.0.1:624'))).toEqual([]);
});

test('I16: as before, one address is one listener, and one on all of them is in the way of each', () => {
  expect(clashes(lan('a', '127.0.0.1:1'), lan('b', '127.0.0.2:1'), lan('c', 'localhost:1'))).toEqual([
    "UDP port localhost:1 is taken by BMC 'a'",
  ]);
  expect(clashes(lan('a', '0.0.0.0:1'), lan('b', '127.0.0.2:1'))).toHaveLength(1);
  expect(clashes(lan('a', '127.0.0.2:1'), lan('b', '[::]:1'))).toHaveLength(1);
  expect(clashes(lan('a', '127.0.0.2:0'), lan('b', '127.0.0.2:0'))).toEqual([]);
});

// Looked at two by two they would take minutes: the test would not end in time.
test('I16: sixty-five thousand of one prefix are looked at in a moment', { timeout: 180_000 }, () => {
  const bmcs = Array.from({ length: 65_536 }, (_, n) => lan(`node-${n}`, `10.9.${n >> 8}.${n & 255}/16:623`));
  expect(atOnce(problemsTogether(bmcs, { absolute: (path) => path, kept: true }))).toEqual([]);
});

test('I16: who goes from an address of its own to one of a prefix goes together with the others of the port', () => {
  const turn = (name: string, before: string, wanted: string) => ({
    name,
    before: lan(name, before),
    wanted: lan(name, wanted),
  });
  const groups = (...turns: Parameters<typeof turn>[]): number[] =>
    atOnce(
      groupsOf(
        turns.map((one) => turn(...one)),
        (path) => path,
      ),
    ).map(({ length }) => length);
  expect(groups(['a', '10.9.0.1/16:1', '10.9.0.3/16:1'], ['b', '10.9.0.2/16:1', '10.9.0.4/16:1'])).toEqual([
    1, 1,
  ]);
  expect(groups(['a', '10.9.0.1/16:1', '10.9.0.2/16:1'], ['b', '10.9.0.2/16:1', '10.9.0.1/16:1'])).toEqual([
    2,
  ]);
  expect(groups(['a', '10.9.0.1:1', '10.9.0.1/16:1'], ['b', '10.9.0.2:1', '10.9.0.2/16:1'])).toEqual([2]);
});
