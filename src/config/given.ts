import type { GivenSettings } from '../state/store-declaration.ts';
import type { BmcOptions } from './options.ts';
import { sensorsOf } from './sensors.ts';

/** What a file says of things that clients can change, with the numbers that its sensors get. Throws SettingsError. */
export function givenSettings(options: BmcOptions): GivenSettings {
  const { users = [], fru = [], sensors = [], interfaces = [], chassis, identity } = options;
  const numbered = sensorsOf(options, () => ({ moves: false, value: () => undefined }));
  return {
    users,
    fru,
    // Those of the settings come first, in their order.
    sensors: sensors.map(({ name, thresholds }, i) => ({ lun: numbered[i].lun ?? 0, number: numbered[i].number, name, thresholds })),
    channels: interfaces.flatMap((one) => {
      if (one.type !== 'lan') return [];
      const { channel = 1, address, netmask, gateway, mac, community, kg } = one;
      return [{ channel, parameters: { 3: address, 6: netmask, 12: gateway, 5: mac, 16: community }, kg }];
    }),
    restorePolicy: chassis?.restorePolicy,
    deviceGuid: identity?.deviceGuid,
    systemGuid: identity?.systemGuid,
  };
}
