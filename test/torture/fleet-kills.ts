// A writer to each BMC of a fleet while `kill -9` ends its process at a random moment, round after round on one state
// directory. What a writer was told is done must be there when the fleet is back, whole.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { BmcOptions } from '../../src/bmc.ts';
import { connectLan, type LanClient } from '../../src/client/index.ts';
import { nodeWorld } from '../../src/world/index.ts';
import type { Random } from '../../src/world/world.ts';
import { settled } from '../../src/world/settled.ts';
import { before, firstLine, judged, program, stopped } from '../support/cli.ts';
import { Ledger, places } from './places.ts';

export interface FleetTally {
  /** Changes that writers were told are stored; all were there. */
  acknowledged: number;
  /** Those that were under way at a kill. */
  cut: number;
  /** BMCs of which something was acknowledged. */
  written: number;
}

/** Log-ins that are under way at a time. */
const AT_A_TIME = 32;

/** Writes to all places of one BMC in turn. */
class Writer {
  readonly #ledgers = places.map((place) => new Ledger(place));

  get acknowledged(): number {
    return this.#ledgers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  get cut(): number {
    return this.#ledgers.reduce((sum, { cut }) => sum + cut, 0);
  }

  async check(client: LanClient): Promise<void> {
    for (const ledger of this.#ledgers) await ledger.check(client);
  }

  /** Until its BMC is killed. */
  async run(client: LanClient, killed: Promise<'killed'>): Promise<void> {
    for (let i = 0; ; i++) {
      const ledger = this.#ledgers[i % this.#ledgers.length];
      const serial = ++ledger.sent;
      const [netFn, cmd, ...data] = ledger.place.write(serial);
      const answered = client.raw(netFn, cmd, Uint8Array.from(data));
      const heard = await Promise.race([answered, killed]);
      if (heard === 'killed') {
        ledger.cut++;
        // Nobody answers it any more.
        void settled(answered);
        return;
      }
      if (heard[0] !== 0) throw new Error(`${ledger.place.name}: refused with ${heard[0]}`);
      ledger.acknowledged.push(serial);
    }
  }
}

/** `progress` is told of each round. Throws an Error that names the BMC, the round and what is wrong. */
export async function fleetKills(
  { count, rounds }: { readonly count: number; readonly rounds: number },
  directory: string,
  random: Random,
  progress: (done: number) => void,
): Promise<FleetTally> {
  const platform = parse(readFileSync(judged, 'utf8')) as BmcOptions;
  const { satellites: _satellites, interfaces: [lan] = [], ...others } = platform;
  const entry = { ...others, count, name: 'node-{n}', interfaces: [{ ...lan, listen: '127.0.0.1:0' }] };
  const file = join(directory, 'fleet.yaml');
  writeFileSync(file, JSON.stringify({ bmcs: [entry] }));
  const flags = ['--state', join(directory, 'state'), '--log-level', 'error', '--json'];
  const writers = Array.from({ length: count }, () => new Writer());
  const world = nodeWorld();
  let process: ChildProcess | undefined;
  try {
    for (let round = 0; round <= rounds; round++) {
      process = spawn(program, [...before, 'run', file, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
      const { interfaces } = JSON.parse(await firstLine(process)) as { interfaces: { address: string }[] };
      const clients = await loggedIn(interfaces, async ({ address }, n) => {
        const [host, port] = address.split(':');
        const login = { host, port: Number(port), user: 'admin', password: 'AdminPass123' };
        const client = await connectLan(world, { ...login, cipherSuite: 3, tries: 4 });
        await writers[n].check(client).catch((error: unknown) => {
          throw new Error(`round ${round}, node-${n}: ${(error as Error).message}`, { cause: error });
        });
        return client;
      });
      progress(round);
      if (round === rounds) {
        await Promise.all(clients.map((client) => client.close()));
        break;
      }
      const child = process;
      const killed = new Promise<'killed'>((resolve) => child.once('exit', () => resolve('killed')));
      const running = clients.map((client, n) => writers[n].run(client, killed));
      await new Promise((resolve) => setTimeout(resolve, 300 + (random.u32() % 1500)));
      await stopped(child, 'SIGKILL');
      await Promise.all(running);
      for (const client of clients) void settled(client.close());
    }
  } finally {
    if (process) await stopped(process);
  }
  const sum = (of: (writer: Writer) => number): number =>
    writers.reduce((all, writer) => all + of(writer), 0);
  return {
    acknowledged: sum(({ acknowledged }) => acknowledged),
    cut: sum(({ cut }) => cut),
    written: sum(({ acknowledged }) => Math.min(1, acknowledged)),
  };
}

/** So many at a time, in their order. */
async function loggedIn<T>(
  interfaces: readonly T[],
  logIn: (one: T, n: number) => Promise<LanClient>,
): Promise<LanClient[]> {
  const clients: LanClient[] = [];
  const left = interfaces.entries();
  const next = async (): Promise<void> => {
    for (const [n, at] of left) clients[n] = await logIn(at, n);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return clients;
}
