import { EventType } from '../../commands/codes/events.ts';
import { SensorType } from '../../commands/codes/sensor-types.ts';
import {
  PEF_FILTERS,
  PefParameter,
  type EventFilter,
  type PefActionSet,
} from '../../commands/parameters/pef.ts';
import type { Timer } from '../../world/world.ts';
import { INTERRUPT, POWER_ACTIONS, POWER_DOWN_ALONE } from './power-actions.ts';
import { idsAfter, NONE } from './unprocessed.ts';
import { Alerts, type AlertSurroundings } from './alerts.ts';
import type { Chassis, PowerChange } from '../../machine/chassis/chassis.ts';
import { SelEventRecord } from '../../records/sel.ts';
import type { Events, PlatformEvent } from '../../state/log/events.ts';
import { matches, NO_ACTIONS } from '../../state/parameters/pef-filters.ts';
import { PefParameters, type PefDefaults } from '../../state/parameters/pef-parameters.ts';
import type { Sel } from '../../state/log/sel.ts';
import type { Setup } from '../../state/setup.ts';
import { Listeners } from '../../state/listeners.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import { stores } from '../../state/stores.ts';
import { both, type Durable, type Store, unwaited } from '../../state/store.ts';

export interface PefOptions extends Omit<AlertSurroundings, 'clock' | 'log' | 'parameters'> {
  readonly defaults?: PefDefaults;
  readonly sel: Sel;
  readonly events: Events;
  readonly chassis: Chassis;
}

/** An event on its way through PEF. */
interface Taken {
  readonly event: PlatformEvent;
  /** 0: it could not be logged. */
  readonly recordId: number;
  /** Only what stands before this place in POWER_ACTIONS is carried out for it. */
  readonly power: number;
  finished: boolean;
}

/** Postpone times with a meaning of their own (IPMI 2.0 §30.2). */
const POSTPONE_OFF = 0;
const PEF_OFF = 0xfe;
const ONLY_ASK = 0xff;
/** Events that wait for the postpone timer, and events whose alerts are under way; the oldest give way. */
const MOST_PENDING = 64;
/** The event that tells of a PEF action: system event, offset 4 (§42.2 table 42-3). */
const PEF_ACTION_OFFSET = 4;
interface PefMemento {
  readonly postpone: number;
  readonly started: number | undefined;
  readonly alerts: ReturnType<Alerts['memento']>;
  readonly volatile: ReturnType<PefParameters['memento']>;
}

/** Platform event filtering (IPMI 2.0 §17): compares events with filters, and acts on what matches. */
export class Pef implements Sleeper<PefMemento> {
  readonly parameters: PefParameters;
  readonly alerts: Alerts;
  readonly #setup: Setup;
  readonly #options: PefOptions;
  readonly #oemListeners = new Listeners<[event: PlatformEvent, filter: number]>();
  /** Record ids: `software`, `bmc`. */
  readonly #processed: Store<number>;
  #underWay: Taken[] = [];
  #turn: Taken[] | undefined = undefined;
  /** Events that wait for the postpone timer. */
  #postponed: Taken[] = [];
  #postpone = POSTPONE_OFF;
  #postponeTimer: { readonly ends: number; readonly timer: Timer } | undefined;
  /** Monotonic milliseconds of the last power-on or reset; delays count from it (§17.4). */
  #started: number | undefined;
  #delayedPower: { readonly rank: number; readonly timer: Timer } | undefined;
  #delayedAlerts: readonly Timer[] = [];

  constructor(setup: Setup, options: PefOptions) {
    this.#setup = setup;
    this.#options = options;
    this.parameters = new PefParameters(setup, options.defaults);
    this.alerts = new Alerts(options, setup, this.parameters);
    this.#processed = setup.store(stores.pefProcessed);
  }

  get wakeful(): string | undefined {
    if (this.#underWay.length > 0 || this.#postponed.length > 0) return 'events wait for PEF';
    return this.alerts.wakeful ?? this.parameters.wakeful;
  }

  memento(): PefMemento | undefined {
    const [alerts, volatile] = [this.alerts.memento(), this.parameters.memento()];
    if (this.#postpone === POSTPONE_OFF && this.#started === undefined && !alerts && !volatile)
      return undefined;
    return { postpone: this.#postpone, started: this.#started, alerts, volatile };
  }

  recall({ postpone, started, alerts, volatile }: PefMemento): void {
    this.#postpone = postpone;
    this.#started = started;
    if (alerts) this.alerts.recall(alerts);
    if (volatile) this.parameters.recall(volatile);
  }

  /** Does OEM actions, with the number of the first filter that asked for it. Returns its undoing. */
  onOem(listener: (event: PlatformEvent, filter: number) => void): () => void {
    return this.#oemListeners.add(listener);
  }

  /** After a start: events that were logged and not processed before the BMC went down (§17.4.1). */
  resume(): void {
    const { sel } = this.#options;
    const left = idsAfter(sel.ids, this.#processed.get('bmc'), this.#processed.get('software'));
    for (const id of left.slice(-MOST_PENDING)) {
      const { record } = sel.get(id);
      // Only system events (02h) come from event messages.
      if (record[2] !== 0x02) continue;
      this.take(SelEventRecord.decode(record), id, POWER_DOWN_ALONE);
    }
  }

  /** Set PEF Configuration Parameters; disabling PEF cancels what is pending (§17.4). */
  setParameter(parameter: number, data: Uint8Array, owner: unknown): Durable {
    const done = this.parameters.set(parameter, data, owner);
    if (parameter === PefParameter.Control.selector && !this.parameters.control.enabled) this.#cancel();
    return done;
  }

  /** Arm PEF Postpone Timer: seconds, FEh or FFh (§30.2). Returns the present countdown. */
  arm(timeout: number): number {
    if (timeout !== ONLY_ASK) {
      this.#stopPostponing();
      this.#postpone = timeout;
      if (timeout === POSTPONE_OFF) this.#handlePostponed();
      else if (timeout === PEF_OFF) this.#cancel();
      else if (this.softwareRecordId !== this.#options.sel.lastId) this.#startPostponing();
    }
    const { ends } = this.#postponeTimer ?? {};
    return ends === undefined
      ? this.#postpone
      : Math.max(0, Math.ceil((ends - this.#setup.clock.monotonic()) / 1000));
  }

  get softwareRecordId(): number {
    return this.#processed.get('software') ?? NONE;
  }

  get bmcRecordId(): number {
    return this.#processed.get('bmc') ?? NONE;
  }

  /** Software says how far it is; when it has seen all, the postpone timer is armed anew. */
  setLastProcessed(byBmc: boolean, recordId: number): Durable {
    const done = this.#processed.set(byBmc ? 'bmc' : 'software', recordId);
    if (byBmc) return done;
    const seen = this.#postponed.findIndex((taken) => taken.recordId === recordId);
    for (const taken of this.#postponed.splice(0, seen + 1)) this.#finished(taken);
    if (recordId === this.#options.sel.lastId) {
      for (const taken of this.#postponed.splice(0)) this.#finished(taken);
      this.#stopPostponing();
    }
    return done;
  }

  /** A reset of the BMC: what is volatile ends, and events that were postponed are handled (§17.4.1). */
  reset(): void {
    this.#endPostponing();
  }

  /** The BMC stops: what is pending stays unprocessed, for `resume` after the next start. */
  stop(): void {
    this.#underWay.length = 0;
    this.#cancel();
    this.alerts.stop();
  }

  /**
   * An event was logged (record id 0: it could not be); `power`: the rank of the strongest power action that
   * it may ask for.
   */
  take(event: PlatformEvent, recordId: number, power = POWER_ACTIONS.length): void {
    const taken: Taken = { event, recordId, power, finished: false };
    if (!this.parameters.control.enabled || this.#postpone === PEF_OFF) return this.#mark(recordId);
    this.#underWay.push(taken);
    if (this.#underWay.length > MOST_PENDING) this.#underWay.shift();
    if (this.#postpone === POSTPONE_OFF) return this.#processInTurn(taken);
    this.#postponed.push(taken);
    const oldest = this.#postponed.length > MOST_PENDING ? this.#postponed.shift() : undefined;
    if (oldest) this.#drop(oldest);
    if (!this.#postponeTimer) this.#startPostponing();
  }

  /** An event that an action raises comes after all actions of the event before it. */
  #processInTurn(taken: Taken): void {
    if (this.#turn !== undefined) return void this.#turn.push(taken);
    const turn = (this.#turn = [taken]);
    for (let next = turn[0]; next; next = turn[0]) {
      try {
        this.#process(next);
      } catch (error) {
        this.#setup.log.error('PEF', error);
        this.#finished(next);
      }
      turn.shift();
    }
    this.#turn = undefined;
  }

  #process(taken: Taken): void {
    const { event } = taken;
    const allowed = this.parameters.actions;
    const wanted: { -readonly [K in keyof PefActionSet]: PefActionSet[K] } = { ...NO_ACTIONS };
    let alert: { filter: number; policy: number; severity: number } | undefined;
    let oemFilter = 0;
    for (let number = 1; number <= PEF_FILTERS; number++) {
      const filter = this.parameters.filter(number);
      if (!matches(filter, event)) continue;
      for (const action of Object.keys(NO_ACTIONS) as (keyof PefActionSet)[])
        wanted[action] ||= filter[action] && allowed[action];
      if (filter.oem) oemFilter ||= number;
      if (filter.alert && allowed.alert) alert = stronger(alert, filter, number);
    }
    for (const [action] of POWER_ACTIONS.slice(taken.power)) wanted[action] = false;
    if (!Object.values(wanted).includes(true)) return this.#finished(taken);
    const power = POWER_ACTIONS.findIndex(([action]) => wanted[action]);
    const told = this.#options.events.acting(power < 0 ? POWER_ACTIONS.length : power);
    this.#tell(event, wanted);
    told();
    const actions = Object.keys(NO_ACTIONS).filter((action) => wanted[action as keyof PefActionSet]);
    this.#setup.happened.tell({
      kind: 'pef',
      text: `PEF: ${actions.join(', ')}`,
      fields: { filter: alert?.filter },
    });
    if (power >= 0) this.#power(power);
    if (wanted.oem) this.#oemListeners.tell(event, oemFilter);
    if (!alert) return this.#finished(taken);
    const { filter, policy, severity } = alert;
    this.#afterDelay(this.parameters.control.alertStartupDelay ? this.parameters.alertStartupDelay : 0, () =>
      this.alerts.raise({ event, filter, policySet: policy, severity, done: () => this.#finished(taken) }),
    );
  }

  /**
   * The event message for actions, if it is wanted. One that such a message asks for has none, or there
   * would be no end.
   */
  #tell(cause: PlatformEvent, actions: PefActionSet): void {
    const { address } = this.#options.identity;
    const isTold =
      cause.sensorType === SensorType.SystemEvent &&
      (cause.data[0] & 0xf) === PEF_ACTION_OFFSET &&
      cause.generator === address;
    if (!this.parameters.control.eventMessages || isTold) return;
    const { alert, powerDown, reset, powerCycle, oem, diagnosticInterrupt } = actions;
    const mask = [alert, powerDown, reset, powerCycle, oem, diagnosticInterrupt].reduce(
      (bits, on, i) => (on ? bits | (1 << i) : bits),
      0,
    );
    const data = Uint8Array.of(0xc0 | PEF_ACTION_OFFSET, mask, 0xff);
    const event = {
      generator: address,
      sensorType: SensorType.SystemEvent,
      sensorNumber: 0,
      eventType: EventType.SensorSpecific,
      deassertion: false,
      data,
    };
    unwaited(this.#options.events.raise(event), this.#setup.log, 'the event of a PEF action');
  }

  #power(rank: number): void {
    const { startupDelay, control } = this.parameters;
    const wait = control.startupDelay && rank !== INTERRUPT ? this.#delayLeft(startupDelay) : 0;
    if (wait <= 0) return this.#control(rank);
    if (this.#delayedPower && this.#delayedPower.rank <= rank) return;
    this.#delayedPower?.timer.cancel();
    const timer = this.#setup.clock.after(wait, () => {
      this.#delayedPower = undefined;
      this.#control(rank);
    });
    this.#delayedPower = { rank, timer };
  }

  /**
   * What the action itself raises asks for no more of the same or of less: a filter that matches every event
   * would have no end.
   */
  #control(rank: number): void {
    const { chassis, events } = this.#options;
    const [, action, cause] = POWER_ACTIONS[rank];
    // A cycle has no effect when power is off (§30.4 parameter 2).
    if (!chassis.isOn && action !== 'off') return;
    const end = events.acting(rank);
    void chassis.attempt(action, cause, 'PEF').then(end);
  }

  #afterDelay(seconds: number, action: () => void): void {
    const wait = this.#delayLeft(seconds);
    // More than can wait are not held back.
    if (wait <= 0 || this.#delayedAlerts.length >= MOST_PENDING) return action();
    const timer = this.#setup.clock.after(wait, () => {
      this.#delayedAlerts = this.#delayedAlerts.filter((other) => other !== timer);
      action();
    });
    this.#delayedAlerts = [...this.#delayedAlerts, timer];
  }

  /** Milliseconds until the machine has been on for `seconds`. */
  #delayLeft(seconds: number): number {
    return this.#started === undefined ? 0 : this.#started + seconds * 1000 - this.#setup.clock.monotonic();
  }

  /** The machine's power has changed: delays count from it. */
  powered({ action, starts }: PowerChange): void {
    if (action === 'diag') return;
    if (starts) this.#started = this.#setup.clock.monotonic();
    this.#endPostponing();
  }

  /**
   * Switching off and resetting end the postpone timer, the temporary disable and the lock of the parameters
   * (§30.2, §30.4).
   */
  #endPostponing(): void {
    this.#stopPostponing();
    this.#postpone = POSTPONE_OFF;
    this.parameters.setInProgress.clear();
    this.#handlePostponed();
  }

  /** The SEL was cleared: nothing in it waits any more. */
  selCleared(): void {
    for (const taken of this.#postponed.splice(0)) this.#drop(taken);
    this.#stopPostponing();
    const done = both(this.#processed.set('bmc', NONE), this.#processed.set('software', NONE));
    unwaited(done, this.#setup.log, 'last processed event');
  }

  #cancel(): void {
    this.#delayedPower?.timer.cancel();
    this.#delayedPower = undefined;
    for (const timer of this.#delayedAlerts) timer.cancel();
    this.#delayedAlerts = [];
    this.alerts.cancel();
    this.#stopPostponing();
    this.#postponed = [];
    for (const taken of this.#underWay.splice(0)) this.#mark(taken.recordId);
  }

  #startPostponing(): void {
    if (this.#postponed.length === 0 && this.#options.sel.count === 0) return;
    const wait = this.#postpone * 1000;
    const timer = this.#setup.clock.after(wait, () => {
      this.#postponeTimer = undefined;
      this.#handlePostponed();
    });
    this.#postponeTimer = { ends: this.#setup.clock.monotonic() + wait, timer };
  }

  #stopPostponing(): void {
    this.#postponeTimer?.timer.cancel();
    this.#postponeTimer = undefined;
  }

  #handlePostponed(): void {
    for (const taken of this.#postponed.splice(0)) this.#processInTurn(taken);
  }

  /** The mark moves on in the order of events, so that after a crash none is left out (§17.13.1). */
  #finished(taken: Taken): void {
    taken.finished = true;
    let last: Taken | undefined;
    while (this.#underWay[0]?.finished) last = this.#underWay.shift();
    if (this.#underWay.length === 0) this.#underWay = []; // one that is emptied keeps its room
    if (last) this.#mark(last.recordId);
  }

  #drop(taken: Taken): void {
    const at = this.#underWay.indexOf(taken);
    if (at >= 0) this.#underWay.splice(at, 1);
  }

  #mark(recordId: number): void {
    if (this.bmcRecordId !== recordId)
      unwaited(this.#processed.set('bmc', recordId), this.#setup.log, 'last processed event');
  }
}

/**
 * The policy set with the lowest number wins, of its filters the first; the highest severity counts (§17.7,
 * §17.13).
 */
function stronger(
  before: { filter: number; policy: number; severity: number } | undefined,
  { policy, severity }: EventFilter,
  number: number,
): { filter: number; policy: number; severity: number } {
  if (!before || policy < before.policy) return { filter: number, policy, severity };
  return policy === before.policy ? { ...before, severity: Math.max(before.severity, severity) } : before;
}
