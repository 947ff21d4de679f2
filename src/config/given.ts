import { lanParameters } from '../commands/parameters/lan.ts';
import type { GivenSettings } from '../state/store-declaration.ts';
import { lanValuesOf } from './lan-values.ts';
import { interfacesOf } from './channels.ts';
import { OUR_KINDS, type Kinds } from './kinds.ts';
import type { BmcOptions } from './options.ts';
import { sensorsOf } from './sensors.ts';

/**
 * What a file says of things that clients can change, with the numbers that its sensors get. Throws
 * SettingsError.
 */
export function givenSettings(options: BmcOptions, kinds: Kinds = OUR_KINDS): GivenSettings {
  const { users = [], fru = [], sensors = [], chassis, identity } = options;
  const numbered = sensorsOf(options, kinds);
  return {
    users,
    fru,
    // Those of the settings come first, in their order.
    sensors: sensors.map(({ name, thresholds }, i) => ({
      lun: numbered[i].lun ?? 0,
      number: numbered[i].number,
      name,
      thresholds,
    })),
    channels: interfacesOf(options, 'lan').map((entry) => {
      const { channel, kg } = entry;
      const values = lanValuesOf(entry);
      const named = lanParameters.all.flatMap(({ selector, setting }) =>
        setting === undefined ? [] : [[selector, values[setting]] as const],
      );
      return { channel, parameters: Object.fromEntries(named), kg };
    }),
    restorePolicy: chassis?.restorePolicy,
    deviceGuid: identity?.deviceGuid,
    systemGuid: identity?.systemGuid,
  };
}
