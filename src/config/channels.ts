import {
  channelOf,
  singleOf,
  SYSTEM_INTERFACE,
  systemChannel,
  wholeInterface,
  type WholeInterface,
} from '../kinds/interfaces/index.ts';
import { ipmb } from '../kinds/interfaces/ipmb.ts';
import type { ChannelOptions } from '../state/app/channels.ts';
import { settingAt, SettingsError } from '../settings/errors.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import type { BmcOptions, InterfaceOptions } from './options.ts';

type Type = WholeInterface['type'];

/**
 * Channels that every BMC has, whether or not an interface carries them: primary IPMB and system interface
 * (IPMI 2.0 §6.3).
 */
const ALWAYS: readonly ChannelOptions[] = [
  ipmb.channel({ type: 'ipmb', ...ipmb.defaults }),
  systemChannel(SYSTEM_INTERFACE, 'kcs'),
];

/** The interfaces of a type, with what is meant where their settings say nothing. */
export const interfacesOf = <T extends Type>(
  { interfaces = [] }: BmcOptions,
  type: T,
): readonly WholeInterface<T>[] =>
  interfaces
    .filter((entry): entry is Extract<InterfaceOptions, { type: T }> => entry.type === type)
    .map((entry) => wholeInterface(entry));

/**
 * The channel table, by number. Throws SettingsError where two interfaces want one channel, or what a BMC has
 * one of.
 */
export function channelsOf({ interfaces = [] }: BmcOptions, kinds: Kinds = OUR_KINDS): ChannelOptions[] {
  const table = new Map(ALWAYS.map((channel) => [channel.number, channel]));
  const taken = new Set<number>();
  for (const [i, entry] of interfaces.entries()) {
    const channel = settingAt(['interfaces', i], () => channelOf(entry, kinds.interfaces));
    if (taken.has(channel.number))
      throw new SettingsError(`two interfaces have channel ${channel.number}`, ['interfaces', i]);
    taken.add(channel.number);
    const only = singleOf(entry, kinds.interfaces);
    if (only !== undefined && interfaces.findIndex(({ type }) => type === entry.type) < i)
      throw new SettingsError(`a BMC has one ${only}`, ['interfaces', i]);
    table.set(channel.number, channel);
  }
  return [...table.values()].sort((a, b) => a.number - b.number);
}
