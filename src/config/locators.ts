import type { DeviceSupport } from '../state/app/identity.ts';
import {
  FruLocatorRecord,
  idBytes,
  McLocatorRecord,
  SDR_HEADER,
  sdrRecord,
  SdrType,
} from '../records/sdr.ts';
import { Entity } from '../commands/codes/entities.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { associationsOf } from './associations.ts';
import type { BmcOptions, FruOptions, SatelliteOptions } from './options.ts';
import { bmcSupport, satelliteSupport } from './platform.ts';
import { recordsInFile } from './sdr-file.ts';

/** Device type of a FRU device that the controller reads for its clients (table 43-12). */
const BEHIND_CONTROLLER = 0x10;

interface Controller {
  readonly address: number;
  readonly channel: number;
  readonly support: DeviceSupport;
  readonly entity?: string;
  readonly name: string;
}

/**
 * Locators of a repository: this controller, its FRU devices besides its own, and the controllers on its
 * busses with theirs.
 */
export function locatorsOf(options: BmcOptions): Uint8Array[] {
  const { sdr = {}, fru = [], satellites = [] } = options;
  // A dump has locators of its own.
  const loaded = new Set(recordsInFile(sdr).map(keyOf));
  const records = [
    ownLocator(options),
    ...fruLocators(fru, BMC_ADDRESS, 0),
    ...satellites.flatMap((satellite) => satelliteLocators(satellite)),
    ...associationsOf(sdr),
  ];
  return records.filter((record) => !loaded.has(keyOf(record)));
}

/** What a record describes: two with the same one describe the same thing, whatever their other bits say. */
function keyOf(record: Uint8Array): string {
  const type = record[3];
  const [address, second, , channel] = record.subarray(SDR_HEADER);
  if (type === SdrType.McLocator) return `controller ${address & 0xfe} ${second & 0x0f}`;
  if (type === SdrType.FruLocator) return `FRU ${address & 0xfe} ${second} ${channel >> 4}`;
  return record.subarray(3).join();
}

/** The locator of a controller itself, as its device SDRs have it: the dump's, where there is one. */
export function ownLocator(
  options: BmcOptions,
  place?: { readonly address: number; readonly channel: number; readonly entity?: string },
): Uint8Array {
  const { sdr = {}, fru = [], name = 'BMC' } = options;
  const own = controllerLocator({
    address: place?.address ?? BMC_ADDRESS,
    channel: place?.channel ?? 0,
    support: place ? satelliteSupport(options) : bmcSupport(options),
    // FRU device 0 is the controller's own: where it is, the controller is.
    entity: place ? place.entity : fru.find(({ id }) => id === 0)?.entity,
    name: sdr.name ?? locatorName(name),
  });
  return recordsInFile(sdr).find((record) => keyOf(record) === keyOf(own)) ?? own;
}

/** How a repository shows a satellite and its FRU devices. */
function satelliteLocators({
  address,
  channel = 0,
  entity,
  fru = [],
  name = satelliteName(address),
}: SatelliteOptions): Uint8Array[] {
  return [
    controllerLocator({ address, channel, support: satelliteSupport({ fru }), entity, name }),
    ...fruLocators(fru, address, channel),
  ];
}

/** By which the log and the state directory know it: the name of its BMC with its address. */
export const fullNameOfSatellite = (parent: string, address: number): string =>
  `${parent}/${address.toString(16)}h`;

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
    .map(({ id, name, entity, deviceType = BEHIND_CONTROLLER, deviceTypeModifier = 0 }) => {
      const [entityId, entityInstance] = entityOf(entity);
      return sdrRecord(SdrType.FruLocator, FruLocatorRecord, {
        accessAddress,
        fruId: id,
        logical: true,
        lun: 0,
        privateBus: 0,
        channel,
        deviceType,
        deviceTypeModifier,
        entityId,
        entityInstance,
        oem: 0,
        id: idBytes(name),
      });
    });
}

/** A BMC's name where a record can hold all of it; no record shows a part of a name. */
const locatorName = (name: string): string => (/^[\x20-\x7e\xa0-\xff]{1,16}$/.test(name) ? name : 'BMC');

const entityOf = (entity = `${Entity.SystemBoard}.1`): number[] => entity.split('.').map(Number);
