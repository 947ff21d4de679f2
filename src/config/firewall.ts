import { Body, NetFn, type Command } from '../commands/command.ts';
import * as declared from '../commands/index.ts';
import { interfacesOf } from './channels.ts';
import type { CommandSelector } from '../state/app/command-masks.ts';
import type { FirewallRule } from '../state/app/firewall.ts';
import type { BmcOptions, FirewallOptions } from './options.ts';

const HOST = 0x0f;
/** Without these nobody could open or end a session, whatever an `allow` list says. */
const SESSIONS = [
  declared.GetChannelAuthenticationCapabilities,
  declared.GetChannelCipherSuites,
  declared.GetSessionChallenge,
  declared.ActivateSession,
  declared.SetSessionPrivilegeLevel,
  declared.CloseSession,
];
/** What a restricted host still needs to run and to be watched, besides everything that only reads. */
const HOST_NEEDS = [
  declared.ReserveSdrRepository,
  declared.ReserveSel,
  declared.ReserveDeviceSdrRepository,
  declared.AddSelEntry,
  declared.PlatformEventMessage,
  declared.SetBmcGlobalEnables,
  declared.ClearMessageFlags,
  declared.SetWatchdogTimer,
  declared.ResetWatchdogTimer,
  declared.SetAcpiPowerState,
];
/** What a closed-off host may still ask: who is there, and whether it works. */
const HOST_IDENTITY = [declared.GetDeviceId, declared.GetSelfTestResults, declared.GetSystemGuid];

const groups: Readonly<Record<string, CommandSelector>> = {
  chassis: { netFn: NetFn.Chassis, cmd: '*' },
  bridge: { netFn: NetFn.Bridge, cmd: '*' },
  sensor: { netFn: NetFn.SensorEvent, cmd: '*' },
  app: { netFn: NetFn.App, cmd: '*' },
  firmware: { netFn: NetFn.Firmware, cmd: '*' },
  storage: { netFn: NetFn.Storage, cmd: '*' },
  transport: { netFn: NetFn.Transport, cmd: '*' },
  dcmi: { netFn: NetFn.Group, body: Body.Dcmi, cmd: '*' },
  picmg: { netFn: NetFn.Group, body: Body.Picmg, cmd: '*' },
};

const commands: readonly Command[] = Object.values(declared).filter(
  (value): value is Command =>
    typeof value === 'object' && value !== null && 'request' in value && 'netFn' in value,
);
const selectorOf = ({ netFn, cmd, body }: Command): CommandSelector => ({ netFn, cmd, body });
const reads = (): readonly CommandSelector[] =>
  commands.filter(({ name }) => /^(Get|Read) /.test(name)).map(selectorOf);

/** `Chassis Control`, `chassis`, `0Ah *`, `30h 01h`, `2Eh/00ABCDh 10h`; undefined if it names no command. */
export function parseSelector(text: string): CommandSelector | undefined {
  const wanted = text.trim().toLowerCase();
  if (Object.hasOwn(groups, wanted)) return groups[wanted];
  const command = commands.find(({ name }) => name.toLowerCase() === wanted);
  if (command) return selectorOf(command);
  const [, netFn, body, cmd] = /^([\da-f]{2})h(?:\/([\da-f]{2,6})h)? (\*|[\da-f]{2}h)$/.exec(wanted) ?? [];
  if (netFn === undefined || Number.parseInt(netFn, 16) % 2 !== 0 || Number.parseInt(netFn, 16) > 0x3e)
    return undefined;
  return {
    netFn: Number.parseInt(netFn, 16),
    cmd: cmd === '*' ? '*' : Number.parseInt(cmd, 16),
    body: body === undefined ? undefined : Number.parseInt(body, 16),
  };
}

/** The rules by channel; several entries for one channel add up. */
export function firewallRules({ firewall = [], interfaces = [] }: BmcOptions): FirewallRule[] {
  const lans = interfacesOf({ interfaces }, 'lan').map(({ channel }) => channel);
  const rules = new Map<number, { allow?: CommandSelector[]; deny?: CommandSelector[] }>();
  for (const entry of firewall) {
    const allow = allowed(entry);
    const deny = entry.deny?.map(selected);
    for (const channel of channelsOf(entry.channel, lans)) {
      const rule = rules.get(channel) ?? {};
      if (allow) rule.allow = [...(rule.allow ?? SESSIONS.map(selectorOf)), ...allow];
      if (deny) rule.deny = [...(rule.deny ?? []), ...deny];
      rules.set(channel, rule);
    }
  }
  return [...rules].map(([channel, rule]) => ({ channel, ...rule }));
}

function allowed({ restrict, allow }: FirewallOptions): CommandSelector[] | undefined {
  const kept = {
    'read-only': () => [...reads(), ...HOST_NEEDS.map(selectorOf)],
    closed: () => HOST_IDENTITY.map(selectorOf),
  };
  if (restrict === undefined && allow === undefined) return undefined;
  return [...(restrict === undefined ? [] : kept[restrict]()), ...(allow ?? []).map(selected)];
}

function selected(text: string): CommandSelector {
  const selector = parseSelector(text);
  if (!selector) throw new RangeError(`'${text}' names no command`);
  return selector;
}

function channelsOf(channel: FirewallOptions['channel'], lans: readonly number[]): readonly number[] {
  if (channel === 'host') return [HOST];
  if (channel === 'lan') return lans;
  return channel === 'all' ? Array.from({ length: 16 }, (_, number) => number) : [channel];
}
