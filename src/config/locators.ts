import type { DeviceSupport } from '../state/app/identity.ts';
import { FruLocatorRecord, idBytes, McLocatorRecord, sdrRecord, SdrType } from '../state/storage/sdr-records.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { associationsOf } from './associations.ts';
import type { BmcOptions, FruOptions, SatelliteOptions } from './options.ts';
import { bmcSupport, satelliteSupport } from './platform.ts';
import { recordsInFile } from './sdr-file.ts';

interface Controller {
  readonly address: number;
  readonly channel: number;
  readonly support: DeviceSupport;
  readonly entity?: string;
  readonly name: string;
}

/** Locators of a repository: this controller, its FRU devices besides its own, and the controllers on its busses with theirs. */
export function locatorsOf(options: BmcOptions): Uint8Array[] {
  const { sdr = {}, fru = [], name = 'BMC', satellites = [] } = options;
  // FRU device 0 is the controller's own: where it is, the controller is.
  const own = fru.find(({ id }) => id === 0);
  // A dump has locators of its own.
  const loaded = new Set(recordsInFile(sdr).map(keyOf));
  const records = [
    controllerLocator({ address: BMC_ADDRESS, channel: 0, support: bmcSupport(options), entity: own?.entity, name: sdr.name ?? locatorName(name) }),
    ...fruLocators(fru, BMC_ADDRESS, 0),
    ...satellites.flatMap((one) => satelliteLocators(one)),
    ...associationsOf(sdr),
  ];
  return records.filter((record) => !loaded.has(keyOf(record)));
}

/** Type and key bytes: two records with the same ones describe the same thing (§43). */
const keyOf = (record: Uint8Array): string =>
  record
    .subarray(3, 8)
    .filter((_, i) => i !== 1)
    .join();

/** How a repository shows a satellite and its FRU devices. */
function satelliteLocators({ address, channel = 0, entity, fru = [], name = satelliteName(address) }: SatelliteOptions): Uint8Array[] {
  return [controllerLocator({ address, channel, support: satelliteSupport({ fru }), entity, name }), ...fruLocators(fru, address, channel)];
}

export const satelliteName = (address: number): string => `MC ${address.toString(16).padStart(2, '0')}h`;

function controllerLocator({ address, channel, support, entity, name }: Controller): Uint8Array {
  const [entityId, entityInstance] = entityOf(entity);
  return sdrRecord(SdrType.McLocator, McLocatorRecord, {
    slaveAddress: address,
    channel,
    acpiSystemNotify: false,
    acpiDeviceNotify: false,
    staticController: true,
    logInitErrors: false,
    initControl: 0,
    ...support,
    entityId,
    entityInstance,
    oem: 0,
    id: idBytes(name),
  });
}

function fruLocators(frus: readonly FruOptions[], accessAddress: number, channel: number): Uint8Array[] {
  return frus
    .filter(({ id }) => id !== 0)
    .map(({ id, name, entity }) => {
      const [entityId, entityInstance] = entityOf(entity);
      return sdrRecord(SdrType.FruLocator, FruLocatorRecord, {
        accessAddress,
        fruId: id,
        logical: true,
        lun: 0,
        privateBus: 0,
        channel,
        // 10h: a FRU device behind the controller (§43.12).
        deviceType: 0x10,
        deviceTypeModifier: 0,
        entityId,
        entityInstance,
        oem: 0,
        id: idBytes(name),
      });
    });
}

/** A BMC's name where a record can hold all of it; no record shows a part of a name. */
const locatorName = (name: string): string => (/^[\x20-\x7e\xa0-\xff]{1,16}$/.test(name) ? name : 'BMC');

const entityOf = (entity = '7.1'): number[] => entity.split('.').map(Number);
