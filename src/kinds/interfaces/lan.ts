import { LanInterface } from '../../interfaces/index.ts';
import { udpPlaceOf } from '../../settings/addresses.ts';
import { SettingsError } from '../../settings/errors.ts';
import { latin1Text, udpPlace, utf8Length, type Zod } from '../../settings/texts.ts';
import { MediumType, ProtocolType, SessionSupport } from '../../commands/codes/channels.ts';
import { AuthType } from '../../wire/lan15.ts';
import { endpointName, type UdpPlace } from '../../world/world.ts';
import type { Settings } from '../kind.ts';
import type { InterfaceKind, Whole } from './interface.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('lan'),
    /** 1..0Bh. Default 1. */
    channel: zod.int().min(1).max(11).optional(),
    /**
     * `host:port`; port 0 lets the system choose. `10.9.0.7/16:623`: one socket for all BMCs at addresses of
     * such prefixes (docs/fleet.md); with `count` and no `{n}` in it, the address is counted up. Default
     * 127.0.0.1:623.
     */
    listen: udpPlace(zod).optional(),
    /**
     * Cipher suites that a console may ask for. Default 3 and 17. Suite 0 logs in anyone who knows a user
     * name.
     */
    cipherSuites: zod
      .array(zod.union([0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17].map((id) => zod.literal(id))))
      .optional(),
    /** IPMI 1.5 authentication types. Default md5 and md2. `none` logs in anyone. */
    authTypes: zod.array(zod.enum(['none', 'md2', 'md5', 'password'])).optional(),
    /** The BMC key K_g for two-key log-ins: up to 20 characters, or `0x` and 40 hex digits. */
    kg: key(zod).optional(),
    /**
     * IP settings that the LAN parameters show. Default: those of the address that it listens on; of all, the
     * one that reaches furthest.
     */
    address: zod.ipv4('expected an IPv4 address').optional(),
    /** Its mask. */
    netmask: zod.ipv4('expected an IPv4 address').optional(),
    /** Its default gateway. */
    gateway: zod.ipv4('expected an IPv4 address').optional(),
    /**
     * Six bytes in hex, with colons. Default: a locally administered one, made from the BMC's GUID (as the
     * settings have it) or its name.
     */
    mac: zod
      .string()
      .regex(/^[\da-f]{2}(:[\da-f]{2}){5}$/i, 'expected a MAC address')
      .optional(),
    /** Of the traps; at most 18 characters. */
    community: latin1Text(zod, 18).optional(),
  });

export type LanInterfaceOptions = Settings<typeof schema>;

const isKeyInHex = (text: string): boolean => /^0x[\da-f]{40}$/i.test(text);
const key = (zod: Zod) =>
  zod
    .string()
    .refine(
      (text) => isKeyInHex(text) || (utf8Length(text) <= 20 && !/^0x[\da-f]*$/i.test(text)),
      'expected up to 20 bytes in UTF-8, or 0x and 40 hex digits',
    );

/**
 * Not among the defaults: a BMC without a name has another MAC address where its settings say where it
 * listens.
 */
const LISTEN = '127.0.0.1:623';
const defaults = { channel: 1, cipherSuites: [3, 17], authTypes: ['md5', 'md2'] } as const;
const AUTH_TYPES = {
  none: AuthType.None,
  md2: AuthType.Md2,
  md5: AuthType.Md5,
  password: AuthType.Password,
} as const;

/** Where it listens. Throws SettingsError. */
export const listenOf = ({ listen = LISTEN }: Pick<LanInterfaceOptions, 'listen'>): UdpPlace =>
  udpPlaceOf(listen);

type WholeOptions = Whole<LanInterfaceOptions, Required<Pick<LanInterfaceOptions, keyof typeof defaults>>>;

export const lan: InterfaceKind<LanInterfaceOptions, WholeOptions> = {
  type: 'lan',
  schema,
  defaults,
  channel: ({ channel, cipherSuites, authTypes, kg }) => ({
    number: channel,
    medium: MediumType.Lan,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.Multi,
    lan: {
      cipherSuites,
      authTypes: authTypes.map((name) => AUTH_TYPES[name]),
      kg: kg === undefined ? undefined : keyOf(kg),
    },
  }),
  dangers: ({ cipherSuites, authTypes }) => [
    ...(cipherSuites.includes(0)
      ? ['cipher suite 0 is on: anyone who knows a user name gets in without a password']
      : []),
    ...(authTypes.includes('none')
      ? ['IPMI 1.5 authentication type none is on: anyone who knows a user name gets in without a password']
      : []),
  ],
  places: ({ listen = LISTEN }) => [{ key: 'listen', what: 'UDP port', place: listen }],
  make({ listen, channel }, { bmc, world }) {
    const at = listenOf({ listen });
    const lanInterface = new LanInterface({
      bmc,
      udp: world.udp,
      network: world.network,
      listen: at,
      channel,
    });
    return { interface: lanInterface, address: () => endpointName(lanInterface.address) };
  },
};

/** Text in UTF-8, or 40 hex digits after 0x, as 20 bytes. Throws SettingsError for a text that is longer. */
function keyOf(text: string): Uint8Array {
  if (!isKeyInHex(text)) {
    const key = new Uint8Array(20);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > key.length)
      throw new SettingsError(`kg: ${bytes.length} bytes in UTF-8, of 20 at most`, ['interfaces']);
    key.set(bytes);
    return key;
  }
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
