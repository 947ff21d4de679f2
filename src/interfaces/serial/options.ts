import type { BmcState } from '../../bmc-state.ts';
import type { Clock } from '../../world/world.ts';
import type { SerialLine } from './line.ts';

export interface SerialOptions {
  readonly bmc: BmcState;
  readonly clock: Clock;
  readonly line: SerialLine;
  readonly channel: number;
}

/** Most bytes of an answer: 255 less addresses and checksums, as on a LAN. */
export const MAX_ANSWER = 248;

/** Milliseconds that a console has to answer a request that was bridged to it. */
export const CONSOLE_WAIT = 5000;

/** Milliseconds between pings, and before the first (§25.9). */
export const PING = { interval: 2000, first: 50 };

/**
 * Milliseconds between a Send Message's answer and the bridged response. On a slow line they come apart by
 * themselves; on a socket or a pty both would be there at once, and ipmitool's basic mode leaves the second
 * of two that it has read together.
 */
export const BRIDGED = 150;

export const ESCAPE_ACKNOWLEDGE = '\x1b*';

/** Software id 40h: the one console that terminal mode has (§14.7.3). */
export const TERMINAL_CONSOLE = 0x81;
