import { VmInterface } from '../../interfaces/index.ts';
import { OWN, streamAddressOf } from '../../settings/addresses.ts';
import { SettingsError } from '../../settings/errors.ts';
import { streamAddress, type Zod } from '../../settings/texts.ts';
import { streamName } from '../../world/world.ts';
import type { Settings } from '../kind.ts';
import { channelToHost, SYSTEM_INTERFACE, systemChannel } from './host-channel.ts';
import type { InterfaceKind, Whole } from './interface.ts';

const schema = (zod: Zod) =>
  zod
    .strictObject({
      type: zod.literal('vm'),
      /** 0..0Bh or 0Fh. Default 0Fh, the system interface. */
      channel: channelToHost(zod).optional(),
      /**
       * What the guest sees, as the machine's command line has it: `isa-ipmi-bt`, `isa-ipmi-kcs`,
       * `smbus-ipmi`. Default kcs.
       */
      interface: zod.enum(['bt', 'kcs', 'ssif']).optional(),
      /** `host:port` or the path of a Unix socket, which is this user's alone. */
      listen: streamAddress(zod).optional(),
      /** The same, where the machine's monitor listens. It is tried each second. */
      connect: streamAddress(zod).optional(),
      /**
       * Milliseconds, 0 to 10: the process does not sleep for so long after a request while the host asks as
       * quickly, which costs up to a core meanwhile. 0: it always sleeps. Default 0.4.
       */
      awake: zod.number().min(0).max(10).optional(),
    })
    .refine(
      ({ listen, connect }) => (listen === undefined) !== (connect === undefined),
      'expected listen or connect, and not both',
    );

/** The system interface of a virtual machine: QEMU's `ipmi-bmc-extern`. Give `listen` or `connect`. */
export type VmInterfaceOptions = Settings<typeof schema>;

/** Most bytes of an answer that each of QEMU's interfaces carries to its guest. */
const GUEST_LIMITS = { bt: 252, kcs: 256, ssif: 251 } as const;

const defaults = { channel: SYSTEM_INTERFACE, interface: 'kcs' } as const;

type WholeOptions = Whole<VmInterfaceOptions, Required<Pick<VmInterfaceOptions, keyof typeof defaults>>>;

export const vm: InterfaceKind<VmInterfaceOptions, WholeOptions> = {
  type: 'vm',
  schema,
  defaults,
  channel: ({ channel, interface: kind }) => systemChannel(channel, kind),
  // Any user of this machine can connect to a port, on a loopback address too.
  dangers: ({ listen }) =>
    listen === undefined || listen.includes('/')
      ? []
      : [`vm listens on ${listen}: whoever connects is the host, with every right`],
  places: ({ listen }) => [{ key: 'listen', what: 'stream', place: listen }],
  make({ listen, connect, channel, interface: kind, awake }, { bmc, world, machine }) {
    if ((listen === undefined) === (connect === undefined))
      throw new SettingsError('a vm interface needs listen or connect, and not both');
    const at =
      listen === undefined
        ? { connect: streamAddressOf(connect!) }
        : { listen: streamAddressOf(listen, OWN) };
    const vmInterface = new VmInterface({
      bmc,
      world,
      at,
      channel,
      maxAnswer: GUEST_LIMITS[kind],
      machine,
      awake,
    });
    return { interface: vmInterface, address: () => streamName(vmInterface.address) };
  },
};
