import { MediumType, ProtocolType, SessionSupport, type ChannelOptions } from '../state/app/channels.ts';
import { AuthType } from '../wire/lan15.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { SettingsError } from '../settings/errors.ts';
import type {
  IcmbInterfaceOptions,
  InterfaceOptions,
  IpmbInterfaceOptions,
  LanInterfaceOptions,
  SerialInterfaceOptions,
  VmInterfaceOptions,
} from './interface-options.ts';
import type { BmcOptions } from './options.ts';

type Type = InterfaceOptions['type'];
type Of<T extends Type> = Extract<InterfaceOptions, { type: T }>;

const SYSTEM_INTERFACE = 0x0f;
/** Of a serial interface whose settings say nothing else. */
export const SERIAL_CHANNEL = 2;
const NO_SESSIONS = { sessionSupport: SessionSupport.None };

/** Where nothing else is said. */
export const ICMB_CHANNEL = 6;

/** The channel that an interface of each type makes. */
const channels: { readonly [T in Type]: (options: Of<T>) => ChannelOptions } = {
  lan: lanChannel,
  serial: ({ channel = SERIAL_CHANNEL }: SerialInterfaceOptions) => serialChannel(channel),
  bt: ({ channel = SYSTEM_INTERFACE }) => systemChannel(channel, 'bt'),
  kcs: ({ channel = SYSTEM_INTERFACE }) => systemChannel(channel, 'kcs'),
  ssif: ({ channel = SYSTEM_INTERFACE }) => systemChannel(channel, 'ssif'),
  vm: ({ channel = SYSTEM_INTERFACE, interface: kind = 'kcs' }: VmInterfaceOptions) => systemChannel(channel, kind),
  ipmb: ipmbChannel,
  icmb: ({ channel = ICMB_CHANNEL }: IcmbInterfaceOptions) => ({
    number: channel,
    medium: MediumType.Icmb10,
    protocol: ProtocolType.Icmb,
    ...NO_SESSIONS,
  }),
};

/** Channels that every BMC has, whether or not an interface carries them: primary IPMB and system interface (IPMI 2.0 §6.3). */
const ALWAYS: readonly ChannelOptions[] = [
  { number: 0, medium: MediumType.Ipmb, protocol: ProtocolType.Ipmb, ...NO_SESSIONS },
  systemChannel(SYSTEM_INTERFACE, 'kcs'),
];

export const interfacesOf = <T extends Type>({ interfaces = [] }: BmcOptions, type: T): readonly Of<T>[] =>
  interfaces.filter((one): one is Of<T> => one.type === type);

/** The channel table, by number. Throws SettingsError where two interfaces want one channel. */
export function channelsOf({ interfaces = [] }: BmcOptions): ChannelOptions[] {
  const table = new Map(ALWAYS.map((channel) => [channel.number, channel]));
  const taken = new Set<number>();
  for (const [i, one] of interfaces.entries()) {
    const channelOf = channels[one.type] as (options: InterfaceOptions) => ChannelOptions;
    const channel = channelOf(one);
    if (taken.has(channel.number)) throw new SettingsError(`two interfaces have channel ${channel.number}`, ['interfaces', i]);
    taken.add(channel.number);
    table.set(channel.number, channel);
  }
  return [...table.values()].sort((a, b) => a.number - b.number);
}

/** A system interface's channel; SSIF counts as IPMI over SMBus (IPMI 2.0 §6.4). */
export function systemChannel(number: number, kind: 'bt' | 'kcs' | 'ssif'): ChannelOptions {
  const protocol = { bt: ProtocolType.Bt15, kcs: ProtocolType.Kcs, ssif: ProtocolType.Smbus }[kind];
  return { number, medium: MediumType.SystemInterface, protocol, ...NO_SESSIONS };
}

/** Messages carry no session id: a serial line has one session at most (§14.4). */
function serialChannel(number: number): ChannelOptions {
  return {
    number,
    medium: MediumType.Serial,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.Single,
    authTypes: [AuthType.Md2, AuthType.Md5, AuthType.Password],
  };
}

function lanChannel({ channel = 1, cipherSuites = [3, 17], authTypes = ['md5', 'md2'], kg }: LanInterfaceOptions): ChannelOptions {
  return {
    number: channel,
    medium: MediumType.Lan,
    protocol: ProtocolType.Ipmb,
    sessionSupport: SessionSupport.Multi,
    lan: {
      cipherSuites,
      authTypes: authTypes.map((name) => ({ none: AuthType.None, md2: AuthType.Md2, md5: AuthType.Md5, password: AuthType.Password })[name]),
      kg: kg === undefined ? undefined : keyOf(kg),
    },
  };
}

function ipmbChannel({ channel = 0 }: IpmbInterfaceOptions): ChannelOptions {
  return { number: channel, medium: MediumType.Ipmb, protocol: ProtocolType.Ipmb, ...NO_SESSIONS };
}

/** Two controllers with one address would answer at once. */
function checkAddresses({ interfaces = [], satellites = [] }: BmcOptions): void {
  const own = (channel: number): number =>
    interfaces.flatMap((one) => (one.type === 'ipmb' && (one.channel ?? 0) === channel ? [one.address ?? BMC_ADDRESS] : []))[0] ?? BMC_ADDRESS;
  const taken = new Set<string>();
  for (const [i, { address, channel = 0 }] of satellites.entries()) {
    const place = `${channel}/${address}`;
    if (taken.has(place) || address === own(channel))
      throw new SettingsError(`channel ${channel}: two controllers have slave address ${address.toString(16)}h`, ['satellites', i]);
    taken.add(place);
  }
}

/** The settings with an `ipmb` interface for each channel that has satellites and no interface of its own. */
export function withBusses(options: BmcOptions): BmcOptions {
  const { interfaces = [], satellites = [] } = options;
  checkAddresses(options);
  const there = new Set(interfaces.filter(({ type }) => type === 'ipmb').map(({ channel = 0 }) => channel));
  const missing = new Set(satellites.map(({ channel = 0 }) => channel).filter((channel) => !there.has(channel)));
  if (missing.size === 0) return options;
  return { ...options, interfaces: [...interfaces, ...Array.from(missing, (channel) => ({ type: 'ipmb' as const, channel }))] };
}

/** Text in UTF-8, or 40 hex digits after 0x, as 20 bytes. Throws SettingsError for a text that is longer. */
function keyOf(text: string): Uint8Array {
  if (!/^0x[\da-f]{40}$/i.test(text)) {
    const key = new Uint8Array(20);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > key.length) throw new SettingsError(`kg: ${bytes.length} bytes in UTF-8, of 20 at most`, ['interfaces']);
    key.set(bytes);
    return key;
  }
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
