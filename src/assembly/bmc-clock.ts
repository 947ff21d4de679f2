import type { ClockOptions } from '../config/options.ts';
import { millisecondsOf } from '../settings/durations.ts';
import { SettingsError } from '../settings/errors.ts';
import { FastClock, VirtualClock } from '../world/virtual-clock.ts';
import type { Clock } from '../world/world.ts';

/** The time of one BMC: everything that waits in it goes by this. */
export class BmcClock {
  /** What the BMC itself is made with. */
  readonly clock: Clock;
  /** Times as fast as the world's; 0: it stands until it is advanced. */
  readonly speed: number;
  readonly #virtual: VirtualClock | undefined;

  /** `outside`: the world's. */
  constructor(outside: Clock, options: ClockOptions = 'real') {
    this.speed = options === 'virtual' ? 0 : typeof options === 'object' ? options.speed : 1;
    this.#virtual = options === 'virtual' ? new VirtualClock(outside) : undefined;
    this.clock =
      this.#virtual ?? (typeof options === 'object' ? new FastClock(outside, options.speed) : outside);
  }

  /** It stands until it is advanced. */
  get isVirtual(): boolean {
    return this.#virtual !== undefined;
  }

  /** Wall time, milliseconds since 1970-01-01 UTC. */
  now(): number {
    return this.clock.now();
  }

  /**
   * Runs everything that is due in the time that passes, in order: `10m`, `500ms`, or seconds. Rejects with
   * SettingsError for what is no time, and where the clock is not virtual; with what a timer throws. `rest`:
   * asked between two timers whether others are to have their turn; default: they wait.
   */
  async advance(time: number | string, rest?: () => Promise<void> | undefined): Promise<void> {
    const milliseconds = millisecondsOf(time);
    if (milliseconds === undefined)
      throw new SettingsError(`expected a time (2s, 500ms, 10m), received ${JSON.stringify(time)}`);
    await this.#stands().advance(milliseconds, rest);
  }

  /** Goes to the next timer and runs it; false: nothing waits. Rejects as `advance` does. */
  async advanceToNextTimer(): Promise<boolean> {
    return this.#stands().advanceToNextTimer();
  }

  /** Timers that wait, where it stands; undefined elsewhere. */
  get pending(): number | undefined {
    return this.#virtual?.pending;
  }

  #stands(): VirtualClock {
    if (this.#virtual === undefined)
      throw new SettingsError("only a BMC with `clock: 'virtual'` has its time advanced", ['clock']);
    return this.#virtual;
  }
}
