import type { Belongings } from '../storage/travelling.ts';
import type { AddedBmc } from './wanted.ts';

/** A BMC on its way from one process to another one. */
export interface Traveller {
  /** All that is stored of it. */
  readonly belongings: Belongings;
  /** It was added by command. */
  readonly added?: AddedBmc;
  readonly isStopped: boolean;
}
