import type { Audit } from '../audit/index.ts';
import type { Bmc, BmcOptions } from '../bmc.ts';
import { nameOf, sameTimes, summaryOf, type Fleet, type Outcome, type Plan } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { Listeners } from '../state/listeners.ts';
import { Pace } from '../world/pace.ts';
import { settled } from '../world/settled.ts';
import type { World } from '../world/world.ts';
import { ProcessMetrics } from '../metrics/process-metrics.ts';
import { EventLog } from './events/event-log.ts';
import { tellPlan } from './events/plan.ts';
import { Failures } from './failures.ts';
import { SensorHistories } from './sensor-history.ts';
import { refusal, type ControlError } from './problem.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { LoadedSettings, SettingsSource } from './settings-source.ts';
import type { Applied, DaemonSurroundings, KeptPlace } from './daemon-surroundings.ts';
import type { Traveller } from './traveller.ts';
import { noBmc, notRunning } from './unknown.ts';
import { keptIn, NOTHING_KEPT, toRun, wantedOf, type Kept, type WantedBmc } from './wanted.ts';

export type { Applied, DaemonSurroundings, KeptPlace } from './daemon-surroundings.ts';

type Change = Partial<Kept>;

/**
 * A process that serves a fleet, as those see it who steer it. What is to run is the settings of the file,
 * less what commands removed or stopped, and what commands added. Changes go one after the other.
 */
export class Daemon {
  readonly world: World;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly version: string;
  readonly pid: number;
  readonly file: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly expectations: DaemonSurroundings['expectations'];
  readonly audit: Audit | undefined;
  /** Wall time, milliseconds. */
  readonly began: number;
  /** Everything listens that should. */
  isReady = false;
  /** What other hosts of a cluster have; undefined: all is here. */
  elsewhere: Elsewhere | undefined = undefined;
  /** Others say which BMCs run here: commands do not. */
  #isHeld = false;
  readonly #owns: (bmc: string) => boolean;
  readonly #source: SettingsSource;
  readonly #place: KeptPlace | undefined;
  #kept: Kept = NOTHING_KEPT;
  /** The last settings of a file that were taken. */
  #ofFile: LoadedSettings | undefined;
  #wanted: ReadonlyMap<string, WantedBmc> = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  readonly #changed = new Listeners<[]>();
  #events: EventLog | undefined;
  #metrics: ProcessMetrics | undefined;
  readonly #surroundings: DaemonSurroundings;
  /** What sensors have read, of BMCs that somebody looks at. */
  readonly sensorHistories: SensorHistories;
  /** Why BMCs do not run that are to. */
  readonly failures: Failures;

  constructor(surroundings: DaemonSurroundings) {
    const { world, log, fleet, version, pid, file, stateDirectory, settings, kept, audit } = surroundings;
    this.#surroundings = surroundings;
    this.world = world;
    this.log = log;
    this.fleet = fleet;
    this.failures = new Failures(fleet);
    this.version = version;
    this.pid = pid;
    this.file = file;
    this.stateDirectory = stateDirectory;
    this.expectations = surroundings.expectations;
    this.audit = audit;
    this.#owns = surroundings.owns ?? (() => true);
    this.#source = settings;
    this.#place = kept;
    this.began = world.clock.now();
    this.sensorHistories = new SensorHistories(world.clock, (name) => fleet.use(name));
  }

  /** Which BMCs there are to be, in order, whether they run or not. */
  get wanted(): ReadonlyMap<string, WantedBmc> {
    return this.#wanted;
  }

  /** BMCs of the file that a command removed. */
  get removed(): readonly string[] {
    return this.#kept.removed;
  }

  /** What commands change of which BMCs there are outlives this process. */
  get keeps(): boolean {
    return this.#place !== undefined;
  }

  /** What happens to the BMCs; listened to from the first time that somebody asks for it. */
  get events(): EventLog {
    this.#events ??= new EventLog(this.world, this.fleet);
    return this.#events;
  }

  /** What the BMCs did; counted from the first time that somebody asks for it. */
  get metrics(): ProcessMetrics {
    const { world, metricsPerBmc: perBmc, ...others } = this.#surroundings;
    return (this.#metrics ??= new ProcessMetrics({ ...others, clock: world.clock, perBmc }));
  }

  /** The settings of a BMC by its name. */
  settings(name: string): BmcOptions {
    return this.fleet.settings.get(name) ?? this.#wanted.get(name)?.settings ?? {};
  }

  /** Throws ControlError where none of that name runs. */
  bmc(name: string): Bmc {
    const bmc = this.fleet.use(name);
    if (bmc) return bmc;
    throw this.knows(name) ? notRunning(name, this.failures.of(name)) : this.noBmc(name);
  }

  /** There is to be such a BMC, here or at another host. */
  knows(name: string): boolean {
    return this.#wanted.has(name) || this.elsewhere?.knows(name) === true;
  }

  noBmc = (name: string): ControlError => noBmc(name, this.#wanted.keys());

  /** Told after each change of which BMCs run, and with which settings. */
  onChanged(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  /**
   * The first settings, with what commands of earlier lives changed of them. Rejects as reading what is kept
   * does, and with ControlError.
   */
  begin(loaded: LoadedSettings): Promise<Outcome & { readonly lines: readonly string[] }> {
    return this.#inTurn(async () => {
      const value = await this.#place?.read();
      const kept = value === undefined ? NOTHING_KEPT : keptIn(value);
      if (kept === undefined)
        this.log.warn('control: what is kept of BMCs that were added is of another kind');
      this.#kept = kept ?? NOTHING_KEPT;
      const ofFile = new Set(loaded.bmcs.map(nameOf));
      const { added } = this.#kept;
      for (const name of Object.keys(added).filter((known) => ofFile.has(known)))
        this.log.warn(`${name}: was added by command, and the file has it now: the file's settings hold`);
      const wanted = await this.#combined(loaded, this.#kept);
      const all = toRun(wanted);
      await loaded.check(all);
      const outcome = await this.fleet.apply(all);
      this.#ofFile = loaded;
      this.#wanted = wanted;
      return { ...outcome, lines: loaded.problems([...outcome.refused, ...outcome.failed], all) };
    });
  }

  /**
   * Runs these and no others: a cluster says so, and commands that change which BMCs there are go to it.
   * Lines of what could not be had.
   */
  hold(bmcs: readonly BmcOptions[]): Promise<readonly string[]> {
    this.#isHeld = true;
    return this.#inTurn(async () => {
      const { plan, refused, failed } = await this.fleet.apply(bmcs);
      if (refused.length === 0) this.#wanted = wantedOf(bmcs, [], NOTHING_KEPT);
      tellPlan(this.#events, plan);
      return [...refused, ...failed].map(({ bmc, error }) => `${bmc}: ${String(error)}`);
    });
  }

  #refuseWhereHeld(): void {
    if (this.#isHeld)
      throw refusal('conflict', 'the cluster says which BMCs run', { next: 'ipmi-bmc cluster apply FILE' });
  }

  /** What `reload`, or with a text `apply`, would do. Rejects with ControlError. */
  async plan(text?: string): Promise<Plan> {
    const loaded = await (text === undefined ? this.#source.read() : this.#source.whole(text, 'body'));
    const kept = text === undefined ? this.#kept : { ...this.#kept, removed: [] };
    const all = toRun(await this.#combined(loaded, kept));
    await loaded.check(all);
    const { plan } = await new Pace(this.world).over(sameTimes(this.fleet, all, loaded.written));
    return plan;
  }

  /** Reads the file again and makes the fleet what it says. Rejects with ControlError: nothing is changed. */
  reload(): Promise<Applied> {
    return this.#inTurn(async () => this.#apply(await this.#source.read(), {}));
  }

  /**
   * Makes the fleet what a text says, in the place of the file until that is read again. BMCs that commands
   * removed are there again, those that commands added stay. Rejects as `reload` does.
   */
  apply(text: string): Promise<Applied> {
    return this.#inTurn(async () => this.#apply(await this.#source.whole(text, 'body'), { removed: [] }));
  }

  /** One more BMC, for good. Rejects with ControlError. */
  add(text: string): Promise<{ readonly name: string } & Applied> {
    return this.#inTurn(async () => {
      const loaded = await this.#source.one(text, 'body');
      const name = nameOf(loaded.bmcs[0]);
      if (this.#wanted.has(name))
        throw refusal('conflict', `there is a BMC '${name}' already`, {
          key: 'name',
          next: `apply a file that has it, or DELETE /v1/bmcs/${encodeURIComponent(name)} first`,
        });
      const added = { ...this.#kept.added, [name]: { settings: text, written: loaded.written } };
      const stopped = this.#kept.stopped.filter((other) => other !== name);
      const done = await this.#apply(loaded, { added, stopped }, this.#ofFile);
      if (!this.fleet.bmcs.has(name)) {
        await this.#change({ added: this.#without(name) });
        this.#forget(name);
        throw refusal('refused-settings', done.problems[0] ?? `${name} cannot be had`, {
          problems: done.problems,
        });
      }
      return { name, ...done };
    });
  }

  /** Ends one, for good: of the file, until a file is applied or it is started. What it stored stays. */
  remove(name: string): Promise<WantedBmc> {
    return this.#inTurn(async () => {
      this.#refuseWhereHeld();
      const was = this.#known(name);
      await this.fleet.remove(name);
      const stopped = this.#kept.stopped.filter((other) => other !== name);
      if (was.origin === 'added') await this.#change({ added: this.#without(name), stopped });
      else await this.#change({ removed: [...this.#kept.removed, name], stopped });
      this.#forget(name);
      this.#events?.tell(name, 'fleet', 'removed', { what: 'removed' });
      return was;
    });
  }

  /** Ends one until it is started again; it stays among those that there are. */
  stop(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseWhereHeld();
      const was = this.#known(name);
      await this.fleet.remove(name);
      await this.#change({ stopped: [...this.#kept.stopped.filter((other) => other !== name), name] });
      this.#wanted = new Map(this.#wanted).set(name, { ...was, isStopped: true });
      this.#events?.tell(name, 'fleet', 'stopped', { what: 'stopped' });
    });
  }

  /** Runs one that was stopped, could not be had, or was removed though the file has it. */
  start(name: string): Promise<Applied> {
    return this.#inTurn(async () => {
      this.#refuseWhereHeld();
      const { removed, stopped } = this.#kept;
      if (!this.#wanted.has(name) && !removed.includes(name)) throw this.noBmc(name);
      const change = {
        removed: removed.filter((other) => other !== name),
        stopped: stopped.filter((other) => other !== name),
      };
      if (this.fleet.bmcs.has(name) || this.#ofFile === undefined)
        throw refusal('conflict', `BMC '${name}' runs already`);
      return this.#apply(this.#ofFile, change);
    });
  }

  /** As if the process had ended and begun again, for one BMC. */
  restart(name: string): Promise<Applied> {
    return this.#inTurn(async () => {
      const { settings } = this.#known(name);
      const failed = await this.fleet.restart(name);
      if (failed === undefined) throw refusal('conflict', `BMC '${name}' does not run`);
      const problems = this.#ofFile?.problems(failed, [settings]) ?? [];
      this.#events?.tell(name, 'fleet', 'restarted', { what: 'restarted' });
      return { plan: this.fleet.plan([...this.fleet.settings.values()]), problems };
    });
  }

  /** Ends one that goes to another process, and tells what that needs. Rejects with ControlError. */
  leave(name: string): Promise<Traveller> {
    return this.#inTurn(async () => {
      const { isStopped } = this.#known(name);
      await this.fleet.remove(name);
      const belongings = await this.fleet.belongings(name);
      if (belongings === undefined)
        throw refusal('conflict', 'state is in memory only: what it knows would be lost', {
          next: 'run with --state DIR',
        });
      const added = this.#kept.added[name];
      return { belongings, isStopped, ...(added && { added }) };
    });
  }

  /** What is kept of one that comes from another process. It runs with `settle`, once it is ours. */
  arrive(name: string, { belongings, added, isStopped }: Traveller): Promise<void> {
    return this.#inTurn(async () => {
      await this.fleet.takeOver(belongings);
      const stopped = this.#kept.stopped.filter((other) => other !== name);
      await this.#change({
        stopped: isStopped ? [...stopped, name] : stopped,
        ...(added && { added: { ...this.#kept.added, [name]: added } }),
      });
    });
  }

  /** Which BMCs are ours has changed. */
  settle(): Promise<Applied> {
    return this.#inTurn(() => {
      if (this.#ofFile === undefined) throw refusal('conflict', 'it is not ready');
      return this.#apply(this.#ofFile, {});
    });
  }

  /** One is another process's now, with all that was stored of it. */
  forget(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#forget(name);
      await this.#change({
        added: this.#without(name),
        removed: this.#kept.removed.filter((other) => other !== name),
        stopped: this.#kept.stopped.filter((other) => other !== name),
      });
      await this.fleet.forget(name);
    });
  }

  #forget(name: string): void {
    this.#wanted = new Map([...this.#wanted].filter(([other]) => other !== name));
  }

  #known(name: string): WantedBmc {
    const wanted = this.#wanted.get(name);
    if (wanted) return wanted;
    throw this.noBmc(name);
  }

  /** `base`: the file's settings, where `loaded` speaks for another one. */
  async #apply(loaded: LoadedSettings, change: Change, base: LoadedSettings = loaded): Promise<Applied> {
    const kept = { ...this.#kept, ...change };
    // Of a thousand BMCs each step takes its time: requests of those that run come between.
    const pace = new Pace(this.world);
    const wanted = await this.#combined(base, kept);
    const all = toRun(wanted);
    await loaded.check(all);
    await pace.rest();
    const { plan, bmcs } = await pace.over(sameTimes(this.fleet, all, loaded.written));
    await pace.rest();
    const { refused, failed } = await this.fleet.apply(bmcs);
    if (refused.length > 0) {
      const problems = loaded.problems(refused, all);
      throw refusal('refused-settings', problems[0], { problems });
    }
    this.#ofFile = base;
    this.#wanted = wanted;
    await this.#change(change);
    tellPlan(this.#events, plan);
    const problems = loaded.problems(failed, all);
    this.log.debug(`control: ${summaryOf(plan)}`);
    return { plan, problems };
  }

  async #combined(loaded: LoadedSettings, kept: Kept): Promise<ReadonlyMap<string, WantedBmc>> {
    const names = new Set(loaded.bmcs.map(nameOf));
    const pace = new Pace(this.world);
    const added: BmcOptions[] = [];
    for (const [name, { settings, written }] of Object.entries(kept.added)) {
      if (names.has(name)) continue;
      try {
        const { bmcs } = await this.#source.one(settings, `BMC '${name}', added by command`, written);
        added.push(...bmcs);
      } catch (error) {
        // One that made sense when it was added: the others are not to wait for what became of it.
        this.log.warn(`${name}: does not run: ${error instanceof Error ? error.message : String(error)}`);
      }
      const rest = pace.rest();
      if (rest !== undefined) await rest;
    }
    return new Map([...wantedOf(loaded.bmcs, added, kept)].filter(([name]) => this.#owns(name)));
  }

  #without(name: string): Kept['added'] {
    return Object.fromEntries(Object.entries(this.#kept.added).filter(([other]) => other !== name));
  }

  /** Rejects where it cannot be kept: it holds for this life all the same. */
  async #change(change: Change): Promise<void> {
    if (Object.keys(change).length === 0) return;
    this.#kept = { ...this.#kept, ...change };
    await this.#place?.write(this.#kept);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work).finally(() => this.#changed.tell());
    this.#turn = settled(mine);
    return mine;
  }
}
