import type { Difference } from './codes.ts';

/** What is behind a failure. */
export type Cause =
  | Difference
  | 'no answer'
  | 'privilege'
  | 'resources'
  | 'authentication type'
  | 'highest privilege of 0'
  | 'BMC'
  | 'console'
  | 'other';

/** What became of a log-in, and why. */
export interface Verdict {
  /** `given up`: the console did not go on; `unanswered`: the BMC did not. */
  readonly outcome: 'open' | 'refused' | 'given up' | 'unanswered';
  /** The step at which it ended. */
  readonly step: string;
  /** Undefined where nothing failed. */
  readonly cause: Cause | undefined;
  /** One line: what differs, and on whose side as far as that can be seen. */
  readonly says: string;
}
