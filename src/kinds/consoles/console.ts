import type { z } from 'zod';
import type { BmcState } from '../../bmc-state.ts';
import type { ConsolePort, ConsoleSource } from '../../machine/serial-port/console.ts';
import type { Zod } from '../../settings/texts.ts';
import type { World } from '../../world/world.ts';
import type { TakenPlace, Typed } from '../kind.ts';

/** What a console is made with besides its settings. */
export interface ConsoleSurroundings {
  readonly bmc: Pick<BmcState, 'chassis' | 'console' | 'setup'>;
  /** The BMC's name. */
  readonly name: string;
  readonly world: World;
  /** A line that somebody should see, with the BMC's name before it. */
  readonly log: (message: string) => void;
}

/** Where a machine's serial console is, of a kind that `sol.console` asks for by its `type`. */
export interface ConsoleKind<O extends Typed> {
  readonly type: O['type'];
  /** What a file may say of it. */
  readonly schema: (zod: Zod) => z.ZodObject;
  /** Plugs it in. Rejects with SettingsError, or the system's error where it cannot be opened. */
  plug(options: O, surroundings: ConsoleSurroundings): Promise<void>;
  /** What nobody else may have while it is plugged in. */
  places?(options: O): readonly TakenPlace[];
}

/** Plugs a source into the console of a BMC. */
export function plugged<T extends ConsoleSource>(
  { bmc }: ConsoleSurroundings,
  make: (port: ConsolePort) => T,
): T {
  let console: T | undefined;
  bmc.console.plug((port) => (console = make(port)));
  return console!;
}
