import { DeviceAssociationRecord, EntityAssociationRecord, sdrRecord, SdrType } from '../records/sdr.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { SettingsError, settingAt } from '../settings/errors.ts';
import type { AssociationOptions, SdrOptions } from './sensor-schema.ts';

/** Contained entities of one record. */
const PLACES = 4;
const NOBODY = { entityId: 0, entityInstance: 0 };

/**
 * Entity association records; more than four contained entities make records that are linked (§43.4, §43.5).
 */
export const associationsOf = ({ associations = [] }: SdrOptions): Uint8Array[] =>
  associations.flatMap((association, i) => settingAt(['associations', i], () => recordsOf(association)));

function recordsOf({
  container,
  entities,
  range = false,
  presence = false,
  deviceRelative = false,
}: AssociationOptions): Uint8Array[] {
  const contained = entities.map((text) => entityOf(text));
  if (range) checkRanges(entities, contained);
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
            contained: places.map((place) =>
              place === NOBODY ? { address: 0, channel: 0, ...place } : { ...device, ...place },
            ),
          })
        : sdrRecord(SdrType.EntityAssociation, EntityAssociationRecord, { ...head, contained: places }),
    );
  }
  return records;
}

/** Pairs of the first and the last instance of one kind of entity. Throws SettingsError. */
function checkRanges(entities: readonly string[], contained: readonly Entity[]): void {
  if (entities.length % 2 !== 0)
    throw new SettingsError('a range has a first and a last entity', ['entities', entities.length - 1]);
  for (let last = 1; last < contained.length; last += 2) {
    const [from, to] = [contained[last - 1], contained[last]];
    if (from.entityId !== to.entityId || from.entityInstance > to.entityInstance)
      throw new SettingsError(
        `from ${entities[last - 1]} to ${entities[last]} is no range: expected instances of one entity, the lower one first`,
        ['entities', last],
      );
  }
}

interface Entity {
  readonly entityId: number;
  readonly entityInstance: number;
}

function entityOf(text: string): Entity {
  const [entityId, entityInstance] = text.split('.').map(Number);
  return { entityId, entityInstance };
}
