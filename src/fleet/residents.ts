import { Bmc, Templates, type BmcOptions, type InterfaceInfo } from '../bmc.ts';
import { glanceAt, type Glance } from '../assembly/glance.ts';
import { newDangers } from '../config/platform.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { canEndAsleep, endAsleep } from '../assembly/hours.ts';
import type { Asleep } from '../assembly/sleep.ts';
import { toldAtEnd, type Durable, type Journal } from '../state/store.ts';
import { namedLog, silent } from '../state/setup.ts';
import { Listeners } from '../state/listeners.ts';
import { CountedClock } from '../world/counted-clock.ts';
import { worldIn, worldWith } from '../world/folder.ts';
import { endpointName, type World } from '../world/world.ts';
import { AwakeView } from './awake-view.ts';
import type { Failure, FleetStorage, FleetSurroundings } from './surroundings.ts';
import { Row } from './row.ts';
import { Sleepers } from './sleepers.ts';
import { bindAll, canWait, patternFor, type Pattern } from './unmade.ts';

/** Milliseconds without a request after which a BMC sleeps, unless somebody says otherwise. */
const SLEEP_AFTER = 60_000;
/** Patterns that are remembered. */
const MOST_PATTERNS = 16;

/** What a list says of a BMC. */
export type Seen = Glance & { readonly isAwake: boolean };

/** The BMCs of a fleet, awake or asleep, and how one comes and goes. */
export class Residents {
  readonly made = new Listeners<[bmc: Bmc]>();
  readonly woken = new Listeners<[bmc: Bmc]>();
  readonly gone = new Listeners<[bmc: Bmc]>();
  readonly sleepers: Sleepers;
  readonly templates = new Templates();
  /** Its relative paths begin where those of the settings do. */
  readonly world: World;
  readonly #surroundings: FleetSurroundings;
  readonly #icmb: IcmbNetwork;
  #rows = new Map<string, Row>();
  #settings = new Map<string, BmcOptions>();
  /** What was begun and has nothing to do until somebody asks: others like it need not be made. */
  #patterns: readonly Pattern[] = [];
  /** Whose values have been taken out of the storage in this life, each with its satellites. */
  readonly #taken = new Map<string, readonly string[]>();

  constructor(surroundings: FleetSurroundings) {
    const { world, folder, log, sleepAfter = SLEEP_AFTER } = surroundings;
    this.#surroundings = surroundings;
    this.world = folder === undefined ? world : worldIn(folder, world);
    this.#icmb = new IcmbNetwork(world);
    this.sleepers = new Sleepers({
      clock: world.clock,
      after: sleepAfter,
      log,
      make: (row, clock) => this.#make(row, clock),
      begins: (row, bmc) => this.#announce(row, bmc),
    });
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  get settings(): ReadonlyMap<string, BmcOptions> {
    return this.#settings;
  }

  /** Something stored of it was loaded in this life. */
  wasHere(name: string): boolean {
    return this.#taken.has(name);
  }

  /** The names under which something of it and of its satellites may be stored. */
  storedAs(name: string): string[] {
    const left = this.#surroundings.storage?.strangers?.(new Set(this.#rows.keys())) ?? [];
    const satellites = left.map(([stored]) => stored).filter((stored) => stored.startsWith(`${name}/`));
    return [...new Set([...(this.#taken.get(name) ?? [name]), ...satellites])];
  }

  get view(): ReadonlyMap<string, Bmc> {
    return new AwakeView({
      names: () => this.#rows.keys(),
      has: (name) => this.#rows.has(name),
      count: () => this.#rows.size,
      hold: (name) => this.#hold(name),
    });
  }

  get awake(): Bmc[] {
    return Array.from(this.#rows.values(), ({ bmc }) => bmc).filter((bmc) => bmc !== undefined);
  }

  /** Those who look on from now on do so whenever a BMC wakes: one that is awake may sleep all the same. */
  lookOn(look: (bmc: Bmc) => void): void {
    this.woken.add(look);
    for (const row of this.#rows.values()) row.lookOn(look);
  }

  use(name: string): Bmc | undefined {
    const row = this.#rows.get(name);
    row?.touch();
    return row && this.sleepers.wake(row);
  }

  whyAwake(name: string): string | undefined {
    const row = this.#rows.get(name);
    return row && this.sleepers.whyAwake(row);
  }

  glance(name: string): Seen | undefined {
    const { bmc, asleep } = this.#rows.get(name) ?? {};
    if (bmc) return { ...glanceAt(bmc), isAwake: true };
    return asleep && { ...asleep.glance, isAwake: false };
  }

  interfacesOf(name: string): InterfaceInfo[] {
    const row = this.#rows.get(name);
    if (row?.bmc || !row) return row?.bmc?.interfaces ?? [];
    return row.addresses.map((address, i) => {
      const { type = 'lan', channel = 1 } = row.settings.interfaces?.[i] ?? {};
      return { bmc: name, type, channel, address: endpointName(address) };
    });
  }

  sleep(name: string): boolean {
    const row = this.#rows.get(name);
    return row !== undefined && this.sleepers.sleep(row);
  }

  /** A row with a BMC that is not open yet. */
  begun(name: string, settings: BmcOptions): Row {
    const { clock, udp } = this.#surroundings.world;
    const row = new Row(name, settings, udp);
    row.began = { now: clock.now(), monotonic: clock.monotonic() };
    const counted = this.sleepers.areOff ? undefined : new CountedClock(clock);
    row.wakes(this.#make(row, counted), counted);
    return row;
  }

  #make(row: Row, clock: CountedClock | undefined): Bmc {
    const { log, storage, stores, kinds, firmwareDirectory } = this.#surroundings;
    const { name, settings, asleep } = row;
    // Before it is made: one that cannot be has taken some of it.
    if (asleep?.left === undefined) this.#taken.set(name, [name]);
    const bmc = new Bmc(settings, {
      world: clock ? worldWith(this.world, { clock, udp: row }) : this.world,
      log,
      kinds,
      journal: storage?.journal(name),
      stores: stores?.(name),
      firmwareDirectory: firmwareDirectory?.(name),
      icmb: this.#icmb,
      templates: this.templates,
      asleep,
    });
    this.#taken.set(name, namesIn(bmc));
    return bmc;
  }

  /** Whoever wants to know of it has it from now on, or as long as it is awake. */
  #announce(row: Row, bmc: Bmc): void {
    if (this.made.any) row.isHeld = true;
    this.made.tell(bmc);
    this.woken.tell(bmc);
  }

  async open(name: string, settings: BmcOptions, ready?: Row): Promise<Failure[]> {
    try {
      const row = ready ?? (await this.#waiting(name, settings)) ?? this.begun(name, settings);
      const { bmc } = row;
      if (bmc) {
        this.#announce(row, bmc);
        await bmc.open();
        this.sleepers.watch(row);
        if (this.sleepers.whyAwake(row) === undefined)
          this.#patterns = [{ settings, glance: glanceAt(bmc) }, ...this.#patterns].slice(0, MOST_PATTERNS);
      }
      this.#rows.set(name, row);
      this.#settings.set(name, settings);
      return [];
    } catch (error) {
      return [{ bmc: name, error }];
    }
  }

  /** A BMC that need not be made before somebody asks for it. Rejects where it cannot listen. */
  async #waiting(name: string, settings: BmcOptions): Promise<Row | undefined> {
    const { world, log, storage, stores, kinds, firmwareDirectory } = this.#surroundings;
    const pattern = patternFor(settings, this.#patterns);
    if (!pattern || this.made.any || stores?.(name) || !canWait(settings, storage?.journal(name)))
      return undefined;
    const images = settings.firmware && firmwareDirectory?.(name);
    if (images !== undefined && (await world.files.stat(images)) !== undefined) return undefined;
    const row = new Row(name, settings, world.udp);
    row.began = { now: world.clock.now(), monotonic: world.clock.monotonic() };
    try {
      await bindAll(row, log, kinds);
    } catch (error) {
      await row.close();
      throw error;
    }
    row.sleep({ began: row.began, glance: pattern.glance }, this.sleepers.wakeFor);
    return row;
  }

  adjust(name: string, settings: BmcOptions): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    // Who was locked out of it may be let in by other settings: it has to hear of them.
    if (row.asleep?.left?.mementos.users !== undefined) this.sleepers.wakeFor(row);
    const { log, kinds } = this.#surroundings;
    if (row.bmc) row.bmc.adjust(settings);
    else
      for (const danger of newDangers(row.settings, settings, kinds))
        log?.warn(`${name}: ${danger}`, { bmc: name });
    row.settings = settings;
    this.#settings.set(name, settings);
  }

  #hold(name: string): Bmc | undefined {
    const row = this.#rows.get(name);
    if (row === undefined) return undefined;
    row.isHeld = true;
    this.sleepers.forget(row);
    return this.sleepers.wake(row);
  }

  async close(name: string, how: { readonly endMachine?: boolean } = {}): Promise<void> {
    const row = this.#rows.get(name);
    this.#rows.delete(name);
    this.#settings.delete(name);
    if (!row) return;
    // How long its machine was on is kept where anything is.
    const hours = this.#surroundings.storage && row.asleep && this.#endAsleep(row, row.asleep);
    this.sleepers.forget(row);
    const { bmc } = row;
    if (!bmc) {
      await Promise.all([row.close(), hours]);
      return;
    }
    await bmc.close(how);
    this.gone.tell(bmc);
  }

  /** Undefined: a storage that others share says that it is another's by now. */
  #journal(storage: FleetStorage, name: string): Journal | undefined {
    try {
      return storage.journal(name);
    } catch (error) {
      const { log = silent } = this.#surroundings;
      log.debug(`${name}: its power-on hours are not kept: ${String(error)}`);
      return undefined;
    }
  }

  /** Without its BMC, where nothing else is to be kept of it than its hours. */
  #endAsleep(row: Row, asleep: Asleep): Durable {
    const { world, storage, log = silent } = this.#surroundings;
    if (!storage) return undefined;
    const { name, settings: options } = row;
    const journal = this.#journal(storage, name);
    // Nothing more of it is kept here.
    if (!journal) return undefined;
    const resting = { options, asleep, journal, world, log: namedLog(log, name) };
    if (!canEndAsleep(resting)) {
      this.sleepers.wakeFor(row);
      return undefined;
    }
    if (asleep.left === undefined) this.#taken.set(name, [name]);
    return endAsleep(resting)?.catch((error: unknown) => toldAtEnd(error, log, `${name}: power-on hours`));
  }

  /** What those of them have stored that were here before is there to be loaded again. */
  async putBack(names: readonly string[]): Promise<void> {
    const before = names.flatMap((name) => this.#taken.get(name) ?? []);
    if (before.length > 0) await this.#surroundings.storage?.putBack(before);
  }

  /** What was made anew goes back to where its settings stand. */
  sort(order: readonly string[]): void {
    this.#rows = sorted(this.#rows, order);
    this.#settings = sorted(this.#settings, order);
  }
}

const sorted = <V>(map: ReadonlyMap<string, V>, order: readonly string[]): Map<string, V> =>
  new Map(order.flatMap((name) => (map.has(name) ? [[name, map.get(name) as V] as const] : [])));

/** A BMC and its satellites, theirs included: each has a journal of its own under its name. */
const namesIn = ({ name, satellites }: Bmc): string[] => [name, ...satellites.flatMap(namesIn)];
