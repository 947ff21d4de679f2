import type { Command } from '../commands/command.ts';
import {
  handle as handleAny,
  type HandleOptions,
  type Handler,
  type HandlerFunction,
} from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';

/** A handler of a declared command, with `context.bmc` typed as the BMC's state. */
export const handle = <C extends Command>(
  command: C,
  run: HandlerFunction<C, BmcState>,
  options?: HandleOptions,
): Handler<BmcState> => handleAny<C, BmcState>(command, run, options);
