// Stories of a cluster in the simulated world, one for each seed: hosts with BMCs that clients write to, whose way to
// what they share is cut, slow, loses and doubles messages, and that are stopped, and die. At every moment at most
// one may serve a BMC; in the end everything that was acknowledged has to be there, and everything is served again
// within the lease and what taking it takes.
import { FLEET_KEY } from '../../src/cluster/desired.ts';
import { ClusterHost } from '../../src/cluster/host.ts';
import { LEASE_TIMES } from '../../src/cluster/lease.ts';
import { StreamStorage } from '../../src/cluster/stream-storage.ts';
import type { BmcOptions } from '../../src/config/options.ts';
import { nameOf } from '../../src/fleet/index.ts';
import { Contents } from '../../src/storage/contents.ts';
import { decodeChanges, RecordReader } from '../../src/storage/record.ts';
import { SimClock } from '../../src/world/sim-clock.ts';
import { simWorld } from '../../src/world/index.ts';
import { SimServer, type SimLine } from '../support/sim-bus.ts';

export interface StoryTally {
  /** Changes that somebody was told are stored. */
  acknowledged: number;
  /** Times that a BMC began to be served by a host. */
  taken: number;
  /** What happened to hosts. */
  troubles: number;
}

const BMCS = ['bmc0', 'bmc1', 'bmc2'];
const FILE = new TextEncoder().encode(`bmcs: [${BMCS.map((name) => `{ name: ${name} }`).join(', ')}]\n`);
const STEPS = 16;
/** Milliseconds that taking BMCs may take once their lease is over: messages that are lost no longer are. */
const TAKING = 4000;
const { ttl: TTL } = LEASE_TIMES;
const quiet = (): void => undefined;
const say = (...words: unknown[]): void => void (process.env.DEBUG && console.log(...words));
const log = { debug: quiet, info: quiet, warn: say, error: say };

/** Numbers 0..1 from a seed. */
function numbers(seed: number): () => number {
  const { random } = simWorld(seed);
  return () => random.u32() / 2 ** 32;
}

/** A process on a machine; it dies with the next one. */
class Life {
  readonly line: SimLine;
  readonly #next: () => number;
  readonly #tally: StoryTally;
  readonly acknowledged: [bmc: string, key: string][] = [];
  host: ClusterHost | undefined;
  #running = new Set<string>();
  #written = 0;
  #isDead = false;
  readonly #name: string;
  readonly #id: string;

  constructor(server: SimServer, name: string, id: string, next: () => number, tally: StoryTally) {
    this.line = server.connect();
    this.#name = name;
    this.#id = id;
    this.#next = next;
    this.#tally = tally;
  }

  async begin(seed: number): Promise<void> {
    const { line } = this;
    const { clock } = line;
    const storage = new StreamStorage(await line.log('state'), {
      clock,
      host: this.#name,
      warn: quiet,
      onFenced: (bmc) => this.host?.fenced(bmc),
    });
    const { random } = simWorld(seed);
    const runs = { run: (bmcs: readonly BmcOptions[]) => this.#run(bmcs, storage) };
    const options = { bus: line, name: this.#name, clock, random, log, runs, storage };
    this.host = await ClusterHost.join(options);
  }

  serves(bmc: string): boolean {
    return !this.#isDead && this.host?.mayServe === true && this.#running.has(bmc);
  }

  /** As `kill -9` does it: what it sent is on its way. */
  die(): void {
    this.#isDead = true;
    this.line.pause();
  }

  async #run(bmcs: readonly BmcOptions[], storage: StreamStorage): Promise<string[]> {
    const names = new Set(bmcs.map(nameOf));
    const fresh = [...names].filter((name) => !this.#running.has(name));
    this.#running = names;
    const problems: string[] = [];
    for (const bmc of fresh)
      try {
        const journal = storage.journal(bmc);
        this.#tally.taken++;
        const tick = (): void => {
          if (this.#isDead || !this.#running.has(bmc)) return;
          const key = `${this.#name}.${this.#id}.${this.#written++}`;
          void Promise.resolve(journal.write([{ store: 's', key, value: 1 }])).then(
            () => this.acknowledged.push([bmc, key]),
            () => undefined,
          );
          this.line.clock.after(100 + this.#next() * 1500, tick);
        };
        tick();
      } catch (error) {
        this.#running.delete(bmc);
        problems.push(`${bmc}: ${String(error)}`);
      }
    return problems;
  }
}

class Story {
  readonly #next: () => number;
  readonly #clock = new SimClock(0, 20);
  readonly #server: SimServer;
  readonly #lives: Life[] = [];
  readonly #dead: Life[] = [];
  readonly #tally: StoryTally;

  constructor(seed: number, tally: StoryTally) {
    this.#next = numbers(seed);
    this.#tally = tally;
    this.#server = new SimServer(this.#clock, this.#next);
    // As servers do that have no leader when an entry is to be forgotten.
    if (seed % 5 === 4) this.#server.forgetsLater = () => TTL;
  }

  async #begin(i: number): Promise<void> {
    const before = this.#lives[i];
    before?.die();
    if (before) this.#dead.push(before);
    const id = String(this.#dead.length);
    const life = new Life(this.#server, 'abc'[i], id, this.#next, this.#tally);
    this.#lives[i] = life;
    await life.begin(1 + Math.floor(this.#next() * 1e9));
  }

  /** Runs on for so long, and looks after each thing that happens. */
  async #go(ms: number): Promise<void> {
    const end = this.#clock.monotonic() + ms;
    while (await this.#clock.step(end, () => this.#look()));
    // The clock stands at the last thing that happened.
    await this.#clock.run(end - this.#clock.monotonic());
  }

  #look(): false {
    for (const bmc of BMCS) {
      const serving = this.#lives.filter((life) => life.serves(bmc)).length;
      if (serving > 1) throw new Error(`${bmc}: ${serving} hosts serve it at ${this.#clock.monotonic()} ms`);
    }
    return false;
  }

  #trouble(i: number): void | Promise<void> {
    const { line } = this.#lives[i];
    const draw = this.#next();
    this.#tally.troubles++;
    if (draw < 0.25) line.isCut = !line.isCut;
    else if (draw < 0.4) line.pause();
    else if (draw < 0.6) line.resume();
    else if (draw < 0.7) line.loss = this.#next() * 0.4;
    else if (draw < 0.77) line.slowest = 20 + this.#next() ** 2 * 4000;
    else if (draw < 0.84) line.doubled = this.#next() * 0.5;
    else return this.#begin(i);
  }

  async run(): Promise<void> {
    const bucket = await this.#server.connect().bucket('desired');
    const created = bucket.create(FLEET_KEY, FILE);
    await this.#clock.run(100);
    await created;
    for (let i = 0; i < 3; i++) await this.#begin(i);
    for (let step = 0; step < STEPS; step++) {
      await this.#trouble(Math.floor(this.#next() * 3));
      await this.#go(this.#next() * 2 * TTL);
    }
    for (const { line } of this.#lives) {
      line.isCut = false;
      line.loss = 0;
      line.slowest = 20;
      line.doubled = 0;
      line.resume();
    }
    await this.#go(TTL + TAKING);
    for (const bmc of BMCS)
      if (!this.#lives.some((life) => life.serves(bmc)))
        throw new Error(`${bmc}: nobody serves it ${TTL + TAKING} ms after all was well again`);
    this.#check();
  }

  /** What is stored against what was acknowledged; and who wrote against who had taken it. */
  #check(): void {
    for (const bmc of BMCS) {
      const contents = new Contents();
      let owner: string | undefined;
      for (const { bytes } of this.#server.logs.get('state')?.subjects.get(bmc) ?? [])
        for (const payload of new RecordReader().push(bytes))
          for (const change of decodeChanges(payload) ?? []) {
            contents.apply(change);
            for (const { store, key, value } of change.entries)
              if (store === 'cluster') owner = (value as { host: string }).host;
              else if (store === 's' && change.entries.length === 1 && key.split('.')[0] !== owner)
                throw new Error(`${bmc}: ${key} was written while ${owner} had it`);
          }
      const kept = new Set(Array.from(contents.take(bmc, 's'), ([key]) => key));
      for (const life of [...this.#lives, ...this.#dead])
        for (const [of, key] of life.acknowledged) {
          if (of !== bmc) continue;
          this.#tally.acknowledged++;
          if (!kept.has(key)) throw new Error(`${bmc}: ${key} was acknowledged and is lost`);
        }
    }
  }
}

/** Rejects with an Error that says what was wrong with this seed. */
export async function clusterSeed(seed: number, tally: StoryTally): Promise<void> {
  try {
    await new Story(seed, tally).run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
  }
}
