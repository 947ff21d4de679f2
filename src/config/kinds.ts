import type { BackendKind } from '../kinds/backends/index.ts';
import type { ConsoleKind } from '../kinds/consoles/index.ts';

/** Settings of a kind that nobody has narrowed: each is asked with settings of its own type alone. */
interface Typed {
  readonly type: string;
}

/**
 * Kinds that a program brings: settings name them by their `type`, as they name our own. `parseConfig` checks
 * files by their schemas, and a BMC that has them makes what the settings ask for. None may have a `type`
 * that is taken.
 */
export interface Kinds {
  /** More for `chassis.backend`. */
  readonly backends?: readonly BackendKind<Typed>[];
  /** More for `sol.console`. */
  readonly consoles?: readonly ConsoleKind<Typed>[];
}
