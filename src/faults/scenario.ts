import type { SessionView } from '../joint/message.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import type { LogFields } from '../state/setup.ts';
import type { Durable } from '../state/store.ts';
import { settingAt, SettingsError } from '../settings/errors.ts';
import type { Timer } from '../world/world.ts';
import { Armed, timeAt } from './armed.ts';
import { checkEffect } from './conditions.ts';
import type { Fault } from './fault.ts';
import type { FaultyBmc } from './faulty-bmc.ts';
import { hasData, isAbout, isPassing, type Passing } from './fitting.ts';
import { needed } from './layers.ts';
import { presetRules } from './presets.ts';
import type { FaultRule, FaultWhen, ScenarioOptions, ScenarioStep } from './rule.ts';

/** How a scenario ended. */
export interface ScenarioEnd {
  readonly outcome: 'done' | 'failed' | 'stopped';
  /** The step that failed, from 0, and why. */
  readonly step?: number;
  readonly why?: string;
}

/** A scenario that was begun. */
export interface ScenarioRun {
  readonly name: string;
  /** The state that it is in: of the last step that had one. */
  readonly state: string | undefined;
  /** It has not begun: it waits for the request that begins it. */
  readonly isArmed: boolean;
  /** Resolves when it is over, however it ended. Never rejects. */
  readonly done: Promise<ScenarioEnd>;
  /** Ends it; what it has brought about is taken back. */
  stop(): void;
}

/** What a run needs of the faults of its BMC. */
export interface ScenarioSurroundings {
  readonly bmc: FaultyBmc;
  add(rule: FaultRule): Fault;
  preset(name: string): Fault;
  passing(context: {
    readonly channel: Passing['channel'];
    readonly session: SessionView | undefined;
  }): Passing;
  over(run: Run, end: ScenarioEnd): void;
}

/** What a step does: one of these. */
const ACTIONS = [
  'hold',
  'fault',
  'arm',
  'clear',
  'step',
  'ramp',
  'event',
  'power',
  'until',
  'expect',
  'goto',
] as const;
/** Steps without a wait between them, after which a scenario is going round in circles. */
const MOST_AT_ONCE = 1000;
/** Milliseconds between two values of a ramp. */
const RAMP_STEP = 500;

/** Throws SettingsError with the place of what is wrong. */
export function checkScenario({ steps }: ScenarioOptions, bmc: FaultyBmc): void {
  const states = new Set(steps.map(({ state }) => state));
  for (const [i, step] of steps.entries())
    settingAt(['steps', i], () => {
      const actions = ACTIONS.filter((key) => step[key] !== undefined);
      if (actions.length > 1 || (actions.length === 0 && step.state === undefined))
        throw new SettingsError(`expected a state, or one of ${ACTIONS.join(', ')}`);
      for (const key of ['goto', 'else'] as const)
        if (step[key] !== undefined && !states.has(step[key]))
          throw new SettingsError(`no step has the state ${JSON.stringify(step[key])}`, [key]);
      timeAt(['hold'], step.hold);
      timeAt(['within'], step.within);
      timeAt(['ramp', 'in'], step.ramp?.in);
      const { until, fault } = step;
      if (until !== undefined) waiter(until);
      if (fault !== undefined) settingAt(['fault'], () => checkEffect(new Armed(fault, 'checked', 0), bmc));
      if (step.arm !== undefined) settingAt(['arm'], () => presetRules(step.arm ?? ''));
      for (const key of ['step', 'ramp', 'event'] as const) {
        const name = step[key]?.sensor;
        const sensor = name === undefined ? undefined : bmc.sensors.named(name);
        if (typeof sensor === 'string') throw new SettingsError(sensor, [key, 'sensor']);
        if (key !== 'event' && sensor?.declaration.eventOnly)
          throw new SettingsError(`'${name}' has events only, and no reading`, [key, 'sensor']);
      }
    });
}

/** A rule that does nothing but fit. Throws SettingsError. */
function waiter(when: NonNullable<ScenarioStep['until']>): Armed {
  try {
    return new Armed({ when, then: { complete: 0 } }, 'until', 0);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    // What is `when` of a rule is `until` here.
    throw new SettingsError(error.message, ['until', ...error.path.slice(1)]);
  }
}

export class Run implements ScenarioRun {
  readonly name: string;
  readonly done: Promise<ScenarioEnd>;
  state: string | undefined = undefined;
  readonly #steps: readonly ScenarioStep[];
  readonly #surroundings: ScenarioSurroundings;
  #resolve: (end: ScenarioEnd) => void = () => undefined;
  #at = 0;
  #timer: Timer | undefined;
  #unwrap: (() => void) | undefined;
  #isOver = false;
  /** How often each `goto` has gone. */
  readonly #went = new Map<ScenarioStep, number>();
  readonly #faults = new Map<string, Fault>();
  /** What puts each sensor back that a step has moved. */
  readonly #moved = new Map<string, () => void>();
  #isArmed: boolean;

  /** `begins`: it waits for such a request, and begins when it was answered. */
  constructor({ name, steps }: ScenarioOptions, surroundings: ScenarioSurroundings, begins?: FaultWhen) {
    this.name = name;
    this.#steps = steps;
    this.#surroundings = surroundings;
    this.#isArmed = begins !== undefined;
    this.done = new Promise((resolve) => (this.#resolve = resolve));
    if (begins === undefined) this.#go();
    else
      this.#await(begins, () => {
        this.#isArmed = false;
        this.#go();
      });
  }

  get isArmed(): boolean {
    return this.#isArmed && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  stop(): void {
    this.#end({ outcome: 'stopped' });
  }

  /** Steps until one waits. */
  #go(): void {
    for (let count = 0; !this.#isOver; count++) {
      if (this.#at >= this.#steps.length) return this.#end({ outcome: 'done' });
      if (count >= MOST_AT_ONCE) return this.#fail('it goes round in circles without a wait');
      const step = this.#steps[this.#at];
      if (step.state !== undefined && step.state !== this.state) this.#enter(step.state);
      try {
        if (this.#waits(step)) return;
      } catch (error) {
        return this.#fail(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #enter(state: string): void {
    this.state = state;
    const { log } = this.#surroundings.bmc.setup;
    log.info(`scenario ${this.name}: ${state}`, { event: 'scenario', scenario: this.name, state });
    this.#tell(state, { state });
  }

  #tell(what: string, fields: LogFields): void {
    const text = `scenario ${this.name}: ${what}`;
    this.#surroundings.bmc.setup.happened.tell({
      kind: 'scenario',
      text,
      fields: { scenario: this.name, ...fields },
    });
  }

  /** Does a step; true: somebody goes on later. */
  #waits(step: ScenarioStep): boolean {
    const { bmc } = this.#surroundings;
    if (step.goto !== undefined) {
      this.#goto(step, step.goto);
      return false;
    }
    if (step.expect !== undefined) {
      const wrong = this.#wrong(step.expect);
      if (wrong !== undefined) return !this.#elsewhere(step, wrong);
    }
    if (step.fault !== undefined) this.#arm(step.fault.id, () => this.#surroundings.add(needed(step.fault)));
    if (step.arm !== undefined) this.#arm(step.arm, () => this.#surroundings.preset(needed(step.arm)));
    if (step.step !== undefined) {
      const { sensor, to } = step.step;
      this.#mover(sensor).set(to === 'unreadable' ? null : to);
    }
    if (step.clear !== undefined) this.#clear(step.clear);
    if (step.event !== undefined) {
      const { sensor, offset, asserted = true } = step.event;
      bmc.sensors.get(sensor).raise(offset, { deassertion: !asserted });
    }
    if (step.power !== undefined) this.#unwaited(bmc.chassis.control(step.power), `power ${step.power}`);
    if (step.hold !== undefined) return this.#later(needed(timeAt(['hold'], step.hold)));
    if (step.ramp !== undefined) return this.#ramp(step.ramp);
    if (step.until !== undefined) return this.#until(step, step.until);
    this.#at++;
    return false;
  }

  #goto(step: ScenarioStep, state: string): void {
    const went = (this.#went.get(step) ?? 0) + 1;
    if (step.times !== undefined && went > step.times) {
      // The next time round it counts from the beginning.
      this.#went.delete(step);
      this.#at++;
      return;
    }
    this.#went.set(step, went);
    this.#at = this.#steps.findIndex((step) => step.state === state);
  }

  /** Goes where a step says that is not as it should be; false: nowhere, and the scenario has failed. */
  #elsewhere(step: ScenarioStep, why: string): boolean {
    if (step.else === undefined) {
      this.#fail(why);
      return false;
    }
    this.#at = this.#steps.findIndex(({ state }) => state === step.else);
    return true;
  }

  #wrong(expected: NonNullable<ScenarioStep['expect']>): string | undefined {
    const { chassis, sel } = this.#surroundings.bmc;
    const { power, selEntries, rule, hits = 1 } = expected;
    if (power !== undefined && chassis.isOn !== (power === 'on'))
      return `expected power ${power}, and it is ${chassis.isOn ? 'on' : 'off'}`;
    if (selEntries !== undefined && sel.count < selEntries)
      return `expected ${selEntries} SEL entries, and there are ${sel.count}`;
    const had = rule === undefined ? hits : (this.#faults.get(rule)?.hits ?? 0);
    return had < hits ? `expected ${hits} hits of ${rule}, and there were ${had}` : undefined;
  }

  /** The second time round, in place of the first one. */
  #arm(id: string | undefined, add: () => Fault): void {
    if (id !== undefined) this.#faults.get(id)?.remove();
    const fault = add();
    this.#faults.set(fault.id, fault);
  }

  #mover(name: string): Sensor {
    const sensor = this.#surroundings.bmc.sensors.get(name);
    if (!this.#moved.has(name)) this.#moved.set(name, sensor.remembered());
    return sensor;
  }

  #clear(id: string): void {
    for (const [name, fault] of this.#faults) if (id === 'all' || id === name) fault.remove();
  }

  #unwaited(done: Durable, step: string): void {
    done?.catch((error: unknown) =>
      this.#surroundings.bmc.setup.log.error(`scenario ${this.name}: ${step}`, error),
    );
  }

  #later(ms: number): true {
    this.#timer = this.#surroundings.bmc.setup.clock.after(ms, () => {
      this.#at++;
      this.#go();
    });
    return true;
  }

  #ramp({ sensor: name, from, to, in: time }: NonNullable<ScenarioStep['ramp']>): true {
    const { setup } = this.#surroundings.bmc;
    const sensor = this.#mover(name);
    const first = from ?? sensor.value ?? to;
    const whole = needed(timeAt(['ramp', 'in'], time));
    const began = setup.clock.monotonic();
    const set = (): void => {
      const passed = whole === 0 ? 1 : Math.min(1, (setup.clock.monotonic() - began) / whole);
      sensor.set(first + (to - first) * passed);
      if (passed < 1) this.#timer = setup.clock.after(Math.min(RAMP_STEP, whole * (1 - passed)), set);
      else this.#later(0);
    };
    set();
    return true;
  }

  #until(step: ScenarioStep, when: NonNullable<ScenarioStep['until']>): true {
    const within = timeAt(['within'], step.within);
    if (within !== undefined)
      this.#timer = this.#surroundings.bmc.setup.clock.after(within, () => {
        this.#unwrap?.();
        this.#unwrap = undefined;
        if (this.#elsewhere(step, `nobody did what it waited for in ${step.within}`)) this.#go();
      });
    this.#await(when, () => {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#at++;
      this.#go();
    });
    return true;
  }

  /** Goes on once such a request was carried out. */
  #await(when: FaultWhen, go: () => void): void {
    const awaited = waiter(when);
    this.#unwrap = this.#surroundings.bmc.router.wrap((dispatch) => (message, context) => {
      const answer = dispatch(message, context);
      if (
        this.#unwrap !== undefined &&
        isAbout(awaited, message) &&
        hasData(awaited, message) &&
        isPassing(awaited, () => this.#surroundings.passing(context)) &&
        awaited.strikes()
      ) {
        this.#unwrap();
        this.#unwrap = undefined;
        go();
      }
      return answer;
    });
  }

  #fail(why: string): void {
    this.#end({ outcome: 'failed', step: this.#at, why });
  }

  #end(end: ScenarioEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#unwrap?.();
    this.#clear('all');
    const { bmc } = this.#surroundings;
    for (const back of this.#moved.values()) back();
    const { outcome, step, why } = end;
    const how = why === undefined ? outcome : `${outcome}, step ${step}: ${why}`;
    bmc.setup.log.info(`scenario ${this.name}: ${how}`, {
      event: 'scenario-over',
      scenario: this.name,
      outcome,
    });
    this.#tell(how, { outcome, why });
    this.#surroundings.over(this, end);
    this.#resolve(end);
  }
}
