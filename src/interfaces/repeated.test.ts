import { expect, test } from 'vitest';
import { Context, type Channel, type SessionView } from '../router/index.ts';
import type { IpmiMessage } from '../wire/index.ts';
import { RepeatedRequests } from './repeated.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
const OFF = { to: 0x20, toLun: 0, netFn: 0, from: 0x81, fromLun: 0, seq: 5, cmd: 2, data: Uint8Array.of(0) };
const OK = Uint8Array.of(0);

function memory() {
  const repeated = new RepeatedRequests();
  const session: SessionView = {
    handle: 1,
    id: 9,
    userId: 2,
    userName: 'a',
    privilege: 4,
    maxPrivilege: 4,
    channel: LAN,
  };
  const ask = (more: Partial<IpmiMessage> = {}, at = 0): boolean => {
    const request = { ...OFF, ...more };
    const known =
      repeated.find(request, new Context(undefined, LAN, 5, request.toLun, session), at) !== undefined;
    if (!known) repeated.answered(request, OK);
    return known;
  };
  // A console that numbers its requests.
  ask({ seq: 1 });
  return { ask, session };
}

test('H4: a retry is answered from memory', () => {
  const { ask } = memory();
  expect([ask(), ask({}, 2000), ask({}, 6000)]).toEqual([false, true, true]);
});

test('H4: an order after another request is a new one', () => {
  const { ask } = memory();
  expect([ask(), ask({ seq: 6, data: Uint8Array.of(1) }), ask()]).toEqual([false, false, false]);
});

test.each<[string, Partial<IpmiMessage>]>([
  ['the LUN', { toLun: 1 }],
  ['the requester', { from: 0x83 }],
  ["the requester's LUN", { fromLun: 1 }],
  ['the number', { seq: 13 }],
  ['the command', { cmd: 3 }],
  ['the data', { data: Uint8Array.of(1) }],
  ['the responder', { to: 0x22 }],
])('H4: %s makes it another request', (_what, more) => {
  const { ask } = memory();
  expect([ask(), ask(more)]).toEqual([false, false]);
});

test('H4: what was answered to an operator is no answer for a user', () => {
  const { ask, session } = memory();
  ask();
  session.privilege = 2;
  expect(ask()).toBe(false);
});

test('H4: what was answered to one session is no answer for another of the same level', () => {
  const repeated = new RepeatedRequests();
  const session = (id: number): SessionView => ({
    handle: id,
    id,
    userId: 2,
    userName: 'a',
    privilege: 4,
    maxPrivilege: 4,
    channel: LAN,
  });
  const [one, other] = [session(1), session(2)];
  const ask = (by: SessionView, more: Partial<IpmiMessage> = {}): boolean => {
    const request = { ...OFF, ...more };
    const known = repeated.find(request, new Context(undefined, LAN, 5, 0, by), 0) !== undefined;
    if (!known) repeated.answered(request, OK);
    return known;
  };
  ask(one, { seq: 1 });
  expect([ask(one), ask(one), ask(other), ask(other), ask(one)]).toEqual([false, true, false, true, false]);
});

test('H4: who polls with one number hears the truth within seconds, however often it asks', () => {
  for (const period of [100, 1000, 5000]) {
    const { ask } = memory();
    ask();
    const polls = Array.from({ length: 20 }, (_, i) => ask({}, (i + 1) * period));
    expect(polls.indexOf(false), `every ${period} ms`).toBeLessThanOrEqual(5);
    expect(polls.filter((known) => !known).length, `every ${period} ms`).toBeGreaterThanOrEqual(3);
  }
});

test('H4: a repetition does not renew the memory', () => {
  const { ask } = memory();
  expect([ask({}, 0), ask({}, 9000), ask({}, 15_000), ask({}, 16_000)]).toEqual([false, true, true, false]);
});

test('H4: what is still at work is not carried out twice by a request in between', () => {
  const repeated = new RepeatedRequests();
  const context = new Context(undefined, LAN, 4);
  expect(repeated.find(OFF, context, 0)).toBeUndefined();
  expect(repeated.find({ ...OFF, seq: 6 }, context, 10)).toBeUndefined();
  expect(repeated.find(OFF, context, 20)).toBeDefined();
});
