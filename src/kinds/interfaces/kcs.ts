import { KcsInterface } from '../../interfaces/index.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { deviceKind, node } from './device.ts';
import { channelToHost } from './host-channel.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('kcs'),
    /** 0..0Bh or 0Fh. Default 0Fh, the system interface. */
    channel: channelToHost(zod).optional(),
    /**
     * The node. Default `/dev/ipmi-bt-host` and `/dev/ipmi-ssif-host`; a KCS node has a number and no
     * default.
     */
    device: node(zod),
  });

/** The system interface of a real machine, whose BMC this is: a device node of Linux's BMC-side drivers. */
export type KcsInterfaceOptions = Settings<typeof schema>;

export const kcs = deviceKind<'kcs', KcsInterfaceOptions>('kcs', schema, KcsInterface);
