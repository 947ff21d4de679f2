import type { BackendKind } from '../kinds/backends/index.ts';
import type { ConsoleKind } from '../kinds/consoles/index.ts';
import type { AnyInterfaceKind } from '../kinds/interfaces/index.ts';
import type { Typed } from '../kinds/kind.ts';
import type { AnySourceKind } from '../kinds/sources/index.ts';

/**
 * Kinds that a program brings: settings name them by their `type` (of a sensor's value: by their key), as they
 * name our own. `parseConfig` checks files by their schemas, and a BMC that has them makes what the settings
 * ask for. None may have a `type` that is taken.
 */
export interface Kinds {
  /** More for `interfaces`. */
  readonly interfaces?: readonly AnyInterfaceKind[];
  /** More for `chassis.backend`. */
  readonly backends?: readonly BackendKind<Typed>[];
  /** More for `sol.console`. */
  readonly consoles?: readonly ConsoleKind<Typed>[];
  /** More for the `value` of sensors. */
  readonly sources?: readonly AnySourceKind[];
}

/** Our own alone. */
export const OUR_KINDS: Kinds = {};
