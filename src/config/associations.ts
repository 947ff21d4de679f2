import { DeviceAssociationRecord, EntityAssociationRecord, sdrRecord, SdrType } from '../state/storage/sdr-records.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { SettingsError } from './errors.ts';
import type { AssociationOptions, SdrOptions } from './sensor-options.ts';

/** Contained entities of one record. */
const PLACES = 4;
const NOBODY = { entityId: 0, entityInstance: 0 };

/** Entity association records; more than four contained entities make records that are linked (§43.4, §43.5). */
export const associationsOf = ({ associations = [] }: SdrOptions): Uint8Array[] => associations.flatMap((one) => recordsOf(one));

function recordsOf({ container, entities, range = false, presence = false, deviceRelative = false }: AssociationOptions): Uint8Array[] {
  if (range && entities.length % 2 !== 0) throw new SettingsError(`association ${container}: a range has a first and a last entity`);
  const contained = entities.map((text) => entityOf(text));
  const linked = contained.length > PLACES;
  const records: Uint8Array[] = [];
  for (let at = 0; at < contained.length; at += PLACES) {
    const places = Array.from({ length: PLACES }, (_, i) => contained[at + i] ?? NOBODY);
    const head = { ...entityOf(container), range, linked, presence };
    const device = { address: BMC_ADDRESS, channel: 0 };
    records.push(
      deviceRelative
        ? sdrRecord(SdrType.DeviceAssociation, DeviceAssociationRecord, {
            ...head,
            ...device,
            contained: places.map((one) => (one === NOBODY ? { address: 0, channel: 0, ...one } : { ...device, ...one })),
          })
        : sdrRecord(SdrType.EntityAssociation, EntityAssociationRecord, { ...head, contained: places }),
    );
  }
  return records;
}

function entityOf(text: string): { entityId: number; entityInstance: number } {
  const [entityId, entityInstance] = text.split('.').map(Number);
  return { entityId, entityInstance };
}
