import { IcmbInterface } from '../../interfaces/index.ts';
import type { Zod } from '../../settings/texts.ts';
import { MediumType, ProtocolType, SessionSupport } from '../../commands/codes/channels.ts';
import type { Settings } from '../kind.ts';
import type { InterfaceKind, Whole } from './interface.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('icmb'),
    /** 0..0Bh. Default 6. */
    channel: zod.int().min(0).max(11).optional(),
    /** Default `icmb`. */
    bus: zod.string().min(1).optional(),
    /** 1..FFFEh. Default: the lowest that is free on the bus. */
    address: zod.int().min(1).max(0xfffe).optional(),
  });

/** An emulated ICMB that joins the chassis of one process: BMCs that name the same bus meet there. */
export type IcmbInterfaceOptions = Settings<typeof schema>;

const defaults = { channel: 6, bus: 'icmb' } as const;

type WholeOptions = Whole<IcmbInterfaceOptions, Required<Pick<IcmbInterfaceOptions, keyof typeof defaults>>>;

export const icmb: InterfaceKind<IcmbInterfaceOptions, WholeOptions> = {
  type: 'icmb',
  schema,
  defaults,
  single: 'ICMB bridge',
  channel: ({ channel }) => ({
    number: channel,
    medium: MediumType.Icmb10,
    protocol: ProtocolType.Icmb,
    sessionSupport: SessionSupport.None,
  }),
  places: ({ bus = defaults.bus, address }) => [
    {
      key: 'address',
      what: 'ICMB address',
      place: address === undefined ? undefined : `${address} of bus ${bus}`,
    },
  ],
  make({ channel, bus }, surroundings) {
    const attached = new IcmbInterface({ bmc: surroundings.bmc, bus: surroundings.icmb.bus(bus), channel });
    return { interface: attached, address: () => `${bus}, ${attached.address}` };
  },
};
