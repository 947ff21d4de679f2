import type { Plan } from '../fleet/index.ts';
import type { Caller } from './caller.ts';
import type { ConsoleLine } from './console-line.ts';

/** Which BMCs a cluster is to have, whichever host is asked. All reject with ControlError. */
export interface DesiredFleet {
  /** Without a text: what `reload` would do. */
  plan(text?: string): Promise<Plan>;
  /** Nothing is changed where somebody else was faster. */
  apply(text: string): Promise<{ readonly plan: Plan; readonly problems: readonly string[] }>;
  /** Resolves when a host serves it, or none does for a while. */
  add(text: string): Promise<{ readonly name: string }>;
  remove(name: string): Promise<void>;
  /** Ends it until it is started again, at whichever host. */
  stop(name: string): Promise<void>;
  /** Lines of why it does not run all the same. */
  start(name: string): Promise<{ readonly problems: readonly string[] }>;
  /** All hosts look at the fleet file again, and try again what could not be had. */
  reload(): Promise<{ readonly plan: Plan; readonly problems: readonly string[] }>;
}

/** What other hosts of a cluster have. */
export interface Elsewhere {
  /** Undefined: what is asked for is here, or nowhere. */
  answer(request: Request, caller: Caller): Promise<Response | undefined>;
  /**
   * The serial console of a BMC that another host has, and before that, if it is wanted, what it has said;
   * undefined as above. Rejects with ControlError.
   */
  console(bmc: string, withHistory: boolean, caller: Caller): Promise<ConsoleLine> | undefined;
  readonly fleet: DesiredFleet;
  /** There is such a BMC, whoever has it. */
  knows(bmc: string): boolean;
}
