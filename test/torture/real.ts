// ipmitool writes over LAN while `kill -9` ends the BMC at a random moment, round after round on one state
// directory. What a client was told is done must be there at the next start, whole.
import { spawn, type ChildProcess } from 'node:child_process';
import { connectLan, type LanClient } from '../../src/client/index.ts';
import { nodeWorld } from '../../src/world/index.ts';
import type { Random } from '../../src/world/world.ts';
import { judged, startBmc, type RunningBmc } from '../support/cli.ts';

export interface RealTally {
  rounds: number;
  acknowledged: number;
  /** Writes that were under way when the BMC died. */
  cut: number;
}

const FRU_OFFSET = 0x180;
const DEVICES = [1, 2, 5] as const; // PXE, disk, CD

/** A place that a client writes a serial number to, and how it is read. */
interface Place {
  readonly name: string;
  /** Arguments of ipmitool. */
  readonly write: (serial: number) => string;
  /** The serial numbers that are there now; throws for half of one. */
  readonly read: (client: LanClient) => Promise<number[]>;
}

const hex = (bytes: readonly number[]): string => bytes.map((byte) => `0x${byte.toString(16)}`).join(' ');
const word = (serial: number): number[] => [serial & 0xff, serial >> 8];
const six = (serial: number): number[] => [...word(serial), ...word(serial), ...word(serial)];

function whole(name: string, bytes: readonly number[]): number {
  const serials = [0, 2, 4].map((at) => bytes[at] | (bytes[at + 1] << 8));
  if (new Set(serials).size !== 1) throw new Error(`${name}: half a write: ${hex(bytes)}`);
  return serials[0];
}

async function answer(client: LanClient, netFn: number, cmd: number, ...data: number[]): Promise<number[]> {
  const [cc, ...rest] = await client.raw(netFn, cmd, Uint8Array.from(data));
  if (cc !== 0) throw new Error(`reading ${netFn} ${cmd}: completion code ${cc.toString(16)}h`);
  return rest;
}

const places: readonly Place[] = [
  {
    name: 'SEL',
    write: (serial) => `raw 0x0a 0x44 0 0 0xe0 ${hex([...six(serial), ...six(serial), 0])}`,
    read: async (client) => {
      const serials: number[] = [];
      for (let id = 0; id !== 0xffff;) {
        const [low, high, ...record] = await answer(
          client,
          0x0a,
          0x43,
          0,
          0,
          id & 0xff,
          id >> 8,
          0,
          0xff,
        ).catch((): number[] => [0xff, 0xff]);
        if (record[2] === 0xe0) serials.push(whole('SEL', record.slice(3, 9)));
        id = low | (high << 8);
      }
      return serials;
    },
  },
  {
    name: 'user name',
    write: (serial) => `user set name 9 n${serial}`,
    read: async (client) => {
      const text = String.fromCharCode(...(await answer(client, 0x06, 0x46, 9))).replace(/\0+$/, '');
      return [Number(/^n(\d+)$/.exec(text)?.[1] ?? 0)];
    },
  },
  {
    name: 'FRU',
    write: (serial) => `raw 0x0a 0x12 0 ${hex(word(FRU_OFFSET))} ${hex(six(serial))}`,
    read: async (client) => [
      whole('FRU', (await answer(client, 0x0a, 0x11, 0, ...word(FRU_OFFSET), 6)).slice(1)),
    ],
  },
  {
    name: 'LAN community',
    write: (serial) => `raw 0x0c 1 1 16 ${hex([...six(serial), ...six(serial), ...six(serial)])}`,
    read: async (client) => [whole('LAN community', (await answer(client, 0x0c, 2, 1, 16, 0, 0)).slice(1))],
  },
  {
    name: 'boot device',
    // Serial n is the device n modulo three: enough to see one that was lost.
    write: (serial) => `raw 0 8 5 0xc0 ${hex([DEVICES[serial % 3] << 2])} 0 0 0`,
    read: async (client) => [DEVICES.indexOf((((await answer(client, 0, 9, 5, 0, 0))[3] >> 2) & 0xf) as 1)],
  },
];

class Writer {
  /** Serials that a client was told are stored, and the last one that was ever sent. */
  readonly acknowledged: number[] = [];
  sent = 0;
  cut = 0;
  #child: ChildProcess | undefined;
  #stopped = false;

  readonly place: Place;

  constructor(place: Place, serial: number) {
    this.place = place;
    this.sent = serial;
  }

  async run(port: string): Promise<void> {
    this.#stopped = false;
    while (!this.#stopped) {
      const serial = ++this.sent;
      const child = spawn(
        'ipmitool',
        [
          '-I',
          'lanplus',
          '-H',
          '127.0.0.1',
          '-p',
          port,
          '-U',
          'admin',
          '-P',
          'AdminPass123',
          ...this.place.write(serial).split(' '),
        ],
        { stdio: 'ignore' },
      );
      this.#child = child;
      const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
      if (code === 0) this.acknowledged.push(serial);
      else this.cut++;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
  }

  /** Throws where something that was acknowledged is not there. */
  async check(client: LanClient): Promise<void> {
    // What was there before the first write is no serial number.
    const last = this.acknowledged.at(-1);
    if (last === undefined) return;
    const found = await this.place.read(client);
    const { name } = this.place;
    if (name === 'SEL') {
      const missing = this.acknowledged.filter((serial) => !found.includes(serial));
      if (missing.length > 0)
        throw new Error(
          `SEL: ${missing.length} acknowledged entries are lost: ${missing.slice(0, 5).join(', ')}`,
        );
    } else if (name === 'boot device') {
      const able = [...new Set(Array.from({ length: this.sent - last + 1 }, (_, i) => (last + i) % 3))];
      if (!able.includes(found[0]))
        throw new Error(`boot device: ${found[0]}, expected one of ${able.join(', ')}`);
    } else if (found[0] < last || found[0] > this.sent)
      throw new Error(`${name}: ${found[0]}, acknowledged ${last}, sent ${this.sent}`);
  }
}

/** `progress` is told of each round. Throws an Error that names the round and what is wrong. */
export async function realRounds(
  rounds: number,
  directory: string,
  random: Random,
  progress: (done: number) => void,
): Promise<RealTally> {
  const writers = places.map((place) => new Writer(place, 0));
  const world = nodeWorld();
  let bmc: RunningBmc | undefined;
  try {
    for (let round = 0; round <= rounds; round++) {
      bmc = await startBmc(judged, '--state', directory);
      const client = await connectLan(world, {
        host: '127.0.0.1',
        port: Number(bmc.port),
        user: 'admin',
        password: 'AdminPass123',
      });
      for (const writer of writers) {
        await writer.check(client).catch((error: unknown) => {
          throw new Error(`round ${round}: ${(error as Error).message}`, { cause: error });
        });
      }
      // The SEL is emptied before it is full; what was in it is then no longer expected.
      if (round % 20 === 19) {
        const [low, high] = await answer(client, 0x0a, 0x42);
        await answer(client, 0x0a, 0x47, low, high, 0x43, 0x4c, 0x52, 0xaa);
        writers[0].acknowledged.length = 0;
      }
      await client.close();
      progress(round);
      if (round === rounds) break;
      const running = writers.map((writer) => writer.run(bmc!.port));
      await new Promise((resolve) => setTimeout(resolve, 60 + (random.u32() % 600)));
      await bmc.stop('SIGKILL');
      for (const writer of writers) writer.stop();
      await Promise.all(running);
    }
  } finally {
    for (const writer of writers) writer.stop();
    await bmc?.stop();
  }
  const count = (of: (writer: Writer) => number): number =>
    writers.reduce((sum, writer) => sum + of(writer), 0);
  return {
    rounds,
    acknowledged: count((writer) => writer.sent - writer.cut),
    cut: count((writer) => writer.cut),
  };
}
