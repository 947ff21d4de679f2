import { parseFile } from '../config/load.ts';
import type { BmcOptions } from '../config/options.ts';
import { nameOf } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { StorageError } from '../storage/journal-head.ts';
import type { Seal } from '../storage/seal.ts';
import { parseEndpoint, type Clock, type Random, type Timer } from '../world/world.ts';
import type { Bus, Bucket, Watch } from './bus.ts';
import { Hosts } from './hosts.ts';
import type { LeaseTimes } from './lease.ts';
import { LEASE_TIMES } from './lease.ts';
import { Owners } from './owners.ts';
import { placed, type HostPlace, type Placed } from './placement.ts';
import type { StreamStorage } from './stream-storage.ts';

/** The key of the fleet file in its bucket. */
export const FLEET_KEY = 'fleet';
/** BMCs that are taken at a time. */
const AT_A_TIME = 64;
/** Milliseconds: what comes together is looked at together. */
const SETTLE = 50;
/** Milliseconds until what failed is tried again. */
const AGAIN = 1000;

/** What a host runs: a Fleet, or a Daemon over one. */
export interface Runs {
  /** These and no others; lines of what could not be had. */
  run(bmcs: readonly BmcOptions[]): Promise<readonly string[]>;
}

export interface ClusterHostOptions {
  readonly bus: Bus;
  /** Unlike all others'. */
  readonly name: string;
  readonly place?: HostPlace;
  readonly version?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runs: Runs;
  readonly storage: StreamStorage;
  /** Without NATS nobody can say who is whose: `keep` serves on, at the risk that another host does too. */
  readonly onLost?: 'fence' | 'keep';
  /** Unseals the fleet file. Default: it is not sealed. */
  readonly seal?: Pick<Seal, 'open'>;
  /** BMCs that move to another host at a time. Default 16. */
  readonly moves?: number;
  readonly times?: LeaseTimes;
}

/**
 * One host of a cluster: it lives by its lease, takes the BMCs of the shared fleet file that belong to it and
 * are nobody's, gives away those that belong to others, and ends all of them when its lease is lost.
 */
export class ClusterHost {
  readonly hosts: Hosts;
  readonly owners: Owners;
  readonly name: string;
  readonly #options: ClusterHostOptions;
  readonly #desired: Bucket;
  #bmcs: ReadonlyMap<string, BmcOptions> = new Map();
  #watch: Watch | undefined;
  #timer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** What it runs now, or has been told to. */
  #mine: ReadonlyMap<string, BmcOptions> = new Map();
  #isEnding = false;
  #undo: (() => void)[] = [];

  private constructor(
    options: ClusterHostOptions,
    buckets: readonly [hosts: Bucket, owners: Bucket, desired: Bucket],
  ) {
    const [hosts, owners, desired] = buckets;
    const { name, place = {}, version, clock, random, times } = options;
    this.#options = options;
    this.name = name;
    this.hosts = new Hosts(hosts, name, { ...place, version }, { clock, random }, times);
    this.owners = new Owners(owners);
    this.#desired = desired;
  }

  /** Joins; resolves when it knows what there is, before it has taken anything. */
  static async join(options: ClusterHostOptions): Promise<ClusterHost> {
    const { bus, times = LEASE_TIMES } = options;
    const buckets = await Promise.all([
      bus.bucket('hosts', { ttl: times.ttl }),
      bus.bucket('owners'),
      bus.bucket('desired'),
    ]);
    const host = new ClusterHost(options, buckets);
    await host.#begin();
    return host;
  }

  async #begin(): Promise<void> {
    const { log } = this.#options;
    await Promise.all([this.hosts.watch(), this.owners.watch(), this.#watchDesired()]);
    this.#undo = [
      this.hosts.onChanged(() => this.#soon()),
      this.owners.onChanged(() => this.#soon()),
      this.hosts.lease.onLost((why) => {
        log.warn(`cluster: ${this.name} has lost its place: ${why}`);
        this.#fence();
        this.#soon();
      }),
    ];
    this.#soon(0);
  }

  async #watchDesired(): Promise<void> {
    this.#watch = await this.#desired.watch((key, entry) => {
      if (key !== FLEET_KEY) return;
      try {
        const bmcs = entry ? parseFile(this.#textOf(entry.value), FLEET_KEY).bmcs : [];
        this.#bmcs = new Map(bmcs.map((bmc) => [nameOf(bmc), bmc]));
        this.#soon();
      } catch (error) {
        // `apply` has looked at it; another version may know keys that this one does not.
        this.#options.log.error('cluster: the fleet file is not understood: what ran runs on', error);
      }
    });
    await this.#watch.isComplete;
  }

  #textOf(value: Uint8Array): string {
    const { seal } = this.#options;
    const bytes = seal ? seal.open(value) : value;
    if (!bytes) throw new StorageError('the fleet file is sealed with another key, or not at all');
    return new TextDecoder().decode(bytes);
  }

  /** Every BMC of the fleet file, with the host that has it. */
  get bmcs(): ReadonlyMap<string, string | undefined> {
    const { living } = this.hosts;
    return new Map([...this.#bmcs.keys()].map((name) => [name, this.owners.of(name, living)?.host] as const));
  }

  /** Its BMCs go to other hosts, a few at a time, and none come. */
  async drain(isDraining = true): Promise<void> {
    await this.hosts.drain(isDraining);
    this.#soon();
  }

  /** Ends its BMCs, so that others take them at once. */
  async leave(): Promise<void> {
    this.#isEnding = true;
    this.#timer?.cancel();
    for (const undo of this.#undo) undo();
    await this.#turn;
    await this.#run(new Map());
    const { storage } = this.#options;
    const { lease } = this.hosts;
    await storage.close();
    if (lease.isHeld) {
      for (const some of slices(this.owners.ownedBy(this.name, lease.epoch), AT_A_TIME))
        await Promise.all(some.map((bmc) => this.owners.release(bmc, this.name)));
      await lease.release();
    }
    this.#watch?.stop();
    this.hosts.stop();
    this.owners.stop();
  }

  /** Its BMCs may be another host's from now on. */
  #fence(): void {
    if (this.#options.onLost === 'keep') {
      this.#options.log.warn(
        'cluster: onLost is keep: its BMCs are served on; changes wait until NATS is back',
      );
      return;
    }
    this.#options.storage.fence();
    this.#later(() => this.#run(new Map()));
  }

  #soon(ms = SETTLE): void {
    if (this.#isEnding) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(ms, () => this.#later(() => this.#reconcile()));
  }

  /** One step after the other. */
  #later(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#options.log.warn(
        `cluster: ${error instanceof Error ? error.message : String(error)}; trying again`,
      );
      this.#soon(AGAIN);
    });
  }

  async #reconcile(): Promise<void> {
    const { lease, living } = this.hosts;
    if (this.#isEnding) return;
    if (!lease.isHeld && !(await this.hosts.take())) {
      this.#options.log.warn(`cluster: another process is host ${this.name}; waiting for it to go`);
      return this.#soon(AGAIN * 2);
    }
    const { epoch } = lease;
    const places = placed([...this.#bmcs.values()].map(placeOf), living);
    const wanted = [...places].flatMap(([bmc, host]) => (host === this.name ? [bmc] : []));
    await this.#claim(wanted, epoch);
    const own = this.owners.ownedBy(this.name, epoch);
    await this.#takeStored(
      own.filter((bmc) => this.#bmcs.has(bmc)),
      epoch,
    );
    if (!lease.isHeld) return this.#soon(0);
    const leaving = this.#leaving(own, places);
    const mine = new Map<string, BmcOptions>();
    for (const bmc of own) {
      const settings = this.#bmcs.get(bmc);
      if (settings && !leaving.has(bmc)) mine.set(bmc, settings);
    }
    await this.#run(mine);
    for (const some of slices([...leaving], AT_A_TIME))
      await Promise.all(
        some.map(async (bmc) => {
          await this.#options.storage.give(bmc);
          await this.owners.release(bmc, this.name);
        }),
      );
    // The next few move when these have gone; what somebody else seemed to have is looked at again.
    const has = new Set(own);
    if (leaving.size > 0 || wanted.some((bmc) => !has.has(bmc))) this.#soon(AGAIN);
  }

  /** Those that are nobody's are this host's, unless another one is faster. */
  async #claim(wanted: readonly string[], epoch: number): Promise<void> {
    const { living, lease } = this.hosts;
    const free = wanted.filter((bmc) => this.owners.of(bmc, living) === undefined);
    for (const some of slices(free, AT_A_TIME)) {
      if (!lease.isHeld) return;
      const claimed = some.map((bmc) => this.owners.claim(bmc, { host: this.name, epoch }, this.hosts));
      await Promise.all(claimed);
    }
  }

  /** All that is stored of them is here, and nobody else can write any more. */
  async #takeStored(own: readonly string[], epoch: number): Promise<void> {
    const { storage } = this.#options;
    const missing = own.filter((bmc) => !storage.has(bmc));
    for (const some of slices(missing, AT_A_TIME)) {
      if (!this.hosts.lease.isHeld) return;
      await Promise.all(some.map((bmc) => storage.take(bmc, epoch)));
    }
  }

  /** What is no longer in the file, and some of what belongs to another host that lives. */
  #leaving(own: readonly string[], places: ReadonlyMap<string, string>): Set<string> {
    const { moves = 16 } = this.#options;
    const gone = own.filter((bmc) => !this.#bmcs.has(bmc));
    const others = own.filter((bmc) => {
      const host = places.get(bmc);
      return this.#bmcs.has(bmc) && host !== undefined && host !== this.name;
    });
    return new Set([...gone, ...others.slice(0, moves)]);
  }

  async #run(mine: ReadonlyMap<string, BmcOptions>): Promise<void> {
    if (
      mine.size === this.#mine.size &&
      [...mine].every(([bmc, settings]) => this.#mine.get(bmc) === settings)
    )
      return;
    this.#mine = mine;
    const problems = await this.#options.runs.run([...mine.values()]);
    for (const problem of problems) this.#options.log.warn(`cluster: ${problem}`);
    if (problems.length === 0) return;
    // A place that is taken may be free later: what could not be had is tried again.
    this.#mine = new Map();
    this.#soon(10 * AGAIN);
  }
}

function placeOf(bmc: BmcOptions): Placed {
  const addresses = (bmc.interfaces ?? []).flatMap((one) => {
    const listen: unknown = 'listen' in one ? one.listen : undefined;
    const host = typeof listen === 'string' ? parseEndpoint(listen)?.host : undefined;
    return host === undefined ? [] : [host];
  });
  return { name: nameOf(bmc), labels: bmc.labels, addresses };
}

function* slices<T>(items: readonly T[], size: number): IterableIterator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
