// What one dispatch costs as handler sets are added, beside the RFC's list of match callbacks; and what a
// BMC's router weighs.
import { u8 } from '../src/codec/index.ts';
import { command, Privilege } from '../src/commands/command.ts';
import { standard } from '../src/handlers/standard.ts';
import { weight } from './fleet.ts';
import {
  Context,
  handle,
  handleRaw,
  Router,
  standardTable,
  type Channel,
  type Message,
} from '../src/router/index.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
const clock = { monotonic: () => performance.now(), after: () => ({ cancel: () => undefined }) };
const ROUNDS = 9;
const CALLS = 200_000;
const ANSWER = Uint8Array.of(0);

function median(run: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const began = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - began) / CALLS;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

/** Messages to `sets` commands in a mixed order. */
const messages = (sets: number): Message[] =>
  Array.from({ length: 1024 }, (_, i) => ({
    netFn: 0x30,
    lun: 0,
    cmd: (i * 7919) % sets,
    data: new Uint8Array(0),
  }));

function table(sets: number): number {
  const router = new Router({ standard, clock });
  for (let i = 0; i < sets; i++)
    router.register({
      owner: `set ${i}`,
      handlers: [handleRaw({ netFn: 0x30, cmd: i }, () => ANSWER, { privilege: Privilege.User })],
    });
  const context = new Context(undefined, LAN, Privilege.Administrator);
  const mix = messages(sets);
  return median(() => {
    for (let i = 0; i < CALLS; i++) void router.dispatch(mix[i & 1023], context);
  });
}

/** The RFC: each device is asked in turn whether the message is its own. */
function list(sets: number): number {
  const devices = Array.from({ length: sets }, (_, n) => ({
    matches: (m: Message) => m.netFn === 0x30 && m.cmd === n,
    handle: () => ANSWER,
  }));
  const mix = messages(sets);
  let sink = 0;
  const time = median(() => {
    for (let i = 0; i < CALLS; i++)
      sink += devices.find((device) => device.matches(mix[i & 1023]))!.handle().length;
  });
  return sink > 0 ? time : NaN;
}

function typed(): number {
  const Echo = command({
    name: 'Echo',
    spec: 'bench',
    netFn: 0x30,
    cmd: 1,
    privilege: Privilege.User,
    request: { a: u8 },
    response: { a: u8 },
  });
  const router = new Router({
    standard: standardTable([{ owner: 'bench', handlers: [handle(Echo, ({ a }) => ({ a }))] }]),
    clock,
  });
  const context = new Context(undefined, LAN, Privilege.Administrator);
  const message: Message = { netFn: 0x30, lun: 0, cmd: 1, data: Uint8Array.of(7) };
  return median(() => {
    for (let i = 0; i < CALLS; i++) void router.dispatch(message, context);
  });
}

export function run(): void {
  // The engine is shown every size first: what one size has by being the only one ever seen is not the
  // table's doing.
  for (const sets of [256, 1]) void [table(sets), list(sets)];
  console.log('| handler sets | dispatch, ns | list of match callbacks, ns |\n|---|---|---|');
  for (const sets of [1, 8, 64, 256])
    console.log(`| ${sets} | ${table(sets).toFixed(0)} | ${list(sets).toFixed(0)} |`);
  console.log(`\na typed handler, decode and encode included: ${typed().toFixed(0)} ns`);
  console.log(`a router over the shared standard table, one of 10,000: ${weight('router')} bytes`);
}
