import { IpmbDevice, IpmbInterface, IpmbSocket, type Carrier } from '../../interfaces/index.ts';
import { OWN, streamAddressOf } from '../../settings/addresses.ts';
import { slaveAddress, streamAddress, type Zod } from '../../settings/texts.ts';
import { MediumType, ProtocolType, SessionSupport } from '../../commands/codes/channels.ts';
import type { Settings } from '../kind.ts';
import type { InterfaceKind } from './interface.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('ipmb'),
    /** 0..0Bh. Default 0, the primary IPMB. */
    channel: zod.int().min(0).max(11).optional(),
    /** This controller's slave address. Default 20h. */
    address: slaveAddress(zod).optional(),
    /**
     * `host:port` or the path of a Unix socket where controllers in other processes connect
     * (docs/ipmb-socket.md).
     */
    listen: streamAddress(zod).optional(),
    /** `host:port` or the path of such a socket elsewhere. */
    connect: streamAddress(zod).optional(),
    /** The node of a real bus: `/dev/ipmb-0`. */
    device: zod.string().min(1).optional(),
    /** Milliseconds until a request is sent again, and how often it is sent. Default 250 and 6. */
    timeout: zod.int().min(1).max(10_000).optional(),
    /** How often a request is sent in all. Default 6. */
    tries: zod.int().min(1).max(20).optional(),
    /**
     * What goes wrong on the bus in memory, as shares of its frames (0..1), and the milliseconds that they
     * are under way.
     */
    faults: zod
      .strictObject({
        /** Share of frames that never come. */
        loss: share(zod),
        /** That come twice. */
        duplicate: share(zod),
        /** That have a wrong bit. */
        corrupt: share(zod),
        /** Least and greatest, milliseconds. */
        delay: zod.tuple([zod.number().min(0), zod.number().min(0).max(10_000)]).optional(),
        /** That nobody acknowledges. */
        nack: share(zod),
        /** That lose arbitration. */
        arbitration: share(zod),
        /** That find the bus stuck. */
        busError: share(zod),
      })
      .optional(),
  });

const share = (zod: Zod) => zod.number().min(0).max(1).optional();

/**
 * An IPMB in memory, on which this controller, its satellites of the same channel, and controllers that come
 * by `listen`,
 * `connect` or `device` meet. A channel with satellites has one without being asked.
 */
export type IpmbInterfaceOptions = Settings<typeof schema>;

export const ipmb: InterfaceKind<IpmbInterfaceOptions> = {
  type: 'ipmb',
  schema,
  defaults: { channel: 0 },
  channel: ({ channel }) => ({
    number: channel,
    medium: MediumType.Ipmb,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.None,
  }),
  dangers: ({ listen }) =>
    listen === undefined || listen.includes('/')
      ? []
      : [`ipmb listens on ${listen}: whoever connects is a controller with every right`],
  places: ({ listen, device }) => [
    { key: 'listen', what: 'stream', place: listen },
    { key: 'device', what: 'path', place: device },
  ],
  make({ channel, address, timeout, tries, listen, connect, device }, { bmc, world, busses }) {
    const common = {
      stream: world.stream,
      clock: world.clock,
      log: (message: string) => bmc.setup.log.warn(message),
    };
    const carriers: Carrier[] = [];
    if (listen !== undefined)
      carriers.push(new IpmbSocket({ ...common, at: { listen: streamAddressOf(listen, OWN) } }));
    if (connect !== undefined)
      carriers.push(new IpmbSocket({ ...common, at: { connect: streamAddressOf(connect) } }));
    if (device !== undefined)
      carriers.push(
        new IpmbDevice({ path: device, devices: world.devices, clock: world.clock, log: common.log }),
      );
    const ipmbInterface = new IpmbInterface({
      bmc,
      bus: busses.on(channel),
      channel,
      address,
      timeout,
      tries,
      carriers,
    });
    return {
      interface: ipmbInterface,
      address: () =>
        [`${ipmbInterface.address.toString(16)}h`, ...carriers.map(({ name }) => name)].join(', '),
    };
  },
};
