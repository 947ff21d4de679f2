import type { Bmc } from '../bmc.ts';

/** Writes down what passes the BMCs of this process. */
export interface Onlooker {
  /** From now on, this one. */
  add(bmc: Bmc): void;
  /** Writes what is left. */
  close(): Promise<void>;
}
