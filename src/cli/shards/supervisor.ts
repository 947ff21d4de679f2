import { ERROR_CODES } from '../../codec/error-codes.ts';
import type { ShardRow, Shards } from '../../control/front/front.ts';
import { refusal } from '../../control/problem.ts';
import type { Placement } from '../../fleet/placement.ts';
import { Listeners } from '../../state/listeners.ts';
import type { Log } from '../../state/setup.ts';
import type { PlacementFile } from './placement-file.ts';
import type { ReadyInterface } from './messages.ts';
import { settled } from '../../world/settled.ts';
import { ShardProcess } from './shard-process.ts';

export interface SupervisorOptions {
  readonly placements: PlacementFile;
  readonly log: Log;
  /** Writes a line of the log as it is. */
  readonly write: (line: string) => void;
  /** What a shard is told beside the words of this process. */
  readonly args: (index: number) => readonly string[];
  /** Its control socket. */
  readonly socket: (index: number) => string;
  /** State outlives a process: what a BMC knows can go with it. */
  readonly keeps: boolean;
  /** Files that go with a BMC which moves. */
  readonly carry: (bmc: string, from: number, to: number) => void;
}

/** Milliseconds until one that died is started again: at once, and later and later if it does not stand. */
const PAUSES = [0, 250, 500, 1000, 2000, 5000];
/** One that lived so many milliseconds has stood. */
const STOOD = 10_000;

/** Starts the shards, and starts each again that dies; moves BMCs from one to another one. */
export class Supervisor implements Shards {
  readonly #options: SupervisorOptions;
  readonly #shards: ShardProcess[] = [];
  readonly #changed = new Listeners<[]>();
  readonly #fallen: number[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #isEnding = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get #placement(): Placement {
    return this.#options.placements.now;
  }

  /** Resolves when all are ready; rejects with the exit code of the first that cannot be. */
  async start(): Promise<void> {
    const all = Array.from({ length: this.#placement.of }, (_, index) => this.#started(index));
    await Promise.all(all);
  }

  /** Told when what the shards say of themselves has changed. */
  onChanged(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  get rows(): ShardRow[] {
    return this.#shards.map((shard, index) => ({
      shard: index,
      pid: shard.pid,
      ready: shard.ready !== undefined,
      socket: this.#options.socket(index),
    }));
  }

  get interfaces(): readonly ReadyInterface[] {
    return this.#shards.flatMap(({ ready }) => ready?.interfaces ?? []);
  }

  get engine(): string | undefined {
    return this.#shards[0]?.ready?.engine;
  }

  readonly shardOf = (bmc: string): number => this.#placement.shardOf(bmc);

  /** To all of them. */
  signal(signal: NodeJS.Signals): void {
    for (const shard of this.#shards) shard.signal(signal);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#isEnding = true;
    await this.#turn;
    await Promise.all(this.#shards.map((shard) => shard.stop(signal)));
  }

  /** A BMC goes to another shard, with all that is stored of it. Rejects with ControlError. */
  move(bmc: string, to: number): Promise<void> {
    const mine = this.#turn.then(() => this.#move(bmc, to));
    this.#turn = settled(mine);
    return mine;
  }

  async #move(bmc: string, to: number): Promise<void> {
    const { placements, carry, log } = this.#options;
    const from = this.#placement.shardOf(bmc);
    if (!(to >= 0 && to < this.#placement.of))
      throw refusal('bad-request', `there is no shard ${to}: they are 0 to ${this.#placement.of - 1}`, {
        key: 'to',
      });
    if (from === to) return;
    if (!this.#options.keeps)
      throw refusal('conflict', 'state is in memory only: what it knows would be lost', {
        next: 'run with --state DIR',
      });
    const [source, target] = [this.#shards[from], this.#shards[to]];
    const failed = (problem: string): never => {
      throw refusal('conflict', `${bmc} stays with shard ${from}: ${problem}`);
    };
    const { traveller, problem } = await source.ask({ what: 'leave', bmc });
    if (traveller === undefined) return failed(problem ?? 'it cannot leave');
    const back = async (why: string): Promise<never> => {
      await source.ask({ what: 'settle' });
      return failed(why);
    };
    const arrived = await target.ask({ what: 'arrive', bmc, traveller });
    if (arrived.problem !== undefined) return back(arrived.problem);
    carry(bmc, from, to);
    // From here on it is the other one's, whoever dies.
    await placements.move(bmc, to, from);
    for (const shard of this.#shards) shard.place();
    const settled = await target.ask({ what: 'settle' });
    if (settled.problem !== undefined && !this.#isEnding && target === this.#shards[to]) {
      await target.ask({ what: 'leave', bmc });
      carry(bmc, to, from);
      await placements.move(bmc, from, to);
      for (const shard of this.#shards) shard.place();
      await target.ask({ what: 'forget', bmc });
      await placements.left(bmc);
      return back(settled.problem);
    }
    await source.ask({ what: 'forget', bmc });
    await placements.left(bmc);
    log.info(`${bmc}: moved from shard ${from} to shard ${to}`, { bmc, from, to });
  }

  /** Resolves when it is ready for the first time. */
  #started(index: number): Promise<void> {
    const { log, placements, args, write } = this.#options;
    const began = performance.now();
    return new Promise((resolve, reject) => {
      let wasReady = false;
      const shard = new ShardProcess({
        index,
        of: placements.now.of,
        args: args(index),
        placement: () => placements.now,
        line: (text) => write(`${text}\n`),
        ready: () => {
          this.#changed.tell();
          if (!wasReady && this.#fallen[index] > 0)
            log.info(`shard ${index} is back: pid ${shard.pid}`, { shard: index, pid: shard.pid });
          wasReady = true;
          resolve();
        },
        died: (how) => {
          // Not even once: whoever started us has made a mistake, which it has told.
          if (!wasReady && this.#fallen[index] === 0) {
            void shard.ended.then((code) => reject(new ShardError(code)));
            return;
          }
          if (this.#isEnding) return;
          shard.ready = undefined;
          if (performance.now() - began > STOOD) this.#fallen[index] = 0;
          const pause = PAUSES[Math.min(this.#fallen[index]++, PAUSES.length - 1)];
          log.error(`shard ${index} (pid ${shard.pid}) has ended: ${how}; it is started again`, undefined, {
            shard: index,
          });
          setTimeout(() => {
            if (!this.#isEnding) void settled(this.#started(index));
          }, pause);
        },
      });
      this.#fallen[index] ??= 0;
      this.#shards[index] = shard;
    });
  }
}

/** A shard that has ended before it was ever ready: it has said why. */
export class ShardError extends Error {
  override name = 'ShardError';
  readonly code = ERROR_CODES.ShardError;
  readonly exit: number;

  constructor(exit: number) {
    super(`a shard ended with exit code ${exit}`);
    this.exit = exit;
  }
}
