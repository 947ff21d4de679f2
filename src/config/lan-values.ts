import { lanParameters } from '../commands/parameters/lan.ts';
import type { LanSettings } from '../state/parameters/lan-parameters.ts';
import type { LanInterfaceOptions } from './interface-options.ts';

/** The settings of a LAN interface that are first values of configuration parameters: the declarations of the parameters name them. */
export function lanValuesOf(settings: LanInterfaceOptions): LanSettings['values'] {
  const names = new Set(lanParameters.all.map(({ setting }) => setting));
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.has(name)));
}
