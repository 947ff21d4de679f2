// What a request costs from the datagram to the datagram, without a network: Get Device ID over RMCP+, suite 3,
// of BMCs that differ in what is put on them, turn by turn.
import { HandConsole, logIn20, request } from '../test/support/hand-console.ts';
import { Bmc } from '../src/bmc.ts';
import type { BmcOptions } from '../src/config/options.ts';
import { LanInterface } from '../src/interfaces/index.ts';
import { simWorld, type Endpoint, type UdpNetwork, type World } from '../src/world/index.ts';

const ROUNDS = 400;
const WARM_UP = 30;
const CALLS = 200;
const LISTEN = { host: '10.0.0.1', port: 623 };

export interface Subject {
  readonly name: string;
  /** Nanoseconds of a request, of a round of them. */
  readonly round: () => number;
}

export interface SubjectOptions {
  readonly name: string;
  readonly settings?: BmcOptions;
  /** No interface but that of the network itself. */
  readonly isBare?: boolean;
  /** Puts on it what is measured. */
  readonly prepare?: (bmc: Bmc, world: World) => void;
}

/** A BMC with a session. */
export async function subject({ name, settings, isBare, prepare }: SubjectOptions): Promise<Subject> {
  const world = simWorld(1);
  let feed: ((datagram: Uint8Array, from: Endpoint) => void) | undefined;
  let from: Endpoint = LISTEN;
  let sent = 0;
  // A socket that has nothing to do, once the session is there.
  let isOpen = false;
  const udp: UdpNetwork = {
    bind: async (options) => {
      const socket = await world.udp.bind(options);
      return {
        address: socket.address,
        set onDatagram(listener: typeof socket.onDatagram) {
          feed = listener;
          socket.onDatagram =
            listener &&
            ((datagram, peer): void => {
              from = peer;
              listener(datagram, peer);
            });
        },
        send: (datagram, to) => (isOpen ? void sent++ : socket.send(datagram, to)),
        close: () => socket.close(),
      };
    },
  };
  const around: World = Object.create(world, { udp: { value: udp } }) as World;
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
      ...settings,
    },
    { world: around },
  );
  if (isBare !== true) await bmc.open();
  else await bmc.attach(new LanInterface({ bmc, udp, listen: LISTEN }));
  const console = await HandConsole.at(world);
  const session = await logIn20(console, { suite: 3 });
  isOpen = true;
  prepare?.(bmc, world);
  let sequence = 1;
  return {
    name,
    round() {
      const datagrams = Array.from({ length: CALLS }, () => {
        sequence++;
        return session.seal(sequence, request(6, 1, new Uint8Array(0), sequence & 0x3f));
      });
      const before = sent;
      const began = process.hrtime.bigint();
      for (const datagram of datagrams) feed?.(datagram, from);
      const took = Number(process.hrtime.bigint() - began) / CALLS;
      if (sent - before !== CALLS) throw new Error(`${sent - before} of ${CALLS} requests were answered`);
      return took;
    },
  };
}

export const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1];

/** A table of Markdown: a request of each, and how much more that is than of the first. */
export function compare(subjects: readonly Subject[]): string {
  const times = subjects.map((): number[] => []);
  // Turn by turn, each time another one first: what else the machine does is everybody's.
  for (let round = 0; round < ROUNDS + WARM_UP; round++)
    for (let turn = 0; turn < subjects.length; turn++) {
      const i = (round + turn) % subjects.length;
      const time = subjects[i].round();
      if (round >= WARM_UP) times[i].push(time);
    }
  const least = times.map((all) => Math.min(...all));
  // Of each round by itself: a machine that is busy makes all of a round slow, and not one subject of all.
  const more = times.map((all) => median(all.map((time, round) => time / times[0][round] - 1)));
  const table = subjects.map(
    ({ name }, i) =>
      `| ${name} | ${(least[i] / 1000).toFixed(2)} | ${i === 0 ? '' : `${(100 * more[i]).toFixed(1)} %`} |\n`,
  );
  return `| what there is | a request, us | more than without |\n|---|---|---|\n${table.join('')}`;
}
