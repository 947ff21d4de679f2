// ipmitool writes over LAN while `kill -9` ends the BMC at a random moment, round after round on one state
// directory. What a client was told is done must be there at the next start, whole.
import { spawn, type ChildProcess } from 'node:child_process';
import { connectLan } from '../../src/client/index.ts';
import { nodeWorld } from '../../src/world/index.ts';
import type { Random } from '../../src/world/world.ts';
import { judged, startBmc, type RunningBmc } from '../support/cli.ts';
import { lanplus } from '../support/tools.ts';
import { answer, hex, Ledger, places } from './places.ts';

export interface RealTally {
  rounds: number;
  acknowledged: number;
  /** Writes that were under way when the BMC died. */
  cut: number;
}

class Writer extends Ledger {
  #child: ChildProcess | undefined;
  #stopped = false;

  async run(port: string): Promise<void> {
    this.#stopped = false;
    const { words, write } = this.place;
    while (!this.#stopped) {
      const serial = ++this.sent;
      const child = spawn(
        'ipmitool',
        [...lanplus(port), ...(words?.(serial) ?? `raw ${hex(write(serial))}`).split(' ')],
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
}

/** `progress` is told of each round. Throws an Error that names the round and what is wrong. */
export async function realRounds(
  rounds: number,
  directory: string,
  random: Random,
  progress: (done: number) => void,
): Promise<RealTally> {
  const writers = places.map((place) => new Writer(place));
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
