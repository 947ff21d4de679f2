import { resolve } from 'node:path';
import { Bmc, Templates, type BmcOptions, type Log } from '../bmc.ts';
import type { Kinds } from '../config/kinds.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { Listeners } from '../state/listeners.ts';
import type { OwnStores } from '../state/own-store.ts';
import type { Storage } from '../storage/storage.ts';
import { settled } from '../world/settled.ts';
import type { World } from '../world/world.ts';
import { groupsOf, type Turn } from './groups.ts';
import { nameOf, planOf, type Plan } from './plan.ts';

/** BMCs that are closed, made and opened at a time. */
const AT_A_TIME = 32;

export interface FleetSurroundings {
  readonly world: World;
  readonly log?: Log;
  /** Where relative paths of the settings begin. Default: the working directory of the process. */
  readonly folder?: string;
  /** Where changes are kept; closed with the fleet. Default: memory only. */
  readonly storage?: Storage;
  /** Stores that the program keeps by itself, of a BMC. */
  readonly stores?: (bmc: string) => OwnStores | undefined;
  /** Kinds that the settings may name beside our own. */
  readonly kinds?: Kinds;
  /** Where a BMC's firmware images lie, if its settings do not say. */
  readonly firmwareDirectory?: (bmc: string) => string;
}

/** One BMC that could not be had as it was wanted, and why. */
export interface Failure {
  readonly bmc: string;
  readonly error: unknown;
}

export interface Outcome {
  readonly plan: Plan;
  /** Settings that make no sense: nothing at all was done. */
  readonly refused: readonly Failure[];
  /** What could not be opened: an added BMC is not there, a changed one is as it was. */
  readonly failed: readonly Failure[];
}

/**
 * BMCs by name, and what they share: compiled settings, storage, clock, busses between chassis. `apply` makes
 * it what settings say, one BMC after the other, and disturbs no other one.
 */
export class Fleet {
  readonly #around: FleetSurroundings;
  readonly #templates = new Templates();
  readonly #icmb: IcmbNetwork;
  #bmcs = new Map<string, Bmc>();
  #settings = new Map<string, BmcOptions>();
  /** Whose values have been taken out of the storage in this life, each with its satellites. */
  readonly #taken = new Map<string, readonly string[]>();
  readonly #made = new Listeners<[bmc: Bmc]>();
  readonly #gone = new Listeners<[bmc: Bmc]>();
  readonly #applied = new Listeners<[outcome: Outcome]>();
  readonly #progress = new Listeners<[done: number, all: number]>();
  /** The change that is under way: the next one waits for it. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(around: FleetSurroundings) {
    this.#around = around;
    this.#icmb = new IcmbNetwork(around.world);
  }

  /** Those that are open, in the order of the settings. */
  get bmcs(): ReadonlyMap<string, Bmc> {
    return this.#bmcs;
  }

  /** What the BMCs that are open were made of. */
  get settings(): ReadonlyMap<string, BmcOptions> {
    return this.#settings;
  }

  /** Told of each BMC that is made, before it opens. */
  onMade(listener: (bmc: Bmc) => void): () => void {
    return this.#made.add(listener);
  }

  /** Told of each BMC that was closed. */
  onGone(listener: (bmc: Bmc) => void): () => void {
    return this.#gone.add(listener);
  }

  /** Told when a change of which BMCs there are, or of their settings, is over, however it went. */
  onApplied(listener: (outcome: Outcome) => void): () => void {
    return this.#applied.add(listener);
  }

  /** Told, as `apply` goes on, how many BMCs are done of those that it has to make or close. */
  onProgress(listener: (done: number, all: number) => void): () => void {
    return this.#progress.add(listener);
  }

  /** What `apply` would do. */
  plan(wanted: readonly BmcOptions[]): Plan {
    return planOf(this.#settings, wanted);
  }

  /**
   * Makes the fleet what these settings say: their names differ. BMCs that do not differ notice nothing.
   * Where any settings make no sense, nothing is done. One call after the other: a second one waits.
   */
  apply(wanted: readonly BmcOptions[]): Promise<Outcome> {
    return this.#inTurn(async () => this.#told(await this.#apply(wanted)));
  }

  /** One more BMC, or another one in the place of the one of that name. */
  add(settings: BmcOptions): Promise<Outcome> {
    const name = nameOf(settings);
    return this.#inTurn(async () => {
      const known = [...this.#settings].map(([one, before]) => (one === name ? settings : before));
      return this.#told(await this.#apply(this.#settings.has(name) ? known : [...known, settings]));
    });
  }

  /** Closes one; what it has stored stays. False: there is none of that name. */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#bmcs.has(name)) return false;
      await this.#close(name);
      this.#told({ plan: { ...this.#nothing, removed: [name] }, refused: [], failed: [] });
      return true;
    });
  }

  /** As if the process had ended and begun again, for one BMC. Undefined: there is none of that name. */
  restart(name: string): Promise<readonly Failure[] | undefined> {
    return this.#inTurn(async () => {
      const settings = this.#settings.get(name);
      if (settings === undefined) return undefined;
      const order = [...this.#settings.keys()];
      const failed = await this.#renew([[{ name, before: settings, wanted: settings }]]);
      this.#sort(order);
      const changed = { name, keys: [], how: 'restart' } as const;
      this.#told({ plan: { ...this.#nothing, changed: [changed] }, refused: [], failed });
      return failed;
    });
  }

  /** Waits for the change that is under way, closes all BMCs, then the storage. */
  close(how: { readonly endMachines?: boolean } = {}): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true;
      const { endMachines: endMachine } = how;
      await inParallel([...this.#bmcs.keys()], AT_A_TIME, (name) => this.#close(name, { endMachine }));
      await this.#around.storage?.close();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => {
      if (this.#closed) throw new Error('the fleet is closed');
      return work();
    });
    this.#turn = settled(mine);
    return mine;
  }

  #told(outcome: Outcome): Outcome {
    this.#applied.tell(outcome);
    return outcome;
  }

  /** A plan that leaves everything as it is. */
  get #nothing(): Plan {
    return { added: [], removed: [], changed: [], unchanged: [...this.#settings.keys()] };
  }

  async #apply(wanted: readonly BmcOptions[]): Promise<Outcome> {
    const plan = this.plan(wanted);
    const byName = new Map(wanted.map((one) => [nameOf(one), one] as const));
    const of = (name: string): BmcOptions => byName.get(name) ?? {};
    const anew = plan.changed.filter(({ how }) => how === 'restart').map(({ name }) => name);
    const live = plan.changed.filter(({ how }) => how === 'live').map(({ name }) => name);
    const turns = [...plan.added, ...anew].map((name): Turn => {
      return { name, before: this.#settings.get(name), wanted: of(name) };
    });
    const ready = new Map<string, Bmc>();
    const refused = turns.flatMap(({ name, wanted: settings }) => this.#mistake(name, settings, ready) ?? []);
    if (refused.length > 0) return { plan, refused, failed: [] };
    const count = plan.removed.length + turns.length;
    let done = 0;
    const step = (): void => this.#progress.tell(++done, count);
    // First, so that their places are free.
    await inParallel(plan.removed, AT_A_TIME, async (name) => {
      await this.#close(name);
      step();
    });
    for (const name of live) {
      this.#bmcs.get(name)?.adjust(of(name));
      this.#settings.set(name, of(name));
    }
    const failed = await this.#renew(
      groupsOf(turns, (path) => resolve(this.#around.folder ?? '.', path), this.#around.kinds),
      step,
      ready,
    );
    this.#sort([...byName.keys()]);
    return { plan, refused: [], failed };
  }

  /**
   * Settings that contradict each other are found by a BMC that is made of them. In a fleet that is empty it
   * is the one that will serve (`ready`); else one without a past, which is thrown away.
   */
  #mistake(name: string, settings: BmcOptions, ready: Map<string, Bmc>): Failure | undefined {
    const { world, folder, kinds } = this.#around;
    try {
      if (this.#bmcs.size === 0 && !this.#taken.has(name)) ready.set(name, this.#make(name, settings));
      else void new Bmc(settings, { world, folder, kinds, templates: this.#templates });
      return undefined;
    } catch (error) {
      return { bmc: name, error };
    }
  }

  /** Closes and makes anew, group by group, each whole or not at all. */
  async #renew(
    groups: readonly Turn[][],
    step: () => void = () => undefined,
    ready: ReadonlyMap<string, Bmc> = new Map(),
  ): Promise<Failure[]> {
    const failed: Failure[] = [];
    for (let at = 0; at < groups.length; at += AT_A_TIME) {
      const some = groups.slice(at, at + AT_A_TIME);
      const names = some.flat().map(({ name }) => name);
      await Promise.all(names.map((name) => this.#close(name)));
      await this.#putBack(names.filter((name) => !ready.has(name)));
      await Promise.all(
        some.map(async (group) => {
          failed.push(...(await this.#openGroup(group, ready)));
          for (let i = 0; i < group.length; i++) step();
        }),
      );
    }
    return failed;
  }

  async #openGroup(group: readonly Turn[], ready: ReadonlyMap<string, Bmc>): Promise<Failure[]> {
    const open = (turns: readonly Turn[], which: 'before' | 'wanted'): Promise<Failure[]> =>
      all(turns.map((turn) => this.#open(turn.name, turn[which] ?? {}, ready.get(turn.name))));
    const failed = await open(group, 'wanted');
    const wrong = new Set(failed.map(({ bmc }) => bmc));
    const old = group.filter(({ before }) => before !== undefined);
    if (!old.some(({ name }) => wrong.has(name))) return failed;
    // Back to what was: those that had their places before go first, then what is new and was no trouble.
    await Promise.all(group.map(({ name }) => this.#close(name)));
    await this.#putBack(group.map(({ name }) => name));
    const gone = await open(old, 'before');
    const fresh = group.filter(({ name, before }) => before === undefined && !wrong.has(name));
    return [...failed, ...gone, ...(await open(fresh, 'wanted'))];
  }

  #make(name: string, settings: BmcOptions): Bmc {
    const { world, log, folder, storage, stores, kinds, firmwareDirectory } = this.#around;
    // Before it is made: one that cannot be has taken some of it.
    this.#taken.set(name, [name]);
    const bmc = new Bmc(settings, {
      world,
      log,
      folder,
      kinds,
      journal: storage?.journal(name),
      stores: stores?.(name),
      firmwareDirectory: firmwareDirectory?.(name),
      icmb: this.#icmb,
      templates: this.#templates,
    });
    this.#taken.set(name, namesIn(bmc));
    return bmc;
  }

  async #open(name: string, settings: BmcOptions, ready?: Bmc): Promise<Failure[]> {
    try {
      const bmc = ready ?? this.#make(name, settings);
      this.#made.tell(bmc);
      await bmc.open();
      this.#bmcs.set(name, bmc);
      this.#settings.set(name, settings);
      return [];
    } catch (error) {
      return [{ bmc: name, error }];
    }
  }

  async #close(name: string, how: { readonly endMachine?: boolean } = {}): Promise<void> {
    const bmc = this.#bmcs.get(name);
    this.#bmcs.delete(name);
    this.#settings.delete(name);
    if (!bmc) return;
    await bmc.close(how);
    this.#gone.tell(bmc);
  }

  /** What those of them have stored that were here before is there to be loaded again. */
  async #putBack(names: readonly string[]): Promise<void> {
    const before = names.flatMap((name) => this.#taken.get(name) ?? []);
    if (before.length > 0) await this.#around.storage?.putBack(before);
  }

  /** What was made anew goes back to where its settings stand. */
  #sort(order: readonly string[]): void {
    this.#bmcs = sorted(this.#bmcs, order);
    this.#settings = sorted(this.#settings, order);
  }
}

const sorted = <V>(map: ReadonlyMap<string, V>, order: readonly string[]): Map<string, V> =>
  new Map(order.flatMap((name) => (map.has(name) ? [[name, map.get(name) as V] as const] : [])));

/** A BMC and its satellites, theirs included: each has a journal of its own under its name. */
const namesIn = ({ name, satellites }: Bmc): string[] => [name, ...satellites.flatMap(namesIn)];

const all = async (work: readonly Promise<Failure[]>[]): Promise<Failure[]> =>
  (await Promise.all(work)).flat();

/** Runs the work over all of them, so many at a time. Rejects with the first failure. */
async function inParallel<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const one = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, one));
}
