// Random requests and random datagrams against the judged platform in a simulated world. Whatever comes: one
// answer, with a completion code that says what is wrong; no bug of a handler (FFh) and no error in the log;
// and after it all the BMC serves. FUZZ_SEED and FUZZ_ROUNDS run others, and more.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Bmc } from '../src/bmc.ts';
import { connectLan } from '../src/client/index.ts';
import { fromLatin1 } from '../src/codec/index.ts';
import { GetDeviceId } from '../src/commands/app/device.ts';
import { NetFn, Privilege, type Command } from '../src/commands/command.ts';
import * as declared from '../src/commands/index.ts';
import { parseConfig } from '../src/config/index.ts';
import { Context, type Channel, type Dispatch, type Message } from '../src/router/index.ts';
import type { BmcState } from '../src/bmc-state.ts';
import { AuthType, build15, buildPresencePing } from '../src/wire/index.ts';
import { simWorld, type SimWorld } from '../src/world/index.ts';
import { HOST, LAN } from './support/bmc.ts';
import { judged } from './support/cli.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 26);
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 6000);
const SERVER = { host: '127.0.0.1', port: 9301 };

interface Bench {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  /** Errors that the BMC logged, and what it was asked then. */
  readonly errors: string[];
  asked: string;
}

async function bench(seed: number): Promise<Bench> {
  const world = simWorld(seed);
  const errors: string[] = [];
  const [options] = parseConfig(readFileSync(judged, 'utf8'), judged);
  const silent = (): void => undefined;
  const made: Bench = {
    world,
    errors,
    asked: '',
    bmc: new Bmc(options, {
      world,
      log: {
        debug: silent,
        info: silent,
        warn: silent,
        error: (message, error) => void errors.push(`${made.asked}: ${message} ${String(error)}`),
      },
    }),
  };
  await made.bmc.open();
  return made;
}

/** IANA number of OpenBMC, whose blob protocol it is. */
const BLOBS = 0xc2cf;

const hex = (bytes: Iterable<number>): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && 'netFn' in value && 'request' in value;
const commands = Object.values<unknown>(declared).filter(isCommand);

/** Chance from the seed, with a taste for the values at which things go wrong. */
class Dice {
  readonly #world: SimWorld;
  readonly #bytes = new Uint8Array(4);

  constructor(world: SimWorld) {
    this.#world = world;
  }

  below(limit: number): number {
    this.#world.random.fill(this.#bytes);
    return new DataView(this.#bytes.buffer).getUint32(0) % limit;
  }

  byte(): number {
    const kind = this.below(4);
    return kind === 0
      ? this.below(256)
      : kind === 1
        ? [0, 1, 0x7f, 0x80, 0xfe, 0xff, 0x0e, 0x20][this.below(8)]
        : this.below(kind === 2 ? 16 : 3);
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.byte());
  }
}

/** Mostly a length that the command takes. */
function lengthFor(command: Command | undefined, dice: Dice): number {
  if (!command || dice.below(5) === 0) return dice.below(dice.below(4) === 0 ? 60 : 12);
  const { min, max } = command.request;
  return min + dice.below(Math.min(max, min + 20) - min + 1);
}

/**
 * Where a console begins: a presence ping, IPMI 1.5's Get Channel Authentication Capabilities, Get Session
 * Challenge.
 */
const ADMIN = fromLatin1('admin', 16);
const RECORDED = [
  buildPresencePing(1),
  ...[
    Uint8Array.of(0x20, 0x18, 0xc8, 0x81, 0x04, 0x38, 0x0e, 0x04, 0x31),
    Uint8Array.of(0x20, 0x18, 0xc8, 0x81, 0x08, 0x39, 4, ...ADMIN),
  ].map((message) => build15(AuthType.None, 0, 0, message)),
  build15(AuthType.Md5, 1, 0x01020304, new Uint8Array(30), new Uint8Array(16)),
];

/** Bytes changed, cut off, added; sometimes nothing of it left. */
function mangled(datagram: Uint8Array, dice: Dice): Uint8Array {
  if (dice.below(10) === 0) return Uint8Array.from(dice.bytes(dice.below(80)));
  const bytes = [...datagram];
  for (let i = dice.below(4); i >= 0; i--) bytes[dice.below(bytes.length)] = dice.byte();
  if (dice.below(4) === 0) bytes.length = dice.below(bytes.length + 1);
  if (dice.below(4) === 0) bytes.push(...dice.bytes(dice.below(40)));
  return Uint8Array.from(bytes);
}

test(`random requests of every network function, as administrator over LAN and as the host (seed ${SEED})`, async () => {
  const made = await bench(SEED);
  const { world, bmc, errors } = made;
  const dice = new Dice(world);
  // Attached, so that what nobody answers (commands forwarded to system software, say) has an answer at its
  // deadline.
  const attached = async (channel: Channel): Promise<(message: Message) => Promise<Uint8Array>> => {
    let dispatch: Dispatch<BmcState> | undefined;
    await bmc.attach({
      channel,
      open: async (opened) => void (dispatch = opened),
      close: async () => undefined,
    });
    return async (message) => dispatch!(message, new Context(bmc, channel, Privilege.Administrator));
  };
  const ways = [await attached(LAN), await attached(HOST)];
  for (let round = 0; round < ROUNDS; round++) {
    const known = dice.below(8) > 0 ? commands[dice.below(commands.length)] : undefined;
    const netFn = known?.netFn ?? dice.below(32) * 2;
    const cmd = known?.cmd ?? dice.below(256);
    const body = known?.body ?? dice.below(0x1000000);
    const prefix =
      netFn === NetFn.Group
        ? [body & 0xff]
        : netFn === NetFn.OemGroup
          ? [body & 0xff, (body >> 8) & 0xff, body >> 16]
          : [];
    const data = Uint8Array.from([...prefix, ...dice.bytes(lengthFor(known, dice))]);
    made.asked = `round ${round}: ${hex([netFn, cmd])} | ${hex(data)}`;
    const sent = ways[dice.below(2)]({ netFn, cmd, lun: 0, data });
    const answer = await world
      .until(sent, 60_000)
      .catch((error: unknown) => Promise.reject(new Error(`${made.asked}: no answer`, { cause: error })));
    expect(answer.length, made.asked).toBeGreaterThan(0);
    expect(answer.length, made.asked).toBeLessThanOrEqual(1 + HOST.maxAnswer);
    // The blob protocol says FFh where a checksum is wrong; nobody else has a reason to.
    if (answer[0] === 0xff && body !== BLOBS) errors.push(made.asked);
    if (round % 50 === 0) await world.run(3000);
  }
  await world.run(120_000);
  expect(errors).toEqual([]);
});

test(`random datagrams between those of a log-in and a session (seed ${SEED})`, async () => {
  const made = await bench(SEED);
  const { world, bmc, errors } = made;
  const dice = new Dice(world);
  const seen: Uint8Array[] = [...RECORDED];
  // A relay on the console's way: it keeps what passes, and adds to each datagram what it makes of those that
  // it has seen.
  const relay = await world.udp.bind({ host: '127.0.0.2', port: 623 });
  const onward = await world.udp.bind({ host: '127.0.0.2', port: 624 });
  let console = { host: '', port: 0 };
  let noise = 0;
  relay.onDatagram = (datagram, from) => {
    console = from;
    if (seen.length < 60) seen.push(datagram.slice());
    onward.send(datagram.slice(), SERVER);
    for (let i = 0; i < noise; i++) {
      const changed = mangled(seen[dice.below(seen.length)], dice);
      made.asked = hex(changed);
      onward.send(changed, SERVER);
    }
  };
  onward.onDatagram = (datagram) => relay.send(datagram.slice(), console);
  const login = { host: '127.0.0.2', user: 'admin', password: 'AdminPass123' };
  for (const cipherSuite of [1, 2, 3, 7, 8, 12, 17]) {
    noise = 0;
    const client = await world.until(connectLan(world, { ...login, cipherSuite }));
    noise = 30;
    // A session is proof against everybody who does not have its keys. Suite 1 signs nothing, so that its
    // session may be ended by others.
    for (let i = 0; i < 20; i++) {
      const answer = await world.until(client.send(GetDeviceId).catch((error: unknown) => error));
      if (cipherSuite !== 1)
        expect(answer, `suite ${cipherSuite}, seed ${SEED}`).toMatchObject({ deviceId: 0x20 });
    }
    noise = 0;
    await world.until(client.close().catch(() => undefined));
    noise = 3;
    await world.until(
      connectLan(world, { ...login, cipherSuite })
        .then((other) => other.close())
        .catch(() => undefined),
    );
  }
  await world.run(120_000);
  expect([errors, bmc.sessions.active.length]).toEqual([[], 0]);
});
