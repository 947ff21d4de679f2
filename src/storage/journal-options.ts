import type { Files } from '../world/world.ts';

export interface JournalFileOptions {
  readonly files: Files;
  readonly directory: string;
  /** Within the directory. */
  readonly name: string;
  /** Encrypts the records. A file that is not sealed yet is sealed as it is opened. */
  readonly sealKey?: string;
  /** Told of what was lost, and of trouble that ends by itself. */
  readonly warn: (message: string) => void;
  /** Bytes above which a journal is worth compacting. Default 32 KiB. */
  readonly compactAbove?: number;
  /**
   * Changes that are written together are one record, so that a loss of power leaves no gap between whole
   * ones.
   */
  readonly guards?: boolean;
  /** Told how long each datasync of changes took. Default: it is not looked at. */
  readonly timing?: SyncTiming;
}

export interface SyncTiming {
  /** Milliseconds. */
  monotonic(): number;
  took(milliseconds: number): void;
}
