import { resolve } from 'node:path';
import type { SettingsPath } from '../settings/errors.ts';
import type { BmcOptions } from '../config/options.ts';

/**
 * Options of the command line that stand for settings of the file. Their paths are relative to the working
 * directory.
 */
export interface Overrides {
  readonly lan?: string;
  readonly handlerSocket?: string;
  readonly btSocket?: string;
  readonly vmSocket?: string;
}

/** A flag that was given, for a message: `--lan`. */
export const FLAGS = {
  lan: '--lan',
  handlerSocket: '--handler-socket',
  btSocket: '--bt-socket',
  vmSocket: '--vm-socket',
} as const;

/** The settings with the command line's in place of the file's. */
export function overridden(
  settings: BmcOptions,
  { lan, vmSocket, handlerSocket, btSocket }: Overrides,
): BmcOptions {
  const { handlers, bt } = settings.sockets ?? {};
  const withInterfaces = withVm(withLan(settings, lan), vmSocket && resolve(vmSocket));
  // What no flag changes stays one object for all BMCs of an entry.
  if (handlerSocket === undefined && btSocket === undefined) return withInterfaces;
  return {
    ...withInterfaces,
    sockets: {
      handlers: handlerSocket === undefined ? handlers : { ...handlers, path: resolve(handlerSocket) },
      bt: btSocket === undefined ? bt : { ...bt, path: resolve(btSocket) },
    },
  };
}

/**
 * The flag and what it says, if it and not the file chose the setting at `path` of these (overridden)
 * settings.
 */
export function flagAt(path: SettingsPath, settings: BmcOptions, overrides: Overrides): string | undefined {
  const [section, entry] = path;
  if (section === 'sockets') {
    if (entry === 'handlers') return flagOf('handlerSocket', overrides);
    return entry === 'bt' ? flagOf('btSocket', overrides) : undefined;
  }
  if (section !== 'interfaces') return undefined;
  for (const [type, name] of [
    ['lan', 'lan'],
    ['vm', 'vmSocket'],
  ] as const)
    if (settings.interfaces?.findIndex((iface) => iface.type === type) === entry)
      return flagOf(name, overrides);
  return undefined;
}

const flagOf = (name: keyof Overrides, overrides: Overrides): string | undefined =>
  overrides[name] === undefined ? undefined : `${FLAGS[name]} ${overrides[name]}`;

function withLan(settings: BmcOptions, lan: string | undefined): BmcOptions {
  if (lan === undefined) return settings;
  const interfaces = settings.interfaces ?? [{ type: 'lan' }];
  const first = interfaces.findIndex((entry) => entry.type === 'lan');
  if (first < 0) return { ...settings, interfaces: [...interfaces, { type: 'lan', listen: lan }] };
  return {
    ...settings,
    interfaces: interfaces.map((entry, i) => (i === first ? { ...entry, listen: lan } : entry)),
  };
}

/** A socket for a machine, in place of the one that the file says. */
function withVm(settings: BmcOptions, listen: string | undefined): BmcOptions {
  if (listen === undefined) return settings;
  const { interfaces = [] } = settings;
  const first = interfaces.findIndex((entry) => entry.type === 'vm');
  if (first < 0) return { ...settings, interfaces: [...interfaces, { type: 'vm', listen }] };
  return {
    ...settings,
    interfaces: interfaces.map((entry, i) =>
      i === first && entry.type === 'vm' ? { ...entry, listen, connect: undefined } : entry,
    ),
  };
}
