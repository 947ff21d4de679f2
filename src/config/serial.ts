import { CommSpeed, ConnectionMode } from '../state/parameters/serial-parameters.ts';
import type { SerialChannelOptions } from '../services/serial/serial.ts';
import { interfacesOf } from './channels.ts';
import type { BmcOptions } from './options.ts';
import { privilegeOf } from './privilege.ts';

/** The serial/modem channels, as their parameters start. */
export const serialOf = (options: BmcOptions): (SerialChannelOptions & { readonly channel: number })[] =>
  interfacesOf(options, 'serial').map(({ channel, baud, modes, modem, withoutLogIn, shared }) => ({
    channel,
    modes:
      (modem ? 0 : ConnectionMode.Direct) |
      (modes.includes('basic') ? ConnectionMode.Basic : 0) |
      (modes.includes('terminal') ? ConnectionMode.Terminal : 0),
    speed: Number(Object.entries(CommSpeed).find(([, speed]) => speed === baud)?.[0]),
    sharing: shared !== undefined,
    mux: shared ?? 'bmc',
    open: withoutLogIn && privilegeOf(withoutLogIn),
  }));
