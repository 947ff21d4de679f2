/// <reference lib="esnext.disposable" preserve="true" />
import { settingAt, SettingsError } from '../settings/errors.ts';
import { Listeners } from '../state/listeners.ts';
import type { FaultHit } from '../taps/index.ts';
import type { Timer, UdpNetwork } from '../world/world.ts';
import { Armed, hash } from './armed.ts';
import { CommandFaults } from './commands.ts';
import { checkEffect, Conditions } from './conditions.ts';
import type { FaultyBmc } from './faulty-bmc.ts';
import type { Fault } from './fault.ts';
import { FaultyUdp, type DatagramFaults } from './datagrams.ts';
import { presetRules } from './presets.ts';
import type {
  FaultEffect,
  FaultLayer,
  FaultRule,
  FaultsOptions,
  FaultTime,
  FaultWhen,
  ScenarioOptions,
} from './rule.ts';
import { checkScenario, Run, type ScenarioEnd, type ScenarioRun } from './scenario.ts';
import { SessionFaults } from './sessions.ts';

/** A rule that there is. */
export interface RuleThere extends Fault {
  readonly rule: FaultRule;
  readonly layer: FaultLayer;
  /** It waits for its `after`. */
  readonly isWaiting: boolean;
  /** The story that it came with. */
  readonly preset?: string;
}

/** A scenario that is over. */
export interface EndedScenario extends ScenarioEnd {
  readonly name: string;
}

const NOTHING: readonly never[] = [];
/** Rules there can be at once. */
const MOST_RULES = 10_000;
/** Scenarios whose end is known. */
const MOST_ENDED = 32;

/** A rule in its place, and what waits for it. */
interface Place {
  readonly armed: Armed;
  /** It waits for its `after`. */
  isWaiting: boolean;
  timer: Timer | undefined;
  readonly preset: string | undefined;
}

/** What goes wrong with a BMC on purpose. Nothing is wrapped, and nothing costs anything, without rules. */
export class Faults {
  readonly #bmc: FaultyBmc;
  readonly #listeners = new Listeners<[hit: FaultHit]>();
  #seed: number | undefined;
  #udp: FaultyUdp | undefined;
  #places: readonly Place[] = [];
  #scenarios: readonly ScenarioOptions[] = NOTHING;
  #runs: readonly Run[] = NOTHING;
  #ended: readonly EndedScenario[] = NOTHING;
  #count = 0;
  /** Rules that there ever were. */
  #added = 0;
  /** Made with the first rule. */
  #layers: Layers | undefined;

  /** The BMC may still be under construction. */
  constructor(bmc: FaultyBmc) {
    this.#bmc = bmc;
  }

  /** The network as the BMC is to have it. */
  over(udp: UdpNetwork): UdpNetwork {
    return (this.#udp = new FaultyUdp(udp));
  }

  /** What the settings ask for. Throws SettingsError with the place of what is wrong. */
  begin({ seed, presets = [], rules = [], scenarios = [], start = [], arm = [] }: FaultsOptions = {}): void {
    this.#seed = seed;
    for (const [i, name] of presets.entries()) settingAt(['presets', i], () => this.preset(name));
    for (const [i, rule] of rules.entries()) settingAt(['rules', i], () => this.add(rule));
    for (const [i, scenario] of scenarios.entries())
      settingAt(['scenarios', i], () => {
        if (scenarios.findIndex(({ name }) => name === scenario.name) < i)
          throw new SettingsError('expected a name that no other scenario has', ['name']);
        checkScenario(scenario, this.#bmc);
      });
    this.#scenarios = scenarios;
    for (const [i, name] of start.entries()) settingAt(['start', i], () => this.run(name));
    for (const [i, name] of arm.entries()) settingAt(['arm', i], () => this.arm(name));
  }

  /**
   * Adds a rule behind the others. Throws SettingsError with the key of what is wrong in it: an unknown
   * command, keys of two layers, a time that is none, an id that another one has.
   */
  add(rule: FaultRule): Fault {
    return this.#add(rule);
  }

  #add(rule: FaultRule, preset?: string): Fault {
    if (this.#places.length >= MOST_RULES) throw new SettingsError(`there are ${MOST_RULES} rules already`);
    const id = rule.id ?? `fault-${++this.#count}`;
    if (this.#places.some(({ armed }) => armed.id === id))
      throw new SettingsError(`expected an id that no other rule has, received ${JSON.stringify(id)}`, [
        'id',
      ]);
    this.#seed ??= this.#bmc.setup.random.u32();
    const armed = new Armed(rule, id, this.#seed ^ hash(this.#bmc.name), this.#added++);
    checkEffect(armed, this.#bmc);
    const place: Place = { armed, isWaiting: armed.after !== undefined, timer: undefined, preset };
    this.#put([...this.#places, place]);
    if (armed.after === undefined) this.#begins(place);
    else place.timer = this.#bmc.setup.clock.after(armed.after, () => this.#begins(place));
    return this.#fault(place);
  }

  /** All rules of a story (docs/faults.md), as one. Throws SettingsError for a name that is none. */
  preset(name: string): Fault {
    const added: Fault[] = [];
    try {
      for (const rule of presetRules(name)) added.push(this.#add(rule, name));
    } catch (error) {
      for (const rule of added) rule.remove();
      throw error;
    }
    const remove = (): void => {
      for (const rule of added) rule.remove();
    };
    return {
      id: name,
      get hits() {
        return added.reduce((sum, { hits }) => sum + hits, 0);
      },
      get isArmed() {
        return added.some(({ isArmed }) => isArmed);
      },
      remove,
      [Symbol.dispose]: remove,
    };
  }

  /** The BMC answers nobody for so long (`30s`, or seconds), and its sessions go on. */
  dark(time: FaultTime): Fault {
    return this.#condition({ dark: time }, time);
  }

  /** Every rule that there is, in order. */
  get list(): readonly RuleThere[] {
    return this.#places.map((place) => this.#fault(place));
  }

  /** Takes a rule off, or all rules of a story; false: there is none of this id. */
  remove(id: string): boolean {
    const place = this.#places.find(({ armed }) => armed.id === id);
    const all = place === undefined ? this.#places.filter(({ preset }) => preset === id) : [place];
    for (const rule of all) this.#end(rule);
    return all.length > 0;
  }

  /**
   * Begins a scenario, one of the settings by its name or one that is given. Throws SettingsError for a name
   * that is none, and with the place of what is wrong in a given one.
   */
  run(scenario: string | ScenarioOptions): ScenarioRun {
    return this.#run(scenario);
  }

  /**
   * As `run`, but it begins when a request of a client fits, and its times are reckoned from there. Default:
   * the first request of anybody. Throws SettingsError as `run` does, and for a `when` that makes no sense.
   */
  arm(scenario: string | ScenarioOptions, when: FaultWhen = {}): ScenarioRun {
    return this.#run(scenario, when);
  }

  /** Names of the scenarios of the settings. */
  get scenarios(): readonly string[] {
    return this.#scenarios.map(({ name }) => name);
  }

  #run(scenario: string | ScenarioOptions, begins?: FaultWhen): ScenarioRun {
    const options =
      typeof scenario === 'string' ? this.#scenarios.find(({ name }) => name === scenario) : scenario;
    if (options === undefined)
      throw new SettingsError(
        `expected one of ${this.#scenarios.map(({ name }) => name).join(', ') || 'no scenario: there is none'}, received ${JSON.stringify(scenario)}`,
      );
    if (typeof scenario !== 'string') checkScenario(options, this.#bmc);
    const { sessions } = (this.#layers ??= this.#make());
    const run = new Run(
      options,
      {
        bmc: this.#bmc,
        add: (rule) => this.add(rule),
        preset: (name) => this.preset(name),
        passing: (context) => sessions.passing(context),
        over: (armed, end) => {
          this.#runs = this.#runs.filter((other) => other !== armed);
          this.#ended = [...this.#ended.slice(1 - MOST_ENDED), { name: armed.name, ...end }];
        },
      },
      begins,
    );
    if (!run.isOver) this.#runs = [...this.#runs, run];
    return run;
  }

  /** Scenarios that are under way. */
  get running(): readonly ScenarioRun[] {
    return this.#runs;
  }

  /** Those that are over, the last ones, oldest first. */
  get ended(): readonly EndedScenario[] {
    return this.#ended;
  }

  /** Stops all scenarios and takes all rules off; the BMC is well again. */
  clear(): void {
    for (const run of this.#runs) run.stop();
    for (const place of this.#places) this.#end(place);
  }

  /** The BMC ends, and what a fault has put off with it. */
  close(): void {
    this.clear();
    this.#layers?.conditions.close();
  }

  /** Why its BMC has to stay awake: what was wrong once has left its traces. Undefined: nothing ever was. */
  get wakeful(): string | undefined {
    return this.#layers === undefined ? undefined : 'something is or was wrong with it on purpose';
  }

  /** Called with each hit. Returns what takes the listener away again. */
  onHit(listener: (hit: FaultHit) => void): () => void {
    return this.#listeners.add(listener);
  }

  #condition(then: FaultEffect, time: FaultTime): Fault {
    return this.add({ then, for: time });
  }

  #fault(place: Place): RuleThere {
    const remove = (): void => this.#end(place);
    const isArmed = (): boolean => this.#places.includes(place);
    const { armed, preset } = place;
    return {
      id: armed.id,
      rule: armed.rule,
      layer: armed.layer,
      ...(preset !== undefined && { preset }),
      get isWaiting() {
        return place.isWaiting;
      },
      get hits() {
        return armed.hits;
      },
      get isArmed() {
        return isArmed();
      },
      remove,
      [Symbol.dispose]: remove,
    };
  }

  #begins(place: Place): void {
    const { armed } = place;
    const wasWaiting = place.isWaiting;
    place.isWaiting = false;
    if (wasWaiting) this.#put(this.#places);
    const begins = armed.layer === 'condition' && armed.rule.when === undefined;
    // What begins with a command lasts from then on.
    if (armed.layer !== 'condition' || begins) place.timer = this.#after(armed.lasts, () => this.#end(place));
    if (!begins) return;
    if (armed.strikes()) this.#hold(armed);
    else this.#end(place);
  }

  #after(ms: number | undefined, action: () => void): Timer | undefined {
    return ms === undefined ? undefined : this.#bmc.setup.clock.after(ms, action);
  }

  #hold(armed: Armed): void {
    this.#hit(armed, this.#layers?.conditions.begin(armed) ?? '');
  }

  /** A condition that waited for a command begins. */
  #befalls(armed: Armed): void {
    const place = this.#places.find((place) => place.armed === armed);
    if (place === undefined) return;
    this.#hold(armed);
    place.timer?.cancel();
    place.timer = this.#after(armed.lasts, () => {
      this.#layers?.conditions.end(armed);
      this.#passed(armed);
    });
  }

  /** A condition is over: the rule is, too, unless it waits for its next time. */
  #passed(armed: Armed): void {
    if (armed.rule.when === undefined || armed.isOver) this.remove(armed.id);
  }

  #end(place: Place): void {
    if (!this.#places.includes(place)) return;
    place.timer?.cancel();
    this.#layers?.conditions.end(place.armed);
    this.#put(this.#places.filter((other) => other !== place));
    const { id, hits } = place.armed;
    this.#bmc.setup.log.info(`fault ${id} is over after ${hits} hits`, {
      event: 'fault-over',
      rule: id,
      hits,
    });
  }

  #put(places: readonly Place[]): void {
    this.#places = places;
    this.#layers ??= this.#make();
    const live = places.filter(({ isWaiting }) => !isWaiting).map(({ armed }) => armed);
    const of = (layer: Armed['layer']): readonly Armed[] => live.filter((rule) => rule.layer === layer);
    this.#udp?.put(of('datagram'), this.#layers.ways);
    this.#layers.sessions.put(of('session'));
    this.#layers.commands.put(
      of('command'),
      of('condition').filter(({ rule }) => rule.when !== undefined),
    );
  }

  #make(): Layers {
    const bmc = this.#bmc;
    const hit = (rule: Armed, effect: string): void => this.#hit(rule, effect);
    const sessions = new SessionFaults({ bmc, hit });
    const surroundings = { bmc, sessions, hit, begin: (rule: Armed) => this.#befalls(rule) };
    const commands = new CommandFaults(surroundings, (wrapper) => bmc.router.wrap(wrapper));
    const conditions = new Conditions(bmc, (rule) => this.#passed(rule));
    const ways: DatagramFaults = {
      hit,
      isOn: () => bmc.chassis.isOn,
      after: (ms, action) => bmc.setup.clock.after(ms, action),
      monotonic: () => bmc.setup.clock.monotonic(),
    };
    return { ways, sessions, commands, conditions };
  }

  #hit(armed: Armed, effect: string): void {
    armed.hits++;
    const { id, layer, hits: count } = armed;
    const { log } = this.#bmc.setup;
    const line = `fault ${id} (${count}): ${effect}`;
    // The first is news; of a million, a million are not.
    if (count === 1) log.info(line, { event: 'fault', rule: id });
    else log.debug(line, { event: 'fault', rule: id });
    if (this.#listeners.any || this.#bmc.taps.fault !== undefined) {
      const told: FaultHit = { rule: id, count, layer, what: effect };
      this.#bmc.taps.fault?.(told);
      this.#listeners.tell(told);
    }
    // A condition lasts until its time is over, however often it may begin.
    if (armed.isOver && layer !== 'condition') this.remove(id);
  }
}

interface Layers {
  readonly ways: DatagramFaults;
  readonly sessions: SessionFaults;
  readonly commands: CommandFaults;
  readonly conditions: Conditions;
}
