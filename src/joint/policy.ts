import type { Context, Message } from './message.ts';

/**
 * What may be asked by which channel, beyond privilege: the firmware firewall (IPMI 2.0 §21) and the
 * configured policy.
 */
export interface Policy {
  /**
   * By the channel that the request came by, and by those of the requests that carried it. CC.Ok, or the
   * completion code that refuses the request before a handler sees it.
   */
  check(message: Message, context: Context): number;
  /** True where this sub-function of a command may be used. */
  allowsSubFunction(message: Message, context: Context, subFunction: number): boolean;
}
