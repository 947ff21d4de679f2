import type { Log } from '../bmc.ts';
import type { Kinds } from '../config/kinds.ts';
import type { OwnStores } from '../state/own-store.ts';
import type { Journal } from '../state/store.ts';
import type { Storage } from '../storage/storage.ts';
import type { World } from '../world/world.ts';

/** Where what clients change of BMCs is kept: a `Storage`, or what does the same. */
export interface FleetStorage extends Partial<
  Pick<Storage, 'belongings' | 'takeOver' | 'forget' | 'strangers'>
> {
  journal(bmc: string): Journal;
  /** BMCs that are closed are to be made again: what is stored of them can be loaded once more. */
  putBack(bmcs: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface FleetSurroundings {
  readonly world: World;
  readonly log?: Log;
  /** Where relative paths of the settings begin. Default: the working directory of the process. */
  readonly folder?: string;
  /** Where changes are kept; closed with the fleet. Default: memory only. */
  readonly storage?: FleetStorage;
  /** Stores that the program keeps by itself, of a BMC. */
  readonly stores?: (bmc: string) => OwnStores | undefined;
  /** Kinds that the settings may name beside our own. */
  readonly kinds?: Kinds;
  /** Where a BMC's firmware images lie, if its settings do not say. */
  readonly firmwareDirectory?: (bmc: string) => string;
  /**
   * Milliseconds without a request after which a BMC sleeps (docs/sleeping.md); Infinity: never. Default
   * 60 000.
   */
  readonly sleepAfter?: number;
}

/** One BMC that could not be had as it was wanted, and why. */
export interface Failure {
  readonly bmc: string;
  readonly error: unknown;
}
