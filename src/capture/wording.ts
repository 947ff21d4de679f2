import type { Timers } from '../joint/timers.ts';
import { Comment } from './comment.ts';
import { Phrases } from './phrases.ts';

/** `now`: wall time, milliseconds since 1970. */
export type CaptureClock = Pick<Timers, 'monotonic'> & { now(): number };

/**
 * What captures share that write to one file, by one clock: words that were found before, and the comment
 * that is put together.
 */
export class Wording {
  readonly phrases = new Phrases();
  readonly comment = new Comment();
  #epoch: number | undefined;

  /**
   * Wall time less monotonic time, milliseconds: the same for all, or their packets would not be in order.
   */
  epoch(clock: CaptureClock): number {
    return (this.#epoch ??= clock.now() - clock.monotonic());
  }
}
