import { GetSystemInfoParameters, SetSystemInfoParameters } from '../../commands/app/system-info.ts';
import { PARAMETER_REVISION } from '../../commands/parameters/requests.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

export const systemInfoHandlers: readonly Handler<BmcState>[] = [
  handle(SetSystemInfoParameters, ({ parameter, data }, { bmc, session, channel }) =>
    after(bmc.systemInfo.set(parameter, data, session ?? channel), {}),
  ),

  handle(GetSystemInfoParameters, ({ revisionOnly, parameter, setSelector }, { bmc }) => ({
    revision: PARAMETER_REVISION,
    data: revisionOnly ? new Uint8Array(0) : bmc.systemInfo.get(parameter, setSelector),
  })),
];
