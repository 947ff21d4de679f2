import * as declared from '../commands/index.ts';
import { interfacesOf } from './channels.ts';
import type { CommandSelector } from '../state/app/command-masks.ts';
import { declaredCommands, parseSelector, selectorOf } from '../state/app/command-selector.ts';
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

const reads = (): readonly CommandSelector[] =>
  declaredCommands.filter(({ name }) => /^(Get|Read) /.test(name)).map(selectorOf);

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
