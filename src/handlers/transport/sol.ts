import {
  GetSolConfigurationParameters,
  SolActivating,
  SetSolConfigurationParameters,
} from '../../commands/transport/sol.ts';
import { PARAMETER_REVISION } from '../../commands/parameters/requests.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';
import { lanChannel } from './lan.ts';

export const solHandlers: readonly Handler<BmcState>[] = [
  // For consoles of a serial channel. A BMC that another one tells so has nothing to stop.
  handle(SolActivating, ({ sessionState, instance }, { requester, bmc }) => {
    bmc.setup.log.debug(`SOL activating (state ${sessionState}, instance ${instance}), says ${requester}`);
  }),

  handle(SetSolConfigurationParameters, ({ channel, parameter, data }, context) => {
    const number = lanChannel(context, channel);
    return after(context.bmc.sol.set(number, parameter, data, context.session ?? context.channel), {});
  }),

  handle(GetSolConfigurationParameters, ({ revisionOnly, channel, parameter }, context) => {
    const number = lanChannel(context, channel);
    return {
      revision: PARAMETER_REVISION,
      data: revisionOnly ? new Uint8Array(0) : context.bmc.sol.get(number, parameter),
    };
  }),
];
