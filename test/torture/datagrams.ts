// Requests over a bad network and through buffers that are too small: each is carried out at most once,
// answered at most once, and with its own answer.
import { setTimeout as sleep } from 'node:timers/promises';
import { Bmc } from '../../src/bmc.ts';
import type { BmcState } from '../../src/bmc-state.ts';
import { CC } from '../../src/codec/index.ts';
import { handleRaw } from '../../src/router/index.ts';
import { parse15, parse20, parseMessage, type IpmiMessage } from '../../src/wire/index.ts';
import { nodeWorld, type NodeWorld } from '../../src/world/node.ts';
import type { UdpEngine } from '../../src/world/udp-engine.ts';
import type { Endpoint, World } from '../../src/world/world.ts';
import {
  HandConsole,
  logIn15,
  logIn20,
  request,
  type Session15,
  type Session20,
} from '../support/hand-console.ts';

export interface DatagramTally {
  requests: number;
  /** Carried out by the handler. */
  carriedOut: number;
  answered: number;
  /** Answered with C0h: too many under way. */
  busy: number;
  /** What the network did: lost, twice, overtaken. */
  faults: number;
  /** Datagrams that were refused as replays, late ones included. */
  replays: number;
  /** Sessions that had lost more than their window and were opened again. */
  again: number;
}

const SESSIONS = 30;
/** Requests of a session at once: a few lost bursts are no more than its window of 16, or 8 of IPMI 1.5. */
const MOST_20 = 7;
const MOST_15 = 3;
/** Bytes of the BMC's receive buffer, which Linux doubles: a burst of all sessions is more. */
const BUFFER = 32 * 1024;
/** Every so many-th request is answered some time later. */
const SLOW = 61;
const NETFN = 0x30;

const RULES = (['in', 'out'] as const).flatMap((direction) => [
  { when: { direction, payload: 'message' as const }, then: { loss: '2%' as const }, chance: '50%' as const },
  { when: { direction, payload: 'message' as const }, then: { reorder: '3%' as const } },
]);

/** A session's end of the wire, and what its requests are numbered by. */
class Asker {
  readonly console: HandConsole;
  readonly session: Session15 | Session20;
  #sequence: number;
  /** Rounds since it heard anything. */
  silent = 0;

  constructor(console: HandConsole, session: Session15 | Session20) {
    this.console = console;
    this.session = session;
    this.#sequence = 'first' in session ? session.first : 1;
  }

  static async open(world: Parameters<typeof HandConsole.at>[0], to: Endpoint, n: number): Promise<Asker> {
    for (;;) {
      const console = await HandConsole.at(world, '127.0.0.1', to);
      try {
        const session =
          n % 3 === 0 ? await logIn15(console) : await logIn20(console, { suite: n % 3 === 1 ? 3 : 17 });
        return new Asker(console, session);
      } catch {
        // A step was lost, as others of the network are.
        await console.close();
      }
    }
  }

  post(number: number): void {
    const data = Uint8Array.of(number, number >>> 8, number >>> 16, number >>> 24);
    this.console.post(this.session.seal(this.#sequence++, request(NETFN, 1, data, number & 0x3f)));
  }

  /** The messages that came. Throws at a datagram that is not signed or encrypted as it should be. */
  *heard(): Generator<IpmiMessage> {
    for (const datagram of this.console.take()) {
      const message = parseMessage(this.#payload(datagram));
      if (message === undefined) throw new Error('an answer is no message');
      yield message;
    }
  }

  #payload(datagram: Uint8Array): Uint8Array {
    if ('first' in this.session) {
      const packet = parse15(datagram);
      if (packet === undefined) throw new Error('an answer is malformed');
      return datagram.slice(packet.start, packet.end);
    }
    const packet = parse20(datagram);
    const { crypto } = this.session;
    if (packet === undefined || !crypto.isAuthentic(datagram, packet))
      throw new Error('an answer is not signed');
    const payload = crypto.open(datagram, packet);
    if (payload === undefined) throw new Error('an answer is not encrypted as agreed');
    return payload;
  }
}

/** What a request's answer has besides its number. */
const mixed = (number: number): number => (Math.imul(number, 0x9e3779b1) >>> 24) & 0xff;

/**
 * `requests` over one socket of the engine. Throws Error at a request that was carried out twice, an answer
 * that came twice, belongs to no request, or is not that of its request.
 */
export async function datagramRounds(
  requests: number,
  engine: UdpEngine,
  told: (done: number) => void = () => undefined,
): Promise<DatagramTally> {
  const real = nodeWorld({ engine });
  const tally = { requests: 0, carriedOut: 0, answered: 0, busy: 0, faults: 0, replays: 0, again: 0 };
  const bmc = await bmcIn(real, requests, tally);
  if (real.udp.engine !== engine) throw new Error(`engine ${engine}: ${real.udp.problem ?? 'not had'}`);
  const address = { host: '127.0.0.1', port: Number(bmc.interfaces[0].address?.split(':')[1]) };
  const world = { udp: real.udp, random: real.random, run: sleep };
  const askers: Asker[] = [];
  for (let n = 0; n < SESSIONS; n++) askers.push(await Asker.open(world, address, n));
  const answers = new Uint8Array(requests);
  for (let next = 0, quiet = 0; quiet < 3;) {
    // Each time another one is last, where the buffer is full.
    const turn = real.random.u32() % SESSIONS;
    for (let i = 0; i < SESSIONS; i++) {
      const n = (turn + i) % SESSIONS;
      const one = askers[n];
      const most = 'first' in one.session ? MOST_15 : MOST_20;
      const count = Math.min(1 + (real.random.u32() % most), requests - next);
      for (let left = count; left > 0; left--) one.post(next++);
      if (one.silent++ > 8 && next < requests) {
        tally.again++;
        await one.console.close();
        askers[n] = await Asker.open(world, address, n);
      }
    }
    tally.requests = next;
    if (next === requests) {
      // What is late comes within a moment.
      quiet++;
      await sleep(100);
    } else await new Promise<void>((resolve) => setImmediate(resolve));
    for (const one of askers) for (const message of one.heard()) hear(message, one, answers, tally);
    told(next);
  }
  for (const one of askers) await one.console.close();
  await bmc.close();
  return tally;
}

function hear(
  { netFn, seq, data }: IpmiMessage,
  one: Asker,
  answers: Uint8Array,
  tally: DatagramTally,
): void {
  one.silent = 0;
  if (netFn !== NETFN + 1) throw new Error(`an answer of NetFn ${netFn}`);
  if (data[0] === 0xc0) return void tally.busy++;
  const number = (data[1] | (data[2] << 8) | (data[3] << 16) | (data[4] << 24)) >>> 0;
  if (data[0] !== 0 || data.length !== 6 || data[5] !== mixed(number) || seq !== (number & 0x3f))
    throw new Error(`request ${number}: answered with ${[...data].join(' ')}, number ${seq}`);
  if (number >= tally.requests) throw new Error(`request ${number} was answered before it was made`);
  if (answers[number]++ > 0) throw new Error(`request ${number} was answered twice`);
  tally.answered++;
}

/** A BMC with a handler that echoes, over sockets with small buffers and a network that is bad. */
async function bmcIn(real: NodeWorld, requests: number, tally: DatagramTally): Promise<Bmc> {
  const udp: World['udp'] = { bind: (at) => real.udp.bind({ ...at, receiveBuffer: BUFFER }) };
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '127.0.0.1:0', cipherSuites: [3, 17], authTypes: ['md5'] }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      sessions: { limit: 254 },
      faults: { rules: RULES },
    },
    { world: Object.create(real, { udp: { value: udp } }) as World },
  );
  await bmc.open();
  const carriedOut = new Uint8Array(requests);
  const echo = handleRaw<BmcState>(
    { netFn: NETFN, cmd: 1 },
    ({ data }) => {
      const number = (data[0] | (data[1] << 8) | (data[2] << 16) | (data[3] << 24)) >>> 0;
      tally.carriedOut++;
      // Told by its answer: what a handler throws stays in the BMC.
      if (carriedOut[number]++ > 0) return Uint8Array.of(CC.Unspecified, ...data, 0);
      const answer = (): Uint8Array => Uint8Array.of(0, ...data, mixed(number));
      return number % SLOW === 0 ? sleep(2).then(answer) : answer();
    },
    { privilege: 1 },
  );
  bmc.router.register({ owner: 'echo', handlers: [echo] });
  bmc.taps.add({ fault: () => void tally.faults++ });
  bmc.drops.onDropped((reason) => {
    if (reason === 'replayed or out of the window') tally.replays++;
  });
  return bmc;
}
