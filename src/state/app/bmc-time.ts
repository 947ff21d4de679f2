import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

/**
 * The BMC's own clock: seconds as SEL and SDR time stamps show them, and its offset from UTC (IPMI 2.0
 * §31.10, §37.1).
 */
export class BmcTime {
  readonly #setup: Setup;
  /**
   * `offset`: seconds by which the BMC's time differs from the world's. `utcOffset`: minutes, 7FFh
   * unspecified.
   */
  readonly #kept: Store<number>;

  /** A fault: what the clock shows in place of the right seconds. */
  warp: ((seconds: number) => number) | undefined = undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#kept = setup.store(stores.time);
  }

  /**
   * Seconds since 1970-01-01 in the BMC's time; 32 bits, as all time stamps are: behind the last second is
   * the first.
   */
  now(): number {
    const seconds = Math.floor(this.#setup.clock.now() / 1000) + (this.#kept.get('offset') ?? 0);
    return (this.warp === undefined ? seconds : Math.floor(this.warp(seconds))) >>> 0;
  }

  set(seconds: number): Durable {
    return this.#kept.set('offset', seconds - Math.floor(this.#setup.clock.now() / 1000));
  }

  /** Minutes from UTC, -1440..1440, or 7FFh (2047): not specified. */
  get utcOffset(): number {
    return this.#kept.get('utcOffset') ?? 0x7ff;
  }

  setUtcOffset(minutes: number): Durable {
    return this.#kept.set('utcOffset', minutes);
  }
}
