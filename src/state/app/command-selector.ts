import { Body, NetFn, spokenName, type Command } from '../../commands/command.ts';
import * as declared from '../../commands/index.ts';
import type { CommandSelector } from './command-masks.ts';

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

/** Every command of the specifications that has a declaration. */
export const declaredCommands: readonly Command[] = Object.values(declared).filter(
  (value): value is Command =>
    typeof value === 'object' && value !== null && 'request' in value && 'netFn' in value,
);
export const selectorOf = ({ netFn, cmd, body }: Command): CommandSelector => ({ netFn, cmd, body });
/**
 * `Chassis Control`, `chassis-control`, `chassis`, `0Ah *`, `30h 01h`, `2Eh/00ABCDh 10h`; undefined if it
 * names no command.
 */
export function parseSelector(text: string): CommandSelector | undefined {
  const wanted = text.trim().toLowerCase();
  if (Object.hasOwn(groups, wanted)) return groups[wanted];
  const command = declaredCommands.find(({ name }) => spokenName(name) === spokenName(wanted));
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
