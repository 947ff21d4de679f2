import { ipmb } from '../kinds/interfaces/ipmb.ts';
import { wholeEntry } from '../kinds/interfaces/index.ts';
import { settingAt, SettingsError, type SettingsPath } from '../settings/errors.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { interfacesOf } from './channels.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import type { BmcOptions } from './options.ts';

/**
 * The settings with what is meant where they say nothing of an interface, and an `ipmb` interface for each
 * channel that has satellites and no interface of its own. Throws SettingsError.
 */
export function complete(options: BmcOptions, kinds: Kinds = OUR_KINDS): BmcOptions {
  const { interfaces, satellites = [] } = options;
  checkAddresses(options);
  const there = new Set(interfacesOf(options, 'ipmb').map(({ channel }) => channel));
  const busses = new Set(satellites.map(({ channel = ipmb.defaults.channel }) => channel));
  const missing = Array.from(busses).filter((channel) => !there.has(channel));
  if (interfaces === undefined && missing.length === 0) return options;
  const whole = (interfaces ?? []).map((entry, i) =>
    settingAt(['interfaces', i], () => wholeEntry(entry, kinds.interfaces)),
  );
  return {
    ...options,
    interfaces: [...whole, ...missing.map((channel) => ({ type: 'ipmb' as const, channel }))],
  };
}

/** Slave addresses that are taken on a bus. */
type Bus = Set<number>;

/**
 * Two controllers with one address would answer at once. A satellite's channel 0 is the bus that it hangs on.
 */
function checkAddresses(
  { satellites = [], ...options }: BmcOptions,
  uplink?: Bus,
  path: SettingsPath = [],
): void {
  const own = interfacesOf(options, 'ipmb');
  const busses = new Map<number, Bus>(uplink ? [[ipmb.defaults.channel, uplink]] : []);
  for (const [i, { address, channel = ipmb.defaults.channel, satellites: behind }] of satellites.entries()) {
    const at = [...path, 'satellites', i];
    const bus =
      busses.get(channel) ??
      new Set([own.find((controller) => controller.channel === channel)?.address ?? BMC_ADDRESS]);
    busses.set(channel, bus);
    if (bus.has(address))
      throw new SettingsError(
        `channel ${channel}: two controllers have slave address ${address.toString(16)}h`,
        at,
      );
    bus.add(address);
    // What hangs on this bus too comes after those that are named on it.
    if (behind) checkAddresses({ satellites: behind }, bus, at);
  }
}
