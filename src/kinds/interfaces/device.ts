import type { BmcState } from '../../bmc-state.ts';
import { DevicePort, type HostInterfaceOptions } from '../../interfaces/index.ts';
import type { Interface } from '../../router/index.ts';
import { SettingsError } from '../../settings/errors.ts';
import type { Zod } from '../../settings/texts.ts';
import { SYSTEM_INTERFACE, systemChannel } from './host-channel.ts';
import type { InterfaceKind } from './interface.ts';

/** What the settings of these have in common. */
export interface DeviceOptions<K extends 'bt' | 'kcs' | 'ssif'> {
  readonly type: K;
  readonly channel?: number;
  readonly device?: string;
}

/** The path of a device node. */
export const node = (zod: Zod) => zod.string().regex(/^\//, 'expected the absolute path of a device node');

/** An interface to a real host behind a device node; `usual`: the node where nothing is said. */
export const deviceKind = <K extends 'bt' | 'kcs' | 'ssif', O extends DeviceOptions<K>>(
  type: K,
  schema: InterfaceKind<O>['schema'],
  Kind: new (options: HostInterfaceOptions) => Interface<BmcState>,
  usual?: string,
): InterfaceKind<O> => ({
  type,
  schema,
  defaults: { channel: SYSTEM_INTERFACE },
  channel: ({ channel }) => systemChannel(channel, type),
  places: ({ device = usual }) => [{ key: 'device', what: 'path', place: device }],
  make({ channel, device: path = usual }, { bmc, world: { clock, devices } }) {
    if (path === undefined) throw new SettingsError(`a ${type} interface needs device: the path of its node`);
    const port = new DevicePort({
      kind: type,
      path,
      devices,
      clock,
      log: (message) => bmc.setup.log.warn(message),
    });
    return { interface: new Kind({ bmc, port, clock, channel }), address: () => path };
  },
});
