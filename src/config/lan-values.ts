import { lanParameters } from '../commands/parameters/lan.ts';
import type { LanSettings } from '../state/parameters/lan-parameters.ts';
import type { LanInterfaceOptions } from '../kinds/interfaces/index.ts';

/**
 * The settings of a LAN interface that are first values of configuration parameters: the declarations of the
 * parameters name them.
 */
export function lanValuesOf(settings: LanInterfaceOptions): LanSettings['values'] {
  const names = new Set(lanParameters.all.map(({ setting }) => setting));
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      names.has(name) && typeof value !== 'object' ? [[name, value]] : [],
    ),
  );
}
