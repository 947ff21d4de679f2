import type { Peer, UnderWay } from '../../state/app/half-open.ts';
import type { LogInTerms } from '../../state/app/log-ins.ts';
import type { CipherSuite, Exchange, Key } from '../../wire/index.ts';

/** A log-in between Open Session and the first message of its session. */
export interface UnderWay20 extends UnderWay {
  readonly peer: Peer;
  readonly consoleId: number;
  readonly suite: CipherSuite;
  /** The highest level that Open Session asked for. */
  readonly maxPrivilege: number;
  /** Set by RAKP 1. */
  exchange: Exchange | undefined;
  terms: LogInTerms | undefined;
  /** The password of the terms, prepared. */
  userKey: Key | undefined;
  /** The log has said that the console did not go on. */
  told: boolean;
  /**
   * Set by RAKP 3, `at` monotonic milliseconds: what it proved, and what RAKP 4 proves, for a console that
   * lost the answer and asks again.
   */
  done: { readonly at: number; readonly code3: Uint8Array; readonly code4: Uint8Array } | undefined;
}
