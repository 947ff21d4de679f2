// What fault rules cost a request that none of them strikes: Get Device ID over RMCP+, suite 3, from the
// datagram to the datagram, without a network.
import { HandConsole, logIn20, request } from '../test/support/hand-console.ts';
import { Bmc } from '../src/bmc.ts';
import type { FaultRule } from '../src/faults/index.ts';
import { LanInterface } from '../src/interfaces/index.ts';
import { simWorld, type Endpoint, type UdpNetwork, type World } from '../src/world/index.ts';

const ROUNDS = 400;
const WARM_UP = 30;
const CALLS = 200;
const LISTEN = { host: '10.0.0.1', port: 623 };

interface Subject {
  readonly name: string;
  readonly round: () => number;
}

/** A BMC with a session; `round` gives nanoseconds of a request. */
async function subject(name: string, rules: readonly FaultRule[], isBare = false): Promise<Subject> {
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
      faults: { rules },
    },
    { world: around },
  );
  if (!isBare) await bmc.open();
  else await bmc.attach(new LanInterface({ bmc, udp, listen: LISTEN }));
  const console = await HandConsole.at(world);
  const session = await logIn20(console);
  isOpen = true;
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

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1];

const hundred = (rule: (i: number) => FaultRule): FaultRule[] =>
  Array.from({ length: 100 }, (_, i) => rule(i));

export async function run(): Promise<void> {
  const subjects = [
    await subject('a LAN interface on the network itself', [], true),
    await subject('no rule', []),
    await subject(
      '100 rules for other commands',
      hundred((i) => ({ when: { netFn: 0x30, cmd: i }, then: { complete: 0xc0 } })),
    ),
    await subject(
      '100 rules for other sessions’ packets',
      hundred((i) => ({ when: { payload: 'sol', nth: i + 1 }, then: { integrity: 'wrong' } })),
    ),
    await subject(
      '100 rules for other datagrams',
      hundred((i) => ({ when: { payload: 'ping', nth: i + 1 }, then: { loss: 1 } })),
    ),
    await subject(
      '100 rules for this command of another user',
      hundred((i) => ({ when: { command: 'get-device-id', user: `user ${i}` }, then: { complete: 0xc0 } })),
    ),
  ];
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
  console.log('| what there is | a request, us | more than without |\n|---|---|---|');
  for (const [i, { name }] of subjects.entries())
    console.log(
      `| ${name} | ${(least[i] / 1000).toFixed(2)} | ${i === 0 ? '' : `${(100 * more[i]).toFixed(1)} %`} |`,
    );
}
