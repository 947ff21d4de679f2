import { SettingsError } from '../../settings/errors.ts';
import type { ConsoleKind, ConsoleSurroundings } from './console.ts';
import { none } from './none.ts';
import { replay } from './replay.ts';
import { simulated } from './simulated.ts';
import { socket } from './socket.ts';
import { tty } from './tty.ts';

export type { ConsoleKind, ConsoleSurroundings } from './console.ts';

/** What can be behind Serial over LAN, in the order in which messages name them. */
export const consoles = [none, simulated, socket, tty, replay] as const;

/** Where the machine's serial console is. One that is lost is reached again; SOL sessions wait for it. */
export type ConsoleOptions = Parameters<(typeof consoles)[number]['plug']>[0];

/**
 * Plugs in the console that the settings ask for; `more` are kinds beside our own. Rejects with
 * SettingsError, or the system's error where it cannot be opened.
 */
export async function plugConsole(
  options: ConsoleOptions,
  around: Omit<ConsoleSurroundings, 'log'>,
  more: readonly ConsoleKind<{ readonly type: string }>[] = [],
): Promise<void> {
  const log = (message: string): void => around.bmc.setup.log.warn(`${around.name}: ${message}`);
  const own: typeof more = consoles;
  const isIt = ({ type }: { readonly type: string }): boolean => type === options.type;
  const kind = own.find(isIt) ?? more.find(isIt);
  if (!kind) throw new SettingsError(`there is no console of type '${options.type}'`, ['type']);
  await kind.plug(options, { ...around, log });
}
