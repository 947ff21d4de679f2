import { ipmb } from '../kinds/interfaces/ipmb.ts';
import { wholeInterface } from '../kinds/interfaces/index.ts';
import { SettingsError } from '../settings/errors.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { interfacesOf } from './channels.ts';
import type { BmcOptions } from './options.ts';

/**
 * The settings with what is meant where they say nothing of an interface, and an `ipmb` interface for each
 * channel that has satellites and no interface of its own. Throws SettingsError.
 */
export function complete(options: BmcOptions): BmcOptions {
  const { interfaces, satellites = [] } = options;
  checkAddresses(options);
  const there = new Set(interfacesOf(options, 'ipmb').map(({ channel }) => channel));
  const busses = new Set(satellites.map(({ channel = ipmb.defaults.channel }) => channel));
  const missing = Array.from(busses).filter((channel) => !there.has(channel));
  if (interfaces === undefined && missing.length === 0) return options;
  const whole = (interfaces ?? []).map((one) => wholeInterface(one));
  return {
    ...options,
    interfaces: [...whole, ...missing.map((channel) => ({ type: 'ipmb' as const, channel }))],
  };
}

/** Two controllers with one address would answer at once. */
function checkAddresses({ satellites = [], ...options }: BmcOptions): void {
  const busses = interfacesOf(options, 'ipmb');
  const own = (on: number): number => busses.find(({ channel }) => channel === on)?.address ?? BMC_ADDRESS;
  const taken = new Set<string>();
  for (const [i, { address, channel = ipmb.defaults.channel }] of satellites.entries()) {
    const place = `${channel}/${address}`;
    if (taken.has(place) || address === own(channel))
      throw new SettingsError(
        `channel ${channel}: two controllers have slave address ${address.toString(16)}h`,
        ['satellites', i],
      );
    taken.add(place);
  }
}
