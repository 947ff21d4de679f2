import { chassisOf } from '../config/platform.ts';
import type { BmcOptions } from '../config/options.ts';
import { Chassis } from '../machine/chassis/chassis.ts';
import { Setup, type Log } from '../state/setup.ts';
import type { Durable, Journal } from '../state/store.ts';
import { stores } from '../state/stores.ts';
import { CountedClock } from '../world/counted-clock.ts';
import type { World } from '../world/world.ts';
import type { Asleep } from './sleep.ts';

/** What of a BMC that sleeps is at hand. */
export interface Resting {
  readonly options: BmcOptions;
  readonly asleep: Asleep;
  readonly journal: Journal;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly log: Log;
}

/**
 * Nothing else than the hours of its machine is to be kept at its end. False: it was never made, and would
 * begin with entries of its own in its SEL.
 */
export const canEndAsleep = ({ options, asleep, journal }: Resting): boolean =>
  asleep.left !== undefined || options.sel?.bootEvents === false || journal.holds?.(stores.sel.name) === true;

/** The end of one that sleeps, without its BMC: how long its machine was on is kept. */
export function endAsleep({ options, asleep, journal, world, log }: Resting): Durable {
  const { began, left } = asleep;
  const clock = new CountedClock(world.clock, left === undefined ? began : undefined);
  const setup = new Setup(clock, world.random, log, left?.records ?? journal, undefined, began.monotonic);
  const chassis = new Chassis(setup, chassisOf(options));
  const memento = left?.mementos.chassis;
  if (memento !== undefined) chassis.recall(memento as Parameters<Chassis['recall']>[0]);
  clock.goOn();
  return chassis.stop();
}
