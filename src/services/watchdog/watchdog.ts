import { ResetWatchdogTimer } from '../../commands/app/watchdog.ts';
import type { Clock, Timer } from '../../world/world.ts';
import type { Log, Setup } from '../../state/setup.ts';
import type { Sleeper } from '../../state/sleeper.ts';
import { stores } from '../../state/stores.ts';
import { unwaited, type Durable, type Store } from '../../state/store.ts';

/** A bit for each timer use, as the expiration flags have it (IPMI 2.0 §27.6). */
const flagOf = (use: number): number => 1 << use;
const TICK = 100;

export interface WatchdogSettings {
  readonly dontLog: boolean;
  readonly use: number;
  readonly preTimeoutInterrupt: number;
  readonly action: number;
  /** Seconds. */
  readonly preTimeout: number;
  /** In 100 ms. */
  readonly initialCountdown: number;
}

export interface WatchdogEvents {
  /** The timer ran out. */
  expired(settings: WatchdogSettings): void;
  /** The pre-timeout came, and an interrupt is set for it. */
  preTimeout(settings: WatchdogSettings): void;
}

const UNSET: WatchdogSettings = {
  dontLog: false,
  use: 0,
  preTimeoutInterrupt: 0,
  action: 0,
  preTimeout: 0,
  initialCountdown: 0,
};

/** The watchdog timer (§27). It has timers of the clock only while it runs. */
export class Watchdog implements Sleeper<WatchdogSettings> {
  settings = UNSET;
  /** `expired`: the uses in which it ran out, a bit each; software may ask after a restart of the BMC too. */
  readonly #kept: Store<number>;
  readonly #clock: Clock;
  readonly #events: WatchdogEvents;
  #initialised = false;
  #timers: Timer[] = [];
  #endsAt: number | undefined;

  readonly #log: Log;

  constructor(setup: Setup, events: WatchdogEvents) {
    this.#clock = setup.clock;
    this.#log = setup.log;
    this.#events = events;
    this.#kept = setup.store(stores.watchdog);
  }

  /** While it runs, a timer of its BMC waits. */
  memento(): WatchdogSettings | undefined {
    return this.#initialised ? this.settings : undefined;
  }

  recall(settings: WatchdogSettings): void {
    this.settings = settings;
    this.#initialised = true;
  }

  /** Uses in which it expired, a bit each. */
  get expirations(): number {
    return this.#kept.get('expired') ?? 0;
  }

  get running(): boolean {
    return this.#endsAt !== undefined;
  }

  /** In 100 ms. */
  get presentCountdown(): number {
    return this.#endsAt === undefined
      ? this.settings.initialCountdown
      : Math.max(0, Math.ceil((this.#endsAt - this.#clock.monotonic()) / TICK));
  }

  /** Stops the timer unless `dontStop`; a timer that goes on counts from the new countdown. */
  set(settings: WatchdogSettings, dontStop: boolean, clear: number): Durable {
    const goesOn = dontStop && this.running;
    this.#stop();
    this.settings = settings;
    this.#initialised = true;
    if (goesOn) this.#start();
    const left = this.expirations & ~clear;
    return left === this.expirations ? undefined : this.#kept.set('expired', left);
  }

  /** Starts the timer from its initial countdown. Throws 80h before any `set`. */
  restart(): void {
    if (!this.#initialised) throw ResetWatchdogTimer.refuse('neverSet', 'the watchdog was never set');
    this.#stop();
    this.#start();
  }

  /** The machine was switched off or reset: nobody is there who could restart the timer. */
  halt(): void {
    this.#stop();
  }

  /** After a reset of the BMC nothing is set. */
  forget(): void {
    this.#stop();
    this.#initialised = false;
    this.settings = UNSET;
  }

  #start(): void {
    const { initialCountdown, preTimeout, preTimeoutInterrupt } = this.settings;
    const whole = initialCountdown * TICK;
    this.#endsAt = this.#clock.monotonic() + whole;
    this.#timers = [this.#clock.after(whole, () => this.#expire())];
    const before = whole - preTimeout * 1000;
    if (preTimeoutInterrupt !== 0 && preTimeout > 0 && before > 0)
      this.#timers.push(this.#clock.after(before, () => this.#events.preTimeout(this.settings)));
  }

  #stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#endsAt = undefined;
  }

  #expire(): void {
    this.#stop();
    // Nobody waits for this one to be stored: what the timer does comes first.
    unwaited(
      this.#kept.set('expired', this.expirations | flagOf(this.settings.use)),
      this.#log,
      'watchdog expiration flags',
    );
    this.#events.expired(this.settings);
  }
}
