import type { BroughtConsoles, OurAnd } from '../brought.ts';
import { kindNamed, type Typed } from '../kind.ts';
import type { ConsoleKind, ConsoleSurroundings } from './console.ts';
import { kinds, type KindSettings } from './list.ts';

export type { ConsoleKind, ConsoleSurroundings } from './console.ts';
export type * from './list.ts';

/** What can be behind Serial over LAN. */
export const consoles = kinds;

/** Where the machine's serial console is. One that is lost is reached again; SOL sessions wait for it. */
export type ConsoleOptions = OurAnd<KindSettings, BroughtConsoles>;

/** The kind of console that settings ask for; `brought` are a program's. Throws SettingsError. */
export const consoleKind = (
  options: ConsoleOptions,
  brought?: readonly ConsoleKind<Typed>[],
): ConsoleKind<Typed> => kindNamed(options, 'console', consoles, brought);

/**
 * Plugs in the console that the settings ask for; `brought` are a program's kinds. Rejects with SettingsError,
 * or the system's error where it cannot be opened.
 */
export async function plugConsole(
  options: ConsoleOptions,
  surroundings: Omit<ConsoleSurroundings, 'log'>,
  brought?: readonly ConsoleKind<Typed>[],
): Promise<void> {
  const log = (message: string): void => surroundings.bmc.setup.log.warn(`${surroundings.name}: ${message}`);
  await consoleKind(options, brought).plug(options, { ...surroundings, log });
}
