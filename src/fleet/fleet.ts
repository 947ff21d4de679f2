import { resolve } from 'node:path';
import { Bmc, type BmcOptions, type InterfaceInfo } from '../bmc.ts';
import { Sections } from '../config/sections.ts';
import { Listeners } from '../state/listeners.ts';
import type { Belongings } from '../storage/travelling.ts';
import { Pace } from '../world/pace.ts';
import { settled } from '../world/settled.ts';
import { groupsOf, type Turn } from './groups.ts';
import { nameOf, planOf, planSteps, type Plan } from './plan.ts';
import { Residents, type Seen } from './residents.ts';
import type { Row } from './row.ts';
import type { Failure, FleetSurroundings } from './surroundings.ts';

export type { Failure, FleetSurroundings } from './surroundings.ts';

/** BMCs that are closed, made and opened at a time. */
const AT_A_TIME = 32;

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
  readonly #surroundings: FleetSurroundings;
  readonly #residents: Residents;
  readonly #applied = new Listeners<[outcome: Outcome]>();
  readonly #progress = new Listeners<[done: number, all: number]>();
  /** The change that is under way: the next one waits for it. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(surroundings: FleetSurroundings) {
    this.#surroundings = surroundings;
    this.#residents = new Residents(surroundings);
  }

  /**
   * Those that are open, in the order of the settings. One that is taken out of it is awake from then on;
   * `use` is for who needs it for a moment.
   */
  get bmcs(): ReadonlyMap<string, Bmc> {
    return this.#residents.view;
  }

  /** Names of those that are open, in the order of the settings. */
  get names(): Iterable<string> {
    return this.#residents.rows.keys();
  }

  /**
   * A BMC for as long as nobody waits: afterwards it may sleep again. Undefined: there is none of that name.
   */
  use(name: string): Bmc | undefined {
    return this.#residents.use(name);
  }

  /** Those that are awake now. */
  get awake(): Bmc[] {
    return this.#residents.awake;
  }

  /** Why it is awake and stays so; undefined: it sleeps, or will. */
  whyAwake(name: string): string | undefined {
    return this.#residents.whyAwake(name);
  }

  /** What a list says of it, which wakes nobody. Undefined: there is none of that name. */
  glance(name: string): Seen | undefined {
    return this.#residents.glance(name);
  }

  /** What it listens on, which wakes nobody. */
  interfacesOf(name: string): InterfaceInfo[] {
    return this.#residents.interfacesOf(name);
  }

  /** Lets it sleep now, if it can. False: it has to stay awake, or sleeps already. */
  sleep(name: string): boolean {
    return this.#residents.sleep(name);
  }

  /** What the BMCs that are open were made of. */
  get settings(): ReadonlyMap<string, BmcOptions> {
    return this.#residents.settings;
  }

  /** Told of each BMC that is made, before it opens. Who listens may keep it: it never sleeps. */
  onMade(listener: (bmc: Bmc) => void): () => void {
    return this.#residents.made.add(listener);
  }

  /**
   * Told of each BMC that is made, before it takes requests: at its start, and whenever it wakes. It may
   * sleep all the same, unless somebody looks on who does not do so from here.
   */
  onWoken(listener: (bmc: Bmc) => void): () => void {
    return this.#residents.woken.add(listener);
  }

  /** Told of each BMC that is awake now, and then as `onWoken` is: whoever looks on for good keeps none awake. */
  lookOn(look: (bmc: Bmc) => void): void {
    this.#residents.lookOn(look);
  }

  /** Told of each BMC that falls asleep: another one wakes. */
  onSlept(listener: (bmc: Bmc) => void): () => void {
    return this.#residents.sleepers.slept.add(listener);
  }

  /** Told of each BMC that was closed. */
  onGone(listener: (bmc: Bmc) => void): () => void {
    return this.#residents.gone.add(listener);
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
    return planOf(this.#residents.settings, wanted);
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
      const known = [...this.#residents.settings].map(([other, before]) =>
        other === name ? settings : before,
      );
      return this.#told(await this.#apply(this.#residents.settings.has(name) ? known : [...known, settings]));
    });
  }

  /** Closes one; what it has stored stays. False: there is none of that name. */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#residents.rows.has(name)) return false;
      await this.#residents.close(name);
      this.#told({ plan: { ...this.#nothing, removed: [name] }, refused: [], failed: [] });
      return true;
    });
  }

  /** As if the process had ended and begun again, for one BMC. Undefined: there is none of that name. */
  restart(name: string): Promise<readonly Failure[] | undefined> {
    return this.#inTurn(async () => {
      const settings = this.#residents.settings.get(name);
      if (settings === undefined) return undefined;
      const order = [...this.#residents.settings.keys()];
      const failed = await this.#renew([[{ name, before: settings, wanted: settings }]]);
      this.#residents.sort(order);
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
      this.#residents.sleepers.stop();
      const [asleep, awake]: [string[], string[]] = [[], []];
      for (const [name, row] of this.#residents.rows) (row.bmc ? awake : asleep).push(name);
      // What is kept of those that sleep goes to the disk together, and nobody is made for it.
      await Promise.all(asleep.map((name) => this.#residents.close(name)));
      await inParallel(awake, AT_A_TIME, (name) => this.#residents.close(name, { endMachine }));
      await this.#surroundings.storage?.close();
    });
  }

  /** What is stored of one that is not open, and of its satellites. Rejects with StorageError. */
  async belongings(name: string): Promise<Belongings | undefined> {
    return this.#surroundings.storage?.belongings?.(this.#residents.storedAs(name));
  }

  /** What was stored elsewhere of one that is not open. Resolves when it is on disk. */
  async takeOver(belongings: Belongings): Promise<void> {
    await this.#surroundings.storage?.takeOver?.(belongings);
  }

  /** One that is not open is another process's now: nothing of it is left in the storage. */
  async forget(name: string): Promise<void> {
    await this.#surroundings.storage?.forget?.(this.#residents.storedAs(name));
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
    return { added: [], removed: [], changed: [], unchanged: [...this.#residents.settings.keys()] };
  }

  async #apply(wanted: readonly BmcOptions[]): Promise<Outcome> {
    // Those that run have their turn while a thousand others are compared and made.
    const pace = new Pace(this.#surroundings.world);
    const plan = await pace.over(planSteps(this.#residents.settings, wanted));
    const byName = new Map(wanted.map((settings) => [nameOf(settings), settings] as const));
    const of = (name: string): BmcOptions => byName.get(name) ?? {};
    const anew = plan.changed.filter(({ how }) => how === 'restart').map(({ name }) => name);
    const live = plan.changed.filter(({ how }) => how === 'live').map(({ name }) => name);
    const turns = [...plan.added, ...anew].map((name): Turn => {
      return { name, before: this.#residents.settings.get(name), wanted: of(name) };
    });
    const ready = new Map<string, Row>();
    const sections = new Sections(this.#surroundings.kinds);
    const refused: Failure[] = [];
    const tried = [...turns, ...live.map((name) => ({ name, wanted: of(name) }))];
    for (const { name, wanted: settings } of tried) {
      const mistake = this.#mistake(name, settings, sections, ready);
      if (mistake) refused.push(mistake);
      const rest = pace.rest();
      if (rest !== undefined) await rest;
    }
    if (refused.length > 0) return { plan, refused, failed: [] };
    const count = plan.removed.length + turns.length;
    let done = 0;
    const step = (): void => this.#progress.tell(++done, count);
    // First, so that their places are free.
    await inParallel(plan.removed, AT_A_TIME, async (name) => {
      await this.#residents.close(name);
      step();
    });
    for (const name of live) {
      this.#residents.adjust(name, of(name));
      const rest = pace.rest();
      if (rest !== undefined) await rest;
    }
    const { folder = '.', kinds } = this.#surroundings;
    const groups = await pace.over(groupsOf(turns, (path) => resolve(folder, path), kinds));
    const failed = await this.#renew(groups, step, ready);
    this.#residents.sort([...byName.keys()]);
    return { plan, refused: [], failed };
  }

  /**
   * Settings that contradict each other are found by a BMC that is made of them; those that differ from it in
   * what can be looked at alone need none. In a fleet that is empty it is the one that will serve (`ready`);
   * else one without a past, which is thrown away.
   */
  #mistake(
    name: string,
    settings: BmcOptions,
    sections: Sections,
    ready: Map<string, Row>,
  ): Failure | undefined {
    const { kinds } = this.#surroundings;
    const { world, templates } = this.#residents;
    try {
      if (sections.check(settings)) return undefined;
      if (this.#residents.rows.size > 0 || this.#residents.wasHere(name))
        void new Bmc(settings, { world, kinds, templates });
      else ready.set(name, this.#residents.begun(name, settings));
      return undefined;
    } catch (error) {
      return { bmc: name, error };
    }
  }

  /** Closes and makes anew, group by group, each whole or not at all. */
  async #renew(
    groups: readonly Turn[][],
    step: () => void = () => undefined,
    ready: ReadonlyMap<string, Row> = new Map(),
  ): Promise<Failure[]> {
    const failed: Failure[] = [];
    const pace = new Pace(this.#surroundings.world);
    const renewed = async (group: readonly Turn[]): Promise<void> => {
      failed.push(...(await this.#openGroup(group, ready)));
      for (let i = 0; i < group.length; i++) step();
    };
    for (let at = 0; at < groups.length; at += AT_A_TIME) {
      const some = groups.slice(at, at + AT_A_TIME);
      const names = some.flat().map(({ name }) => name);
      await Promise.all(names.map((name) => this.#residents.close(name)));
      await this.#residents.putBack(names.filter((name) => !ready.has(name)));
      const opening: Promise<void>[] = [];
      for (const group of some) {
        const work = renewed(group);
        opening.push(work);
        // Whoever waits for all of them is told of its failure, which may come before.
        void settled(work);
        const rest = pace.rest();
        if (rest !== undefined) await rest;
      }
      await Promise.all(opening);
    }
    return failed;
  }

  async #openGroup(group: readonly Turn[], ready: ReadonlyMap<string, Row>): Promise<Failure[]> {
    const open = (turns: readonly Turn[], which: 'before' | 'wanted'): Promise<Failure[]> =>
      all(turns.map((turn) => this.#residents.open(turn.name, turn[which] ?? {}, ready.get(turn.name))));
    const failed = await open(group, 'wanted');
    const wrong = new Set(failed.map(({ bmc }) => bmc));
    const old = group.filter(({ before }) => before !== undefined);
    if (!old.some(({ name }) => wrong.has(name))) return failed;
    // Back to what was: those that had their places before go first, then what is new and was no trouble.
    await Promise.all(group.map(({ name }) => this.#residents.close(name)));
    await this.#residents.putBack(group.map(({ name }) => name));
    const gone = await open(old, 'before');
    const fresh = group.filter(({ name, before }) => before === undefined && !wrong.has(name));
    const told = new Set([...failed, ...gone].map(({ bmc }) => bmc));
    const together = old.flatMap(({ name }): Failure[] =>
      told.has(name) ? [] : [asItWas(name, [...wrong])],
    );
    return [...failed, ...gone, ...together, ...(await open(fresh, 'wanted'))];
  }
}

/** It could have been changed, but others want what it would have given back. */
const asItWas = (bmc: string, wrong: readonly string[]): Failure => ({
  bmc,
  error: new Error(`it goes on as it was, as does ${wrong.join(', ')}, with which it changes places`),
});

const all = async (work: readonly Promise<Failure[]>[]): Promise<Failure[]> =>
  (await Promise.all(work)).flat();

/** Runs the work over all of them, so many at a time. Rejects with the first failure. */
async function inParallel<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
}
