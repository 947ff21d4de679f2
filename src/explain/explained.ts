import type { ShownField } from '../taps/index.ts';
import type { Verdict } from './outcome.ts';

/** What a message or a log-in is, for people and for programs. */
export interface Explained {
  readonly kind: 'request' | 'response' | 'set-up' | 'payload' | 'ping' | 'unreadable' | 'log-in';
  /** Of the packet, as Wireshark counts; undefined for what came without one. */
  readonly number?: number;
  /** Microseconds since 1970. */
  readonly time?: number;
  /** From console to BMC, or back. */
  readonly direction?: 'in' | 'out';
  readonly console?: string;
  readonly bmc?: string;
  /** What it is by name. */
  readonly name: string;
  /** Document and section. */
  readonly section?: string;
  readonly fields?: readonly ShownField[];
  /** Of a response. */
  readonly cc?: number;
  /** What has to be said of it, a line each. */
  readonly says: readonly string[];
  /** Of a log-in. */
  readonly verdict?: Verdict;
}
