import { expect, test } from 'vitest';
import { simWorld } from '../../world/index.ts';
import { buildResponse, parseMessage, type IpmiMessage } from '../../wire/index.ts';
import { Context, type Channel } from '../../router/index.ts';
import { Requester, type WriteResult } from './requester.ts';

const REQUEST = { to: 0x82, toLun: 1, netFn: 6, cmd: 1, data: new Uint8Array(0) };

function bench() {
  const world = simWorld(1);
  const sent: IpmiMessage[] = [];
  const requester = new Requester({
    clock: world.clock,
    address: 0x20,
    write: (frame) => (sent.push(parseMessage(frame)!), 'taken'),
  });
  /** The response to the request that was sent last, as it is or with something else in it. */
  const respond = (other: Partial<IpmiMessage> = {}): boolean =>
    requester.respond({ ...parseMessage(buildResponse(sent.at(-1)!, Uint8Array.of(0)))!, ...other });
  return { world, sent, requester, respond };
}

test('only the response with number, NetFn, command, address and LUN of the request is its answer, once', async () => {
  const { world, requester, respond } = bench();
  const answer = requester.request(REQUEST);
  const strange = [{ seq: 1 }, { netFn: 6 }, { netFn: 5 }, { cmd: 2 }, { from: 0x84 }, { fromLun: 0 }];
  expect(strange.map((other) => respond(other))).toEqual(strange.map(() => false));
  expect([respond(), respond()]).toEqual([true, false]);
  expect(await world.until(answer)).toEqual(Uint8Array.of(0));
  expect([requester.unexpected, requester.waiting]).toEqual([strange.length + 1, 0]);
});

test('two uses of a number lie 48 requests apart, also beside one that waits long', async () => {
  const { world, sent, requester, respond } = bench();
  const silent = requester.request(REQUEST);
  for (let i = 0; i < 15; i++) {
    const answer = requester.request(REQUEST);
    respond();
    await world.until(answer);
  }
  // The window is full, and its first request takes longer than the next one waits for its turn.
  await expect(world.until(requester.request(REQUEST))).rejects.toMatchObject({ cc: 0xc0 });
  expect(await world.until(silent)).toEqual(Uint8Array.of(0xc3));
  for (let i = 0; i < 200; i++) {
    const answer = requester.request(REQUEST);
    respond();
    await world.until(answer);
  }
  const last = new Map<number, number>();
  const gaps: number[] = [];
  for (const [at, { seq }] of sent.slice(-200).entries()) {
    const before = last.get(seq);
    if (before !== undefined) gaps.push(at - before);
    last.set(seq, at);
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(48);
});

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
const someone = () => ({
  handle: 1,
  id: 1,
  userId: 2,
  userName: 'admin',
  privilege: 4,
  maxPrivilege: 4,
  channel: LAN,
});

test('I2: what its session may no longer ask for is not sent again: D4h', async () => {
  const { world, sent, requester, respond } = bench();
  const session = someone();
  const answer = requester.request({ ...REQUEST, cause: new Context(undefined, LAN, 5, 0, session) });
  await world.run(300);
  expect(sent).toHaveLength(2);
  session.privilege = 2;
  await world.run(5000);
  expect([sent.length, await world.until(answer)]).toEqual([2, Uint8Array.of(0xd4)]);
  expect(respond()).toBe(false);
});

test('I2: nor once it has waited for its turn, or for the medium', async () => {
  const { world, sent, requester } = bench();
  const session = someone();
  const cause = new Context(undefined, LAN, 5, 0, session);
  for (let i = 0; i < 16; i++) void requester.request(REQUEST);
  const waiting = requester.request({ ...REQUEST, cause }).catch((error: { cc: number }) => error.cc);
  await world.run(20);
  const before = sent.length;
  session.privilege = 0;
  for (const { seq } of sent.slice(0, 16))
    requester.respond({ ...parseMessage(buildResponse(sent[0], Uint8Array.of(0)))!, seq });
  await world.run(50);
  expect([await world.until(waiting), sent.length]).toEqual([0xd4, before]);

  let refusals = 0;
  const busy = new Requester({
    clock: world.clock,
    address: 0x20,
    write: (): WriteResult => (refusals++, 'arbitration'),
  });
  const other = someone();
  const asked = busy
    .request({ ...REQUEST, cause: new Context(undefined, LAN, 5, 0, other) })
    .catch((error: { cc: number }) => error.cc);
  await world.run(1);
  other.privilege = 0;
  expect([await world.until(asked), refusals, busy.waiting]).toEqual([0xd4, 1, 0]);
});
