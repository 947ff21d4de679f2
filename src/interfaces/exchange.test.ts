import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { connectLan } from '../client/index.ts';
import { CC } from '../codec/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { command, Privilege } from '../commands/command.ts';
import { handle, type Answer, type Channel, type Dispatch } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import type { IpmiMessage } from '../wire/index.ts';
import { simWorld } from '../world/index.ts';
import type { UdpNetwork, UdpSocket, World } from '../world/world.ts';
import { Arrival, messageOf } from './arrival.ts';
import { Exchange } from './exchange.ts';
import { RepeatedRequests } from './repeated.ts';

const CHANNEL: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };

class Seen extends Arrival {
  readonly #request: IpmiMessage;
  readonly #memory: RepeatedRequests | undefined;
  readonly said: string[];
  awaited = true;

  constructor(
    bmc: BmcState,
    said: string[],
    options: { seq?: number; memory?: RepeatedRequests; lun?: number } = {},
  ) {
    const { seq = 1, memory, lun = 0 } = options;
    const request = {
      to: 0x20,
      toLun: lun,
      netFn: 6,
      from: 0x81,
      fromLun: 0,
      seq,
      cmd: 1,
      data: new Uint8Array(0),
    };
    super(bmc, CHANNEL, Privilege.Administrator, messageOf(request), 'test');
    this.#request = request;
    this.#memory = memory;
    this.said = said;
  }

  override get request(): IpmiMessage {
    return this.#request;
  }

  override get memory(): RepeatedRequests | undefined {
    return this.#memory;
  }

  override get isForSystemSoftware(): boolean {
    return this.lun === 2;
  }

  override get isAwaited(): boolean {
    return this.awaited;
  }

  override answer(answer: Answer): void {
    this.said.push(`answer ${answer.join(' ')}`);
  }

  override follow(message: Uint8Array): void {
    this.said.push(`follow ${message.join(' ')}`);
  }

  override later(): void {
    this.said.push('later');
  }
}

function bench(dispatch?: Dispatch<BmcState>) {
  const world = simWorld(1);
  const bmc = new Bmc({ sel: { bootEvents: false } }, { world });
  const exchange = new Exchange(bmc);
  if (dispatch) exchange.open(dispatch);
  return { world, bmc, exchange, said: [] as string[] };
}

test('E1: before it is open, a request is answered with a completion code: node busy', () => {
  const { bmc, exchange, said } = bench();
  exchange.serve(new Seen(bmc, said));
  expect(said).toEqual([`answer ${CC.NodeBusy}`]);
});

test('E2: now is now, later is told and comes later, and what follows comes after its answer', async () => {
  const { world, bmc, exchange, said } = bench(async (_message, context) => {
    context.followUp = Promise.resolve(Uint8Array.of(7));
    return Uint8Array.of(0);
  });
  exchange.serve(new Seen(bmc, said));
  expect(said).toEqual(['later']);
  await world.run(1);
  expect(said).toEqual(['later', 'answer 0', 'follow 7']);
  exchange.open(() => Uint8Array.of(1));
  exchange.serve(new Seen(bmc, said));
  expect(said.at(-1)).toBe('answer 1');
});

test('E3: a late answer is not for who has gone', async () => {
  const { world, bmc, exchange, said } = bench(async () => Uint8Array.of(0));
  const arrival = new Seen(bmc, said);
  exchange.serve(arrival);
  arrival.awaited = false;
  await world.run(1);
  expect(said).toEqual(['later']);
});

test('E4: a repetition is answered from memory, silently while the first is at work, and carried out once', async () => {
  let asked = 0;
  const { world, bmc, exchange, said } = bench(async () => Uint8Array.of(0, ++asked));
  const memory = new RepeatedRequests({ window: 4, remembered: 8 });
  exchange.serve(new Seen(bmc, said, { memory }));
  exchange.serve(new Seen(bmc, said, { memory }));
  expect(said).toEqual(['later']);
  await world.run(1);
  exchange.serve(new Seen(bmc, said, { memory }));
  expect(said).toEqual(['later', 'answer 0 1', 'answer 0 1']);
  expect(asked).toBe(1);
});

test('E5: a message for system software is queued, and no handler is asked', () => {
  const { bmc, exchange, said } = bench(() => Uint8Array.of(0));
  exchange.serve(new Seen(bmc, said, { lun: 2 }));
  expect(said).toEqual([]);
  expect(bmc.messages.attention.set).toBe(true);
});

/** The functions of ours that run meanwhile; accessors, constructors, codec, wire and crypto apart. */
function calledBy(session: Session, act: () => void): string[] {
  let names: string[] = [];
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  session.post('Profiler.takePreciseCoverage');
  act();
  session.post('Profiler.takePreciseCoverage', (_error, { result }) => {
    names = result.flatMap(({ url, functions }) => {
      const [, file] =
        /\/src\/((?:interfaces|router|faults|state|services|taps)\/[\w/.-]+\.ts)/.exec(url) ?? [];
      if (file === undefined || file.endsWith('.test.ts')) return [];
      return functions
        .filter(({ functionName, ranges }) => /^#?[a-z]\w*$/.test(functionName) && ranges[0].count > 0)
        .map(({ functionName }) => `${file.split('/').at(-1)} ${functionName}`);
    });
  });
  session.post('Profiler.stopPreciseCoverage');
  return names;
}

/** The functions of ours that are under way here, from the socket inwards; codec, wire and crypto apart. */
function underWay(passed: Set<string>): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const lines = (new Error().stack ?? '').split('\n').reverse();
  Error.stackTraceLimit = stackTraceLimit;
  for (const line of lines) {
    const [, name, file] =
      /at (?:new )?(\S+) .*\/src\/((?!codec|wire|crypto|world|client)[\w/.-]+\.ts)/.exec(line) ?? [];
    if (name && !file.endsWith('.test.ts')) passed.add(`${file.split('/').at(-1)} ${name.split('.').at(-1)}`);
  }
}

test('E6: a LAN request passes 12 functions between socket and handler and back, those that docs/tour.md names', async () => {
  const world = simWorld(1);
  const passed = new Set<string>();
  let noting = false;
  const sockets: UdpSocket[] = [];
  const udp: UdpNetwork = {
    bind: async (where) => {
      const socket = await world.udp.bind(where);
      sockets.push(socket);
      const send = socket.send.bind(socket);
      socket.send = (datagram, to) => {
        if (noting) underWay(passed);
        send(datagram, to);
      };
      return socket;
    },
  };
  // The one thing that the sealing of an answer asks the world for.
  const fill = world.random.fill.bind(world.random);
  world.random.fill = (bytes, start, end) => {
    if (noting) underWay(passed);
    return fill(bytes, start, end);
  };
  const outside = Object.create(world, { udp: { value: udp } }) as World;
  const interfaces: BmcOptions['interfaces'] = [{ type: 'lan', listen: '10.0.0.1:623' }];
  const bmc = new Bmc(
    { interfaces, users: [{ id: 2, name: 'admin', password: 'secret' }] },
    { world: outside },
  );
  await bmc.open();
  const client = await world.until(
    connectLan(world, { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret' }),
  );
  const Stack = command({
    name: 'Stack',
    spec: 'test',
    netFn: 0x30,
    cmd: 1,
    privilege: Privilege.User,
    request: {},
    response: {},
  });
  const noter = handle<typeof Stack, BmcState>(Stack, () => {
    noting = true;
    underWay(passed);
  });
  bmc.router.register({ owner: 'stack', handlers: [noter] });
  await world.until(client.send(Stack, {}));
  const tour = readFileSync('docs/tour.md', 'utf8');
  const named = [...tour.matchAll(/^\d+\. `([\w.-]+ [\w#]+)`/gm)].map(([, name]) => name);
  expect([...passed]).toEqual(named);
  expect(passed.size).toBeLessThanOrEqual(12);

  // What a step asks and has back before the next one is no stop on the way, but it is named as well.
  const counting = new Session();
  counting.connect();
  const asked = new Set<string>();
  noting = false;
  const receive = sockets[0].onDatagram;
  sockets[0].onDatagram = (datagram, from) => {
    for (const name of calledBy(counting, () => receive?.(datagram, from))) asked.add(name);
  };
  await world.until(client.send(GetDeviceId, {}));
  counting.disconnect();
  const [paragraph] = /^Codec, `wire\/` and crypto are apart[^]*?\n\n/m.exec(tour) ?? [''];
  const aside = [...paragraph.matchAll(/`([\w-]+\.ts)`/g)].map(([, file]) => file);
  const files = [...asked].filter((name) => !named.includes(name)).map((name) => name.split(' ')[0]);
  expect([...new Set(files)].sort()).toEqual(aside.sort());
  expect(named.filter((name) => !asked.has(name))).toEqual([]);
});
