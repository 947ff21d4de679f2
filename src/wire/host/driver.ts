import { ERROR_CODES } from '../../codec/index.ts';

/** How a host reaches the registers: in process at once, or through something slower. */
export interface HostBus {
  read(offset: number): number | Promise<number>;
  write(offset: number, value: number): void | Promise<void>;
  /**
   * Called between two looks at a register that is not yet as it should be. Rejects when the wait was too
   * long.
   */
  pause(): Promise<void>;
}

/** A transaction that the interface did not let come to its end. */
export class HostError extends Error {
  override name = 'HostError';
  readonly code = ERROR_CODES.HostError;
}
