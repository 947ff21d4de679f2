import { GetSystemBootOptions, SetSystemBootOptions } from '../../commands/chassis/boot-options.ts';
import { BootParameter } from '../../commands/parameters/boot.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after, both } from '../../state/store.ts';
import { handle } from '../handle.ts';

const PARAMETER_VERSION = 1;

export const bootOptionHandlers: readonly Handler<BmcState>[] = [
  handle(SetSystemBootOptions, ({ parameter, invalid, data }, { bmc: { bootOptions }, session, channel }) => {
    if (!bootOptions.isSupported(parameter))
      throw SetSystemBootOptions.refuse('unsupported', `boot parameter ${parameter}`);
    const marked = bootOptions.setInvalid(parameter, invalid);
    if (data.length === 0) return after(marked, {});
    const done = both(marked, bootOptions.set(parameter, data, session ?? channel));
    const initiated =
      parameter === BootParameter.BootFlags.selector
        ? bootOptions.initiatedBy(channel.number, session?.id ?? 0)
        : undefined;
    return after(both(done, initiated), {});
  }),

  handle(GetSystemBootOptions, ({ parameter, setSelector }, { bmc: { bootOptions } }) => {
    if (!bootOptions.isSupported(parameter))
      throw GetSystemBootOptions.refuse('unsupported', `boot parameter ${parameter}`);
    return {
      version: PARAMETER_VERSION,
      invalid: bootOptions.isInvalid(parameter),
      parameter,
      data: bootOptions.get(parameter, setSelector),
    };
  }),
];
