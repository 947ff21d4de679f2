import type { Bmc } from '../bmc.ts';
import { glanceAt } from '../assembly/glance.ts';
import { leave, whyAwake } from '../assembly/sleep.ts';
import type { Log } from '../state/setup.ts';
import { Listeners } from '../state/listeners.ts';
import { CountedClock } from '../world/counted-clock.ts';
import type { Clock, Timer } from '../world/world.ts';
import type { Row } from './row.ts';

/** BMCs that are looked at in one turn: requests to others have theirs in between. */
const AT_A_TIME = 256;

interface SleepersOptions {
  readonly clock: Clock;
  /** Milliseconds without a request after which a BMC sleeps; Infinity: never. */
  readonly after: number;
  readonly log: Log | undefined;
  /** Makes a BMC of what is left of it; it is not opened. */
  readonly make: (row: Row, clock: CountedClock) => Bmc;
  /** Told of it, before it takes requests. */
  readonly begins: (row: Row, bmc: Bmc) => void;
}

/**
 * Lets BMCs that nobody talks to sleep, and wakes them. One timer looks at those that are awake, as long as
 * any is that may sleep.
 */
export class Sleepers {
  /** Told of each BMC that fell asleep: it is done with. */
  readonly slept = new Listeners<[bmc: Bmc]>();
  readonly #options: SleepersOptions;
  /** Those that are awake and may sleep. */
  readonly #awake = new Set<Row>();
  #timer: Timer | undefined;

  constructor(options: SleepersOptions) {
    this.#options = options;
  }

  get areOff(): boolean {
    return this.#options.after === Infinity;
  }

  /** A BMC that serves may sleep from now on. */
  watch(row: Row): void {
    row.begins();
    if (row.clock === undefined || row.isHeld || this.areOff) return;
    this.#awake.add(row);
    this.#timer ??= this.#options.clock.after(this.#options.after, () => this.#look());
  }

  /** It was closed, or somebody keeps it. */
  forget(row: Row): void {
    this.#awake.delete(row);
  }

  /** The BMC, awake. Throws what keeps it from being made. */
  wake(row: Row): Bmc {
    const { bmc, asleep } = row;
    if (bmc !== undefined) return bmc;
    if (asleep === undefined) throw new Error(`${row.name}: neither awake nor asleep`);
    const clock = new CountedClock(this.#options.clock, asleep.left === undefined ? asleep.began : undefined);
    const woken = this.#options.make(row, clock);
    row.wakes(woken, clock);
    this.#options.begins(row, woken);
    woken.wake(asleep.left);
    clock.goOn();
    this.watch(row);
    return woken;
  }

  /** As `wake`; a failure is a line in the log, and false. */
  readonly wakeFor = (row: Row): boolean => {
    try {
      this.wake(row);
      return true;
    } catch (error) {
      this.#options.log?.error(`${row.name}: cannot wake`, error);
      return false;
    }
  };

  /** Why a BMC that is awake stays so; undefined: it will sleep when it has been idle for long enough. */
  whyAwake(row: Row): string | undefined {
    const { bmc, clock } = row;
    if (bmc === undefined) return undefined;
    if (row.isHeld) return 'a program has it';
    if (clock === undefined) return 'BMCs of this fleet do not sleep';
    return whyAwake(bmc, { options: row.settings, clock, onlookers: row.onlookers });
  }

  /** Lets it sleep now, idle or not. False: it has to stay awake. */
  sleep(row: Row): boolean {
    const { bmc } = row;
    if (bmc === undefined || this.whyAwake(row) !== undefined) return false;
    this.forget(row);
    // Looks at its sensors, which is something that they remember.
    const glance = glanceAt(bmc);
    row.sleep({ began: row.began, left: leave(bmc), glance }, this.wakeFor);
    this.slept.tell(bmc);
    return true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#awake.clear();
  }

  #look(rows: Iterator<Row> = [...this.#awake].values()): void {
    for (let i = 0; i < AT_A_TIME; i++) {
      const { done, value: row } = rows.next();
      if (done) return this.#wait(this.#options.after, () => this.#look());
      if (this.#awake.has(row) && row.isIdle) this.sleep(row);
    }
    this.#wait(0, () => this.#look(rows));
  }

  #wait(ms: number, look: () => void): void {
    this.#timer = this.#awake.size === 0 ? undefined : this.#options.clock.after(ms, look);
  }
}
