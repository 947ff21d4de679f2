import { ERROR_CODES } from '../codec/index.ts';
import type { Durable } from './durable.ts';

export interface Change {
  readonly store: string;
  readonly key: string;
  /**
   * Plain data (null, booleans, numbers, strings, Uint8Array, lists and records of them); undefined:
   * deleted.
   */
  readonly value: unknown;
  /** Format of the value, where it is not 1. */
  readonly version?: number;
}

/** A value as it was stored; `version`: its format, 1 where nothing is said. */
export type Stored = readonly [key: string, value: unknown, version?: number];

/**
 * Something of what was stored is lost: what each key had last is certain only where it was written after
 * that.
 */
export interface Doubt {
  isCertain(key: string): boolean;
}

/** Where stores keep what must survive. Without one, everything is in memory. */
export interface Journal {
  /** What was stored under a store's name. */
  load(store: string): Iterable<Stored>;
  /** Something is stored under a store's name and not loaded yet, or lost. Default: it may be. */
  holds?(store: string): boolean;
  /** Undefined: nothing of the store is lost. */
  doubt?(store: string): Doubt | undefined;
  /** Stores all changes, or none. */
  write(changes: readonly Change[]): Durable;
  /** The journal of a controller that belongs to this one. */
  satellite(name: string): Journal;
  /** Where firmware images lie that move with what is stored. Default: in a directory, or in memory. */
  readonly images?: ImageStore;
}

/** Nobody can say at this moment whether an image is there. */
export class ImagesAwayError extends Error {
  override name = 'ImagesAwayError';
  readonly code = ERROR_CODES.ImagesAwayError;
}

/** Images of a BMC's firmware, whole, each under a name that none had before. */
export interface ImageStore {
  /** Rejects: nobody finds it. */
  put(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Undefined: it is not there, or not as it was put. Rejects with ImagesAwayError. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** What cannot be removed now takes room, and is in nobody's way. */
  remove(name: string): Promise<void>;
}
