import { expect, test } from 'vitest';
import { rig, sessionContext } from '../../test/support/bmc.ts';
import { parseTraceFilter, traced, traceLines, type Traced, type TracedRequest } from './index.ts';

const REQUEST: TracedRequest = {
  kind: 'request',
  at: 1,
  id: 7,
  channel: 1,
  user: 'admin',
  privilege: 4,
  peer: '10.0.0.9:4711',
  netFn: 0x0a,
  lun: 0,
  cmd: 0x23,
  name: 'Get SDR',
  request: 'Get SDR recordId=1',
  cc: 0xc5,
  answer: 'reservation canceled or invalid (C5h)',
  owner: 'standard',
  microseconds: 250,
  late: false,
  faults: ['slow-disk'],
};
const DROP: Traced = { kind: 'dropped', at: 1, channel: 1, peer: '10.0.0.9:4711', reason: 'bad signature' };

const fits = (text: string, one: Traced = REQUEST): boolean => {
  const filter = parseTraceFilter(text);
  if (typeof filter === 'object') throw new Error(`${filter.column}: ${filter.problem}`);
  return filter(one);
};

test.each([
  ['cmd=get-sdr user=admin cc!=0', true],
  ['cmd=get-sdr user=other', false],
  ['cmd=GET-SDR', true],
  ['cmd=get-*', true],
  ['cmd=set-*', false],
  ['cmd=0x23 netfn=0Ah', true],
  ['cmd=35', true],
  ['cmd=get-device-id,get-sdr', true],
  ['cmd!=get-device-id,get-sdr', false],
  ['cc=C5h', true],
  ['cc=0', false],
  ['us>249 us<=250', true],
  ['us>250', false],
  ['privilege=administrator', true],
  ['privilege>=4', true],
  ['peer=10.0.0.9:*', true],
  ['peer=10.0.0.9', false],
  ['fault=slow-disk', true],
  ['owner="standard"', true],
  ['kind=dropped', false],
  ['dropped=*', false],
  ['dropped!=malformed', false],
  ['channel=1', true],
  ['id=7', true],
])('EXP4: %s', (text, expected) => expect(fits(text)).toBe(expected));

test('EXP4: dropped datagrams have their own words; quotes hold blanks', () => {
  expect(fits('dropped="bad signature" channel=1', DROP)).toBe(true);
  expect(fits('dropped=bad*', DROP)).toBe(true);
  expect(fits('cc!=0', DROP)).toBe(false);
});

test.each([
  ['', 1, 'expected a term such as cc!=0'],
  ['comand=x', 1, "'comand' is none of kind, cmd"],
  ['cc!=0 usr=admin', 7, "'usr' is none of"],
  ['cc', 3, "expected one of != >= <= = > < after 'cc'"],
  ['cc!=0  user=', 13, "expected a value after 'user='"],
  ['us>fast', 4, "'fast' is no number, and > compares numbers"],
  ['=0', 1, 'expected one of kind, cmd'],
  ['cc=0 "x"', 6, 'expected one of kind, cmd'],
])('EXP4: what is wrong with %s is said with its column', (text, column, problem) => {
  const filter = parseTraceFilter(text);
  expect(filter).toMatchObject({ column });
  expect((filter as { problem: string }).problem).toContain(problem);
});

const NAMES = { commands: ['get-sdr', 'get-device-id'], users: ['admin'] };

test.each([
  ['cmd=nope', 5, "there is no command 'nope'"],
  ['cmd=get-sdr,nope', 5, "there is no command 'nope'"],
  ['cmd=nope*', 5, "there is no command 'nope*'"],
  ['cmd=0x100', 5, "there is no command '0x100'"],
  ['user!=nobody', 7, "there is no user 'nobody'"],
  ['kind=log', 6, "there is no kind 'log'"],
  ['privilege=admin', 11, "there is no privilege 'admin'"],
  ['dropped=x', 9, "there is no reason 'x'"],
  ['cc=nope', 4, "'nope' is no number of 0 to 255"],
  ['cc=256', 4, "'256' is no number of 0 to 255"],
  ['lun=4', 5, "'4' is no number of 0 to 3"],
  ['channel=*', 9, "'*' is no number of 0 to 15"],
  ['id=first', 4, "'first' is no number"],
])('17.2: %s could never fit, and is a problem', (text, column, problem) =>
  expect(parseTraceFilter(text, NAMES)).toMatchObject({ column, problem }),
);

test('17.2: patterns, numbers and names that are known fit; who knows no names takes any', () => {
  for (const text of [
    'cmd=get-*',
    'cmd=get-device-id,30h*',
    'cmd=30h-77h',
    'cmd=*-77h',
    'cmd=1',
    'cmd=Get-SDR',
    'user=ad*',
    'privilege=4',
    'kind=request',
    'cc=C1h',
  ])
    expect(parseTraceFilter(text, NAMES), text).toBeTypeOf('function');
  expect(parseTraceFilter('cmd=acme-blink user=kim')).toBeTypeOf('function');
});

test('EXP4: a request has its time, number, peer, level, owner and the rule of a fault; what it carries stays a tree', async () => {
  const { bmc, world } = rig({
    interfaces: [{ type: 'lan' }],
    satellites: [{ address: 0x82, name: 'other' }],
    faults: {
      rules: [{ id: 'late-sdr', when: { command: 'Get SDR Repository Info' }, then: { complete: 0xc0 } }],
    },
  });
  await bmc.open();
  const all: Traced[] = [];
  bmc.taps.add(traced(bmc.router, world.clock, (one) => void all.push(one)));
  const context = sessionContext(bmc, 4);
  const ask = (netFn: number, cmd: number, ...data: number[]) =>
    world.until(
      Promise.resolve(bmc.router.enter({ netFn, lun: 0, cmd, data: Uint8Array.from(data) }, context)),
    );
  await ask(0x0a, 0x20);
  const [request, ...rest] = all;
  const requests = all.filter((one) => one.kind === 'request');
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({
    peer: '10.0.0.9',
    user: bmc.users.name(2),
    privilege: 4,
    netFn: 0x0a,
    cmd: 0x20,
    name: 'Get SDR Repository Info',
    owner: 'standard',
    cc: 0xc0,
    faults: ['late-sdr'],
  });
  expect([request.kind, rest.length]).toEqual(['fault', 1]);
  all.length = 0;
  // Send Message to the satellite: Get Device ID in it.
  await ask(6, 0x34, 0x40, 0x82, 0x18, 0x66, 0x20, 0x04, 0x01, 0xdb);
  await world.run(1000);
  const outer = all.find((one) => one.kind === 'request' && one.cmd === 0x34);
  const tree = all.find((one) => one.kind === 'carried');
  expect(tree).toMatchObject({ id: (outer as TracedRequest).id });
  expect(traceLines(tree!)[0]).toMatch(/^└─ 82h {2}Get Device ID {2}-> /);
  // A tree is shown with its request, and not without.
  const shown = (text: string): string[] => {
    const filter = parseTraceFilter(text);
    return typeof filter === 'object' ? [] : all.filter(filter).map(({ kind }) => kind);
  };
  expect(shown('cmd=send-message')).toEqual(['request', 'carried']);
  expect(shown('cmd=get-sdr')).toEqual([]);
});
