// Random traffic to a fleet whose BMCs sleep whenever they can, and to the same fleet awake: nobody can tell.
import { createHash } from 'node:crypto';
import { connectLan, type LanClient } from '../../src/client/index.ts';
import { twoSocketServer } from '../../src/config/index.ts';
import { Fleet } from '../../src/fleet/index.ts';
import type { BmcOptions } from '../../src/bmc.ts';
import { standardHandlers } from '../../src/handlers/standard.ts';
import { Storage } from '../../src/storage/storage.ts';
import { SeededRandom } from '../../src/world/sim-random.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';
import { worldWith } from '../../src/world/folder.ts';
import type { Endpoint, UdpNetwork, UdpSocket } from '../../src/world/world.ts';

const HOST = '192.0.2.1';
const PASSWORD = 'secret-enough';
const STEPS = 14;
/** RMCP presence ping, and Get Channel Authentication Capabilities of IPMI 1.5. */
const PING = Uint8Array.from([6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0]);
const ASK = Uint8Array.from([
  6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0, 0x38, 0x0e, 4, 0x35,
]);
const NAMES = ['a', 'b', 'c'];
/** Milliseconds: longer than the lifetime of a log-in. */
const NIGHT = 70_000;

/** What came of a run. */
export interface Lived {
  /** Everything that anybody heard, in order. */
  readonly heard: readonly string[];
  /** How often a BMC slept, and how often one was made later than its fleet. */
  readonly slept: number;
  readonly late: number;
  /** Why BMCs that were idle stayed awake. */
  readonly reasons: ReadonlyMap<string, number>;
}

const users: BmcOptions['users'] = [{ id: 2, name: 'admin', password: PASSWORD, privilege: 'administrator' }];

/** Three kinds of fleets: bare, servers, and servers with little that is said of them. */
const KINDS: readonly BmcOptions[] = [
  { users },
  { ...twoSocketServer, users },
  { ...twoSocketServer, firmware: undefined, users, sel: { bootEvents: false, capacity: 64 } },
];

const settingsOf = (kind: BmcOptions, guids: boolean): BmcOptions[] =>
  NAMES.map((name, i) => ({
    ...kind,
    name,
    interfaces: [{ type: 'lan', listen: `${HOST}:${6000 + i}` }],
    ...(guids && {
      identity: {
        ...kind.identity,
        deviceGuid: `00000000-0000-4000-8000-00000000000${i}`,
        systemGuid: `00000000-0000-4000-9000-00000000000${i}`,
      },
    }),
  }));

/** Requests that change something that lasts, or does not. */
const TELLING: readonly (readonly number[])[] = [
  [0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0],
  [0x0a, 0x42],
  [0x0a, 0x40],
  [0x0a, 0x43, 0, 0, 0, 0, 0, 0xff],
  [0x0a, 0x43, 0, 0, 0xff, 0xff, 0, 0xff],
  [0x0a, 0x48],
  [0x0a, 0x49, 0, 0, 0, 0x60],
  [0x0a, 0x22],
  [0x0a, 0x23, 0, 0, 0, 0, 0, 0x20],
  [0x0a, 0x20],
  [0x0a, 0x27],
  [0x0a, 0x28],
  [0x00, 0x01],
  [0x00, 0x02, 0],
  [0x00, 0x02, 1],
  [0x00, 0x02, 2],
  [0x00, 0x02, 3],
  [0x00, 0x02, 5],
  [0x00, 0x04, 5],
  [0x00, 0x04, 0, 1],
  [0x00, 0x06, 2],
  [0x00, 0x06, 0],
  [0x00, 0x07],
  [0x00, 0x08, 5, 0x80, 4, 0, 0, 0],
  [0x00, 0x09, 5, 0, 0],
  [0x00, 0x0a, 0x01],
  [0x00, 0x0b, 5],
  [0x00, 0x0f],
  [0x04, 0x00, 0x20, 0],
  [0x04, 0x01],
  [0x04, 0x02, 4, 0x6f, 0x57, 1, 0xff, 0xff],
  [0x04, 0x10],
  [0x04, 0x11, 0x0a],
  [0x04, 0x11, 0xff],
  [0x04, 0x12, 1, 1],
  [0x04, 0x14, 1, 5],
  [0x04, 0x15],
  [0x04, 0x2d, 1],
  [0x04, 0x2d, 5],
  [0x04, 0x26, 1, 0x18, 0, 0, 0, 20, 40, 60],
  [0x04, 0x26, 1, 0x08, 0, 0, 0, 40, 40, 60],
  [0x04, 0x27, 1],
  [0x04, 0x2a, 1, 0],
  [0x04, 0x2b, 1],
  [0x06, 0x01],
  [0x06, 0x02],
  [0x06, 0x03],
  [0x06, 0x04],
  [0x06, 0x06, 0x80 | 0x06, 0xff],
  [0x06, 0x07],
  [0x06, 0x08],
  [0x06, 0x22],
  [0x06, 0x24, 4, 0, 0, 0, 0x20, 0],
  [0x06, 0x25],
  [0x06, 0x2e, 0x0c],
  [0x06, 0x2f],
  [0x06, 0x30, 0xff],
  [0x06, 0x31],
  [0x06, 0x32, 0, 0],
  [0x06, 0x33],
  [0x06, 0x37],
  [0x06, 0x38, 0x8e, 4],
  [0x06, 0x3d, 0],
  [0x06, 0x40, 1, 0x62, 0x44],
  [0x06, 0x40, 1, 0xa2, 0x44],
  [0x06, 0x41, 1, 0x80],
  [0x06, 0x41, 1, 0x80],
  [0x06, 0x41, 1, 0x40],
  [0x06, 0x43, 0x91, 3, 4, 0],
  [0x06, 0x44, 1, 3],
  [0x06, 0x45, 3, 0x62, 0x6f, 0x62, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x06, 0x47, 3, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x06, 0x47, 3, 1],
  [0x06, 0x4c, 1, 2, 2, 0, 0, 0],
  [0x06, 0x4d, 1, 2],
  [0x06, 0x52, 3, 0xa0, 4, 0],
  [0x06, 0x58, 1, 0, 0x11, 3, 0x61, 0x62, 0x63],
  [0x06, 0x59, 0, 1, 0, 0],
  [0x0c, 0x01, 1, 0, 1],
  [0x0c, 0x01, 1, 3, 10, 0, 0, 7],
  [0x0c, 0x01, 1, 0, 0],
  [0x0c, 0x02, 1, 3, 0, 0],
  [0x0c, 0x02, 1, 18, 0, 0],
  [0x0c, 0x01, 1, 18, 0, 0, 3, 1],
  [0x0c, 0x01, 1, 26, 1, 2, 0, 0, 100, 0],
  [0x0c, 0x04, 1, 0],
  [0x0c, 0x04, 1, 1],
  [0x0c, 0x21, 1, 5, 0x0a],
  [0x0c, 0x21, 1, 6, 0x08],
  [0x0c, 0x22, 1, 6, 0, 0],
  [0x2c, 0x01, 0xdc, 1],
  [0x2c, 0x02, 0xdc, 1, 0, 0],
  [0x2c, 0x03, 0xdc],
  [0x2c, 0x06, 0xdc, 0, 0],
  [0x2c, 0x08, 0xdc, 0, 3, 0x74, 0x61, 0x67],
  [0x2c, 0x00, 0],
];

const pick = <T>(random: SeededRandom, list: readonly T[]): T => list[random.u32() % list.length];
const commands = standardHandlers.handlers.map(({ claim }) => claim).filter(({ cmd }) => cmd !== '*');

/** A request that says something, or one of any command with anything in it. */
function anyRequest(random: SeededRandom): readonly number[] {
  if (random.u32() % 4 > 0) return pick(random, TELLING);
  const { netFn, cmd } = pick(random, commands);
  return [
    netFn,
    Number(cmd),
    ...random.bytes(random.u32() % 9).map((byte) => (byte < 0x60 ? byte & 7 : byte)),
  ];
}

/** Writes down what is sent. */
function overheard(udp: UdpNetwork, heard: string[], now: () => number): UdpNetwork {
  return {
    async bind(options): Promise<UdpSocket> {
      const socket = await udp.bind(options);
      const send = socket.send.bind(socket);
      socket.send = (data: Uint8Array, to: Endpoint): void => {
        const digest = createHash('sha256').update(data).digest('hex').slice(0, 16);
        heard.push(`${now().toFixed(3)} ${options.port} sends ${data.length} bytes ${digest} to ${to.port}`);
        send(data, to);
      };
      return socket;
    },
  };
}

/** Datagrams of nobody: pings, requests without a session, and what is none of either. */
async function stray(world: SimWorld, random: SeededRandom, port: number, heard: string[]): Promise<void> {
  const socket = await world.udp.bind({ host: '192.0.2.9', port: 0 });
  socket.onDatagram = (data) => void heard.push(`  stray: ${data.join()}`);
  const forged = Uint8Array.of(6, 0, 0xff, 7, 6, 0x40, 9, 9, 9, 9, 1, 0, 0, 0, 0, 0);
  socket.send(pick(random, [PING, ASK, forged, random.bytes(random.u32() % 40)]), { host: HOST, port });
  await world.run(50);
  await socket.close();
}

async function visit(world: SimWorld, random: SeededRandom, port: number, heard: string[]): Promise<void> {
  let client: LanClient | undefined;
  const say = (what: string): void => void heard.push(`  ${what}`);
  try {
    const wrong = random.u32() % 8 === 0;
    client = await world.until(
      connectLan(world, {
        host: HOST,
        port,
        user: 'admin',
        password: wrong ? 'not this one' : PASSWORD,
        cipherSuite: pick(random, [3, 17]),
        tries: 2,
      }),
    );
    for (let i = random.u32() % 7; i >= 0; i--) {
      const [netFn, cmd, ...data] = anyRequest(random);
      const answer = await world.until(client.raw(netFn, cmd, Uint8Array.from(data)));
      say(`${netFn.toString(16)} ${cmd.toString(16)} ${data.join()}: ${answer.join()}`);
    }
  } catch (error) {
    say(String(error));
  }
  if (client && random.u32() % 4 > 0)
    await world.until(client.close()).catch((error: unknown) => say(String(error)));
}

/** One life of a fleet by a seed; `sleeps`: they sleep as soon as they can. */
export async function fleetLife(seed: number, sleeps: boolean): Promise<Lived> {
  const world = simWorld(seed);
  const random = new SeededRandom(seed ^ 0x51ee9);
  const heard: string[] = [];
  const reasons = new Map<string, number>();
  let [slept, late] = [0, 0];
  const isKept = random.u32() % 3 === 0;
  const settings = settingsOf(pick(random, KINDS), random.u32() % 2 === 0);
  const outside = worldWith(world, {
    clock: world.clock,
    udp: overheard(world.udp, heard, () => world.clock.monotonic()),
  });
  const storage = isKept
    ? await world.until(Storage.open(world.files, 'state', { warn: (line) => void heard.push(line) }))
    : undefined;
  const fleet = new Fleet({ world: outside, storage, sleepAfter: sleeps ? 1000 : Infinity });
  const wake = fleet.onWoken(() => late++);
  // The others are like the first one, and are made when somebody asks for them.
  for (let n = 1; n <= NAMES.length; n++) await world.until(fleet.apply(settings.slice(0, n)));
  wake();
  fleet.onSlept(() => slept++);
  for (let step = 0; step < STEPS; step++) {
    const which = random.u32() % NAMES.length;
    if (random.u32() % 5 === 0) await world.run(random.u32() % 7_200_000);
    if (random.u32() % 4 === 0) await stray(world, random, 6000 + which, heard);
    await visit(world, random, 6000 + which, heard);
    if (random.u32() % 3 > 0) await world.run(NIGHT);
    for (const name of NAMES) {
      // Which reads sensors, as any reading does: in both lives.
      const glance = fleet.glance(name);
      const reason = sleeps && glance?.isAwake ? fleet.whyAwake(name) : undefined;
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  // What clients cannot ask for must be the same too.
  for (const [name, bmc] of fleet.bmcs) {
    heard.push(`${name} ${JSON.stringify(bmc.counters)} ${bmc.sessions.active.length}`);
    heard.push(`${name} ${bmc.sel.ids.map((id) => bmc.sel.get(id).record.join('.')).join(' ')}`);
    heard.push(`${name} ${bmc.sensors.all.map((sensor) => sensor.value).join()} ${bmc.identity.systemGuid}`);
    heard.push(
      `${name} ${bmc.chassis.isOn} ${JSON.stringify([bmc.chassis.powerOnHours, bmc.chassis.faults])}`,
    );
  }
  await world.until(fleet.close());
  return { heard, slept, late: NAMES.length - late, reasons };
}
