import { SerialInterface, SerialLine } from '../../interfaces/index.ts';
import { OWN, streamAddressOf } from '../../settings/addresses.ts';
import { SettingsError } from '../../settings/errors.ts';
import { streamAddress, type Zod } from '../../settings/texts.ts';
import { MediumType, ProtocolType, SessionSupport } from '../../commands/codes/channels.ts';
import { AuthType } from '../../wire/lan15.ts';
import { streamName } from '../../world/world.ts';
import type { Settings } from '../kind.ts';
import type { InterfaceKind, Whole } from './interface.ts';

const schema = (zod: Zod) =>
  zod
    .strictObject({
      type: zod.literal('serial'),
      /** 1..0Bh. Default 2. */
      channel: zod.int().min(1).max(11).optional(),
      /** A terminal device (`/dev/ttyS1`, a pty). */
      tty: zod.string().min(1).optional(),
      /** Default 115200. */
      baud: zod.literal([9600, 19_200, 38_400, 57_600, 115_200]).optional(),
      /**
       * `host:port` or the path of a Unix socket, which is this user's alone: one caller at a time is at the
       * line.
       */
      listen: streamAddress(zod).optional(),
      /** The same, where a terminal server listens. */
      connect: streamAddress(zod).optional(),
      /** Default both; which one is spoken is found out. */
      modes: zod
        .array(zod.enum(['basic', 'terminal']))
        .min(1)
        .optional(),
      /**
       * The line is a modem's: callback, and sessions that end with carrier. Default: a direct connection.
       */
      modem: zod.boolean().optional(),
      /**
       * Whoever is at the line has this level without a log-in, as ipmitool's serial interfaces expect.
       * Default: nobody has.
       */
      withoutLogIn: zod.enum(['user', 'operator', 'administrator']).optional(),
      /**
       * The connector is shared with the system's console, and is there (`system`) or at the BMC at the
       * start. Default: not shared.
       */
      shared: zod.enum(['system', 'bmc']).optional(),
    })
    .refine(
      ({ tty, listen, connect }) =>
        [tty, listen, connect].filter((place) => place !== undefined).length === 1,
      'expected one of tty, listen and connect',
    );

/** IPMI over a serial line or a modem: basic and terminal mode. Give `tty`, `listen` or `connect`. */
export type SerialInterfaceOptions = Settings<typeof schema>;

const defaults = { channel: 2, baud: 115_200, modes: ['basic', 'terminal'] } as const;

type WholeOptions = Whole<
  SerialInterfaceOptions,
  Required<Pick<SerialInterfaceOptions, keyof typeof defaults>>
>;

export const serial: InterfaceKind<SerialInterfaceOptions, WholeOptions> = {
  type: 'serial',
  schema,
  defaults,
  // Messages carry no session id: a serial line has one session at most (§14.4).
  channel: ({ channel }) => ({
    number: channel,
    medium: MediumType.Serial,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.Single,
    authTypes: [AuthType.Md2, AuthType.Md5, AuthType.Password],
  }),
  dangers: ({ withoutLogIn, tty, listen, connect }) =>
    withoutLogIn
      ? [`serial line ${tty ?? listen ?? connect}: whoever is there is ${withoutLogIn} without a log-in`]
      : [],
  // A line that is shared with the console is one line.
  places: ({ listen, tty }) => [
    { key: 'listen', what: 'stream', place: listen },
    { key: 'tty', what: 'path', place: tty },
  ],
  make({ tty, baud, listen, connect, channel }, { bmc, world: { stream, clock } }) {
    const places = [
      tty && { connect: { tty, baud } },
      connect && { connect: streamAddressOf(connect) },
      listen && { listen: streamAddressOf(listen, OWN) },
    ];
    const [at, ...more] = places.filter((place) => place !== undefined && place !== '');
    if (!at || more.length > 0)
      throw new SettingsError('a serial interface needs one of tty, listen and connect');
    const line = new SerialLine({ stream, clock, at });
    return {
      interface: new SerialInterface({ bmc, clock, line, channel }),
      address: () => streamName(line.address),
    };
  },
};
