import type { BmcOptions } from '../config/options.ts';
import type { Log } from '../state/setup.ts';
import type { Seal } from '../storage/seal.ts';
import type { Clock, Random, Timer } from '../world/world.ts';
import type { AddressHooks } from './address-hooks.ts';
import type { Bus, Bucket } from './bus.ts';
import { Desired } from './desired.ts';
import { Hosts } from './hosts.ts';
import { inParallel } from './in-parallel.ts';
import { LEASE_TIMES, type LeaseTimes } from './lease.ts';
import { Owners } from './owners.ts';
import { endpointsOf, placeOf } from './places.ts';
import { placed, type HostPlace } from './placement.ts';
import { Soon } from './soon.ts';
import type { StreamStorage } from './stream-storage.ts';

/** BMCs that are taken at a time. */
const AT_A_TIME = 64;
/** Milliseconds after which those that have come are served while others are still coming. */
const PART = 300;
/** Milliseconds that others have to take what was given away, before more is. */
const LONGEST_MOVE = 5000;
/** Milliseconds until what failed is tried again. */
const AGAIN = 250;
/** Milliseconds until what is still so is said again. */
const SAID_AGAIN = 30_000;
/** Milliseconds until BMCs that could not be had, as where a place is taken, are tried again. */
const LATER = 10_000;

const WENT_BACK = 'what NATS stores is older than what this host knows: a backup was restored';

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
  /** Lead the addresses of its BMCs to it. Default: they lead there by themselves. */
  readonly hooks?: AddressHooks;
}

/**
 * One host of a cluster: it lives by its lease, takes the BMCs of the shared fleet file that belong to
 * it and are nobody's, gives away those that belong to others, and ends all of them when its lease is
 * lost.
 */
export class ClusterHost {
  readonly hosts: Hosts;
  readonly owners: Owners;
  readonly name: string;
  readonly #options: ClusterHostOptions;
  readonly desired: Desired;
  readonly #next: Soon;
  #turn: Promise<void> = Promise.resolve();
  /** What it runs now, or has been told to. */
  #mine: ReadonlyMap<string, BmcOptions> = new Map();
  /** Monotonic: it has nothing to try of those until then. */
  #triedUntil = Infinity;
  /** Whose addresses lead here, as far as hooks said so. */
  #led: ReadonlyMap<string, BmcOptions> = new Map();
  /** Its lease was lost, and what it ran by it has not ended yet. */
  #isFenced = false;
  /** As it is in the bucket, and not as it was before the last lease ended. */
  #knowsOwners = true;
  /** Given away, and nobody's yet; until then (monotonic) they are waited for. */
  readonly #moving = new Map<string, number>();
  readonly #problems = new Map<string, string>();
  #warned = { message: '', until: -Infinity };
  #isEnding = false;
  #undo: (() => void)[] = [];

  private constructor(
    options: ClusterHostOptions,
    buckets: readonly [hosts: Bucket, owners: Bucket, desired: Bucket],
  ) {
    const [hosts, owners, desired] = buckets;
    const { name, place = {}, version, clock, random, times, log, seal } = options;
    this.#options = options;
    this.name = name;
    this.hosts = new Hosts(hosts, name, { ...place, version }, { clock, random }, times);
    this.owners = new Owners(owners);
    this.#next = new Soon(clock, () => this.#later(() => this.#reconcile()));
    this.desired = new Desired(desired, { log, seal });
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
    const wentBack = (): void => this.hosts.lease.abandon(WENT_BACK);
    await Promise.all([
      this.hosts.watch(wentBack),
      this.owners.watch(wentBack),
      this.desired.watch(wentBack),
    ]);
    this.#undo = [
      this.hosts.onChanged(() => this.#soon()),
      this.owners.onChanged(() => this.#soon()),
      this.desired.onChanged(() => {
        this.#later(() => this.hosts.say(this.desired.problem));
        this.#soon();
      }),
      this.hosts.lease.onLost((why) => {
        log.warn(`cluster: ${this.name} has lost its place: ${why}`);
        this.#knowsOwners = false;
        this.#fence();
        this.#soon();
      }),
    ];
    this.#soon(0);
  }

  /** What was last wrong with those that it tried to have, or to give away, in words. */
  get problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** What could not be had, or was not understood, is tried again at once. */
  async retry(): Promise<void> {
    await this.desired.read();
    this.#triedUntil = 0;
    this.#soon(0);
  }

  /** Those that are to run. */
  get #bmcs(): ReadonlyMap<string, BmcOptions> {
    return this.desired.running;
  }

  /** Nobody else can serve its BMCs at this moment; with `onLost: keep` it does not ask. */
  get mayServe(): boolean {
    return this.#options.onLost === 'keep' || this.hosts.lease.isHeld;
  }

  /** The host that has a BMC. */
  ownerOf(bmc: string): string | undefined {
    return this.owners.of(bmc, this.hosts.living)?.host;
  }

  /** Every BMC of the fleet file, with the host that has it. */
  get bmcs(): ReadonlyMap<string, string | undefined> {
    const { living } = this.hosts;
    return new Map([...this.#bmcs.keys()].map((name) => [name, this.owners.of(name, living)?.host] as const));
  }

  /**
   * Somebody else wrote of a BMC that runs here, or seems to have: it ends, and is taken anew if it is
   * still ours.
   */
  fenced(bmc: string): void {
    this.#later(() => this.#run(new Map([...this.#mine].filter(([name]) => name !== bmc))));
    this.#soon();
  }

  /** Its BMCs go to other hosts, a few at a time, and none come. */
  async drain(isDraining = true): Promise<void> {
    await this.hosts.drain(isDraining);
    this.#soon();
  }

  /** Ends its BMCs, so that others take them at once. */
  async leave(): Promise<void> {
    this.#isEnding = true;
    this.#next.cancel();
    for (const undo of this.#undo) undo();
    const { clock, log, storage, times = LEASE_TIMES } = this.#options;
    const back = this.#giveBack().catch((error: unknown) => log.warn(`cluster: ${String(error)}`));
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => (timer = clock.after(times.ttl, resolve)));
    // Where NATS is away nothing can be given back: with its lease what it had is nobody's.
    await Promise.race([back, isOver.then(() => storage.fence())]);
    timer?.cancel();
    this.desired.stop();
    this.hosts.stop();
    this.owners.stop();
  }

  /** Its BMCs end, all that they wrote is stored, and others may have them at once. */
  async #giveBack(): Promise<void> {
    const { lease } = this.hosts;
    await this.#turn;
    await this.#run(new Map());
    await this.#options.storage.close();
    if (!lease.isHeld) return;
    const failure = await this.#each(this.owners.ownedBy(this.name, lease.epoch), (bmc) =>
      this.owners.release(bmc, this.name),
    );
    await lease.release();
    if (failure !== undefined) throw failure;
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
    this.#isFenced = true;
    this.#later(() => this.#endFenced());
  }

  /** What goes on for long is said every half minute: it is tried four times a second. */
  #warn(message: string): void {
    const { clock, log } = this.#options;
    const now = clock.monotonic();
    if (message === this.#warned.message && now < this.#warned.until) return;
    this.#warned = { message, until: now + SAID_AGAIN };
    log.warn(`cluster: ${message}; trying again`);
  }

  /** What it ran by a lease that is lost, before anything by the next one. */
  async #endFenced(): Promise<void> {
    if (!this.#isFenced) return;
    await this.#run(new Map());
    this.#isFenced = false;
  }

  #soon(ms?: number): void {
    if (!this.#isEnding) this.#next.soon(ms);
  }

  /** One step after the other. */
  #later(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#warn(error instanceof Error ? error.message : String(error));
      this.#soon(AGAIN);
    });
  }

  async #reconcile(): Promise<void> {
    const { lease, living } = this.hosts;
    if (this.#isEnding) return;
    if (!lease.isHeld) lease.end();
    await this.#endFenced();
    // Who had what before may be other than what was heard last: a backup may have been restored.
    if (!this.#knowsOwners) await this.owners.watch(() => lease.abandon(WENT_BACK));
    this.#knowsOwners = true;
    if (!lease.isHeld && !(await this.hosts.take())) {
      this.#options.log.warn(`cluster: another process is host ${this.name}; waiting for it to go`);
      return this.#soon(8 * AGAIN);
    }
    const { epoch } = lease;
    const places = placed([...this.#bmcs.values()].map(placeOf), living);
    const wanted = [...places].flatMap(([bmc, host]) => (host === this.name ? [bmc] : []));
    const unheard = await this.#gain(wanted, epoch);
    if (!lease.isHeld) return this.#soon(0);
    const own = this.owners.ownedBy(this.name, epoch);
    const leaving = this.#leaving(own, places);
    await this.#run(this.#ready(own, leaving));
    const failure = (await this.#give(leaving)) ?? unheard;
    if (failure !== undefined) throw failure;
    // The next few move when these have gone; what somebody else seemed to have is looked at again.
    const has = new Set(own);
    if (leaving.size > 0 || this.#moving.size > 0 || wanted.some((bmc) => !has.has(bmc))) this.#soon(AGAIN);
  }

  /** All that it wrote of them is stored, and then they are anybody's. What went wrong with one of them. */
  async #give(leaving: ReadonlySet<string>): Promise<Error | undefined> {
    const { clock, storage } = this.#options;
    return this.#each([...leaving], async (bmc) => {
      await storage.give(bmc);
      await this.owners.release(bmc, this.name);
      if (this.#bmcs.has(bmc)) this.#moving.set(bmc, clock.monotonic() + LONGEST_MOVE);
    });
  }

  /** One after the other to the end, some at a time, whatever becomes of others. One of the failures. */
  async #each(bmcs: readonly string[], work: (bmc: string) => Promise<void>): Promise<Error | undefined> {
    let failure: Error | undefined;
    await inParallel(bmcs, AT_A_TIME, async (bmc) => {
      try {
        await work(bmc);
        this.#problems.delete(bmc);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        this.#problems.set(bmc, failure.message);
      }
    });
    return failure;
  }

  /** Of what is ours, that of which all that is stored is here. */
  #ready(own: readonly string[], leaving: ReadonlySet<string> = new Set()): Map<string, BmcOptions> {
    const { storage } = this.#options;
    const ready = new Map<string, BmcOptions>();
    for (const bmc of own) {
      const settings = this.#bmcs.get(bmc);
      if (settings && !leaving.has(bmc) && storage.has(bmc)) ready.set(bmc, settings);
    }
    return ready;
  }

  /**
   * Those that are nobody's are this host's, unless another one is faster, and all that is stored of
   * what it has comes here: nobody else can write any more. Some are served while others are still on
   * their way. What went wrong with one of them, if anything did.
   */
  async #gain(wanted: readonly string[], epoch: number): Promise<Error | undefined> {
    const { clock, storage } = this.#options;
    const { living, lease } = this.hosts;
    const free = wanted.filter((bmc) => this.owners.of(bmc, living) === undefined);
    const own = this.owners.ownedBy(this.name, epoch);
    const isNew = (bmc: string): boolean => this.#bmcs.has(bmc) && !storage.has(bmc);
    const missing = new Set([...own.filter(isNew), ...free]);
    if (missing.size === 0) return undefined;
    let isOver = false;
    const gaining = this.#each([...missing], async (bmc) => {
      if (!lease.isHeld) return;
      const isOurs = await this.owners.claim(bmc, { host: this.name, epoch }, this.hosts);
      if (isOurs && lease.isHeld && !storage.has(bmc)) await storage.take(bmc, epoch);
    }).finally(() => (isOver = true));
    while (!isOver) {
      const pause = new Promise<void>((resolve) => void clock.after(PART, resolve));
      await Promise.race([gaining, pause]);
      if (!lease.isHeld) break;
      if (!isOver)
        await this.#run(new Map([...this.#mine, ...this.#ready(this.owners.ownedBy(this.name, epoch))]));
    }
    return gaining;
  }

  /** What is no longer in the file, and some of what belongs to another host that lives. */
  #leaving(own: readonly string[], places: ReadonlyMap<string, string>): Set<string> {
    const { moves = 16, clock } = this.#options;
    for (const [bmc, until] of this.#moving)
      if (until < clock.monotonic() || this.owners.of(bmc, this.hosts.living)) this.#moving.delete(bmc);
    const gone = own.filter((bmc) => !this.#bmcs.has(bmc));
    const others = own.filter((bmc) => {
      const host = places.get(bmc);
      return this.#bmcs.has(bmc) && host !== undefined && host !== this.name;
    });
    return new Set([...gone, ...others.slice(0, Math.max(0, moves - this.#moving.size))]);
  }

  /** Those of `after` that are not in `before` as they are. True: hooks said yes to all. */
  async #lead(
    action: 'own' | 'lost',
    before: ReadonlyMap<string, BmcOptions>,
    after: ReadonlyMap<string, BmcOptions>,
  ): Promise<boolean> {
    const { hooks } = this.#options;
    if (!hooks) return true;
    const others = [...after].filter(([name, settings]) => before.get(name) !== settings);
    return hooks.run(
      action,
      others.map(([name, settings]) => ({ name, endpoints: endpointsOf(settings) })),
    );
  }

  async #run(mine: ReadonlyMap<string, BmcOptions>): Promise<void> {
    const { clock } = this.#options;
    const isSame =
      mine.size === this.#mine.size && [...mine].every(([bmc, settings]) => this.#mine.get(bmc) === settings);
    if (isSame && clock.monotonic() < this.#triedUntil) return;
    this.#mine = mine;
    // An address may have to be there before anything can listen at it.
    const isLed = await this.#lead('own', this.#led, mine);
    const problems = await this.#options.runs.run([...mine.values()]);
    for (const problem of problems) this.#options.log.warn(`cluster: ${problem}`);
    await this.#lead('lost', mine, this.#led);
    this.#led = isLed ? mine : new Map();
    // A place that is taken may be free later: what could not be had is tried again.
    this.#triedUntil = problems.length === 0 && isLed ? Infinity : clock.monotonic() + LATER;
    if (this.#triedUntil < Infinity) this.#soon(LATER);
  }
}
