import { PEF_FILTERS, PolicyRule, type AlertPolicy, type EventFilter } from '../commands/parameters/pef.ts';
import { LanParameter } from '../commands/parameters/lan.ts';
import {
  ANY,
  ANY_DATA,
  ANY_OFFSET,
  EMPTY_FILTER,
  FilterKind,
  PRECONFIGURED,
  Severity,
} from '../state/parameters/pef-filters.ts';
import type { PefDefaults } from '../state/parameters/pef-parameters.ts';
import { SettingsError, settingAt } from '../settings/errors.ts';
import { lan } from '../kinds/interfaces/lan.ts';
import { interfacesOf } from './channels.ts';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import type { BmcOptions } from './options.ts';
import type { AlertDestinationOptions, PefFilterOptions } from './pef-schema.ts';

const preconfigured: ReadonlyMap<number, EventFilter> = new Map(
  PRECONFIGURED.map((filter, i) => [i + 1, filter]),
);

/** Throws SettingsError. */
export function pefOf({ pef, ...options }: BmcOptions): PefDefaults {
  if (!pef) return { filters: preconfigured };
  const filters = new Map(preconfigured);
  const taken = new Set<number>();
  let next = PRECONFIGURED.length + 1;
  for (const [i, filter] of (pef.filters ?? []).entries()) {
    const number = filter.number ?? next;
    if (number > PEF_FILTERS)
      throw new SettingsError(`there are ${PEF_FILTERS} PEF filters`, ['pef', 'filters', i]);
    if (taken.has(number))
      throw new SettingsError(`two filters have number ${number}`, ['pef', 'filters', i]);
    taken.add(number);
    filters.set(
      number,
      settingAt(['pef', 'filters', i], () => filterOf(filter)),
    );
    next = Math.max(next, number + 1);
  }
  checkChannels({ pef, ...options });
  const { enabled = true, eventMessages = false, startupDelay = 60, alertStartupDelay } = pef;
  return {
    control: {
      enabled,
      eventMessages,
      startupDelay: startupDelay > 0,
      alertStartupDelay: alertStartupDelay !== undefined,
    },
    startupDelay,
    alertStartupDelay,
    filters,
    policies: new Map(policiesOf({ pef }).map((policy, i) => [i + 1, policy])),
    strings: new Map((pef.strings ?? []).map((text, i) => [i + 1, text])),
  };
}

/** Alerts leave by a LAN channel: one that is named must be there. */
function checkChannels({ pef = {}, interfaces = [] }: BmcOptions): void {
  const lans = interfacesOf({ interfaces }, 'lan').map(({ channel }) => channel);
  // A program may attach its own.
  if (interfaces.length === 0) return;
  for (const key of ['policies', 'destinations'] as const)
    for (const [i, { channel }] of (pef[key] ?? []).entries())
      if (channel !== undefined && !lans.includes(channel))
        throw new SettingsError(`channel ${channel} is not that of a LAN interface`, [
          'pef',
          key,
          i,
          'channel',
        ]);
}

const NO_SETS: ReadonlyMap<string, Uint8Array> = new Map();

/** The sets of LAN parameters 18 and 19 that alert destinations make, by channel. */
export function alertSetsOf({ pef = {} }: BmcOptions, channel: number): ReadonlyMap<string, Uint8Array> {
  if (!pef.destinations?.length) return NO_SETS;
  const sets = new Map<string, Uint8Array>();
  for (const { number, destination } of numbered(pef.destinations)) {
    if ((destination.channel ?? lan.defaults.channel) !== channel) continue;
    const { address, acknowledged = false, timeout = 3, retries = acknowledged ? 3 : 0 } = destination;
    const type = LanParameter.DestinationType.layout.encode({
      acknowledged,
      kind: 0,
      timeout: timeout - 1,
      retries,
    });
    sets.set(`${LanParameter.DestinationType.selector}/${number}`, type);
    // A MAC address that nobody needs behind it.
    const place = { format: 0, backupGateway: false, address, mac: '00:00:00:00:00:00' };
    sets.set(
      `${LanParameter.DestinationAddress.selector}/${number}`,
      LanParameter.DestinationAddress.layout.encode(place),
    );
  }
  return sets;
}

function policiesOf({ pef = {} }: BmcOptions): AlertPolicy[] {
  const rules = {
    always: PolicyRule.Always,
    'next-entry': PolicyRule.NextEntry,
    stop: PolicyRule.Stop,
    'next-channel': PolicyRule.NextChannel,
    'next-type': PolicyRule.NextType,
  };
  const declared =
    pef.policies ??
    numbered(pef.destinations ?? []).map(({ number, destination }) => ({
      destination: number,
      channel: destination.channel,
    }));
  return declared.map(
    ({
      set = 1,
      channel = lan.defaults.channel,
      destination,
      rule = 'always',
      string = 0,
    }: NonNullable<typeof pef.policies>[number]) => ({
      set,
      enabled: true,
      rule: rules[rule],
      channel,
      destination,
      stringEventSpecific: false,
      string,
    }),
  );
}

/** Each destination with its number: the given one, or the next of its channel. */
function numbered(
  destinations: readonly AlertDestinationOptions[],
): { number: number; destination: AlertDestinationOptions }[] {
  const next = new Map<number, number>();
  const taken = new Set<string>();
  return destinations.map((destination, i) => {
    const channel = destination.channel ?? lan.defaults.channel;
    const number = destination.number ?? next.get(channel) ?? 1;
    if (number > 4)
      throw new SettingsError('a LAN channel has four alert destinations', ['pef', 'destinations', i]);
    const place = `${channel}/${number}`;
    if (taken.has(place))
      throw new SettingsError(`two destinations of channel ${channel} have number ${number}`, [
        'pef',
        'destinations',
        i,
      ]);
    taken.add(place);
    next.set(channel, number + 1);
    return { number, destination };
  });
}

function filterOf({
  enabled = true,
  actions,
  policy = 1,
  severity = 'unspecified',
  sensorType,
  sensorNumber = ANY,
  eventType = ANY,
  offsets,
}: PefFilterOptions): EventFilter {
  const type = typeof sensorType === 'string' ? sensorTypes[sensorType.toLowerCase()] : (sensorType ?? ANY);
  if (type === undefined) throw new SettingsError(`there is no sensor type '${sensorType}'`);
  const severities = {
    unspecified: Severity.Unspecified,
    monitor: Severity.Monitor,
    information: Severity.Information,
    ok: Severity.Ok,
    'non-critical': Severity.NonCritical,
    critical: Severity.Critical,
    'non-recoverable': Severity.NonRecoverable,
  };
  return {
    ...EMPTY_FILTER,
    enabled,
    kind: FilterKind.Software,
    alert: actions.includes('alert'),
    powerDown: actions.includes('power-off'),
    powerCycle: actions.includes('power-cycle'),
    reset: actions.includes('reset'),
    diagnosticInterrupt: actions.includes('diagnostic-interrupt'),
    oem: actions.includes('oem'),
    policy,
    severity: severities[severity],
    generator: ANY,
    generator2: ANY,
    sensorType: type,
    sensorNumber,
    eventType,
    offsets: offsets === undefined ? ANY_OFFSET : offsets.reduce((mask, offset) => mask | (1 << offset), 0),
    data1: ANY_DATA,
    data2: ANY_DATA,
    data3: ANY_DATA,
  };
}
