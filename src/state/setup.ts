import type { Clock, Random } from '../world/world.ts';
import { Store, type Journal, type Values } from './store.ts';

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

/** What every piece of state is made with. */
export class Setup {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly #journal: Journal | undefined;

  constructor(clock: Clock, random: Random, log: Log, journal?: Journal) {
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.#journal = journal;
  }

  store<V>(name: string, values?: Values<V>): Store<V> {
    return new Store<V>(name, this.#journal, values);
  }
}
