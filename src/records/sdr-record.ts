import { DecodeError, type Layout } from '../codec/index.ts';
import {
  CompactSensorRecord,
  DeviceAssociationRecord,
  EntityAssociationRecord,
  EventOnlyRecord,
  FruLocatorRecord,
  FullSensorRecord,
  GenericLocatorRecord,
  McConfirmationRecord,
  McLocatorRecord,
  MessageChannelsRecord,
  OemSdrRecord,
  SDR_HEADER,
  SDR_VERSION,
  SdrHeader,
  SdrType,
} from './sdr.ts';

/** Every type of record with its name here and its layout behind the header, IPMI 2.0 §43. */
const KINDS = {
  full: [SdrType.Full, FullSensorRecord],
  compact: [SdrType.Compact, CompactSensorRecord],
  'event-only': [SdrType.EventOnly, EventOnlyRecord],
  'entity-association': [SdrType.EntityAssociation, EntityAssociationRecord],
  'device-association': [SdrType.DeviceAssociation, DeviceAssociationRecord],
  'generic-locator': [SdrType.GenericLocator, GenericLocatorRecord],
  'fru-locator': [SdrType.FruLocator, FruLocatorRecord],
  'mc-locator': [SdrType.McLocator, McLocatorRecord],
  'mc-confirmation': [SdrType.McConfirmation, McConfirmationRecord],
  'message-channels': [SdrType.MessageChannels, MessageChannelsRecord],
  oem: [SdrType.Oem, OemSdrRecord],
} as const;

type Kinds = typeof KINDS;
type Body<K extends keyof Kinds> = ReturnType<Kinds[K][1]['decode']>;

/** A record as values; `unknown`: of a type that the specification does not have. */
export type SdrRecord =
  | {
      readonly [K in keyof Kinds]: { readonly kind: K; readonly recordId: number; readonly body: Body<K> };
    }[keyof Kinds]
  | { readonly kind: 'unknown'; readonly recordId: number; readonly type: number; readonly body: Uint8Array };

/**
 * Throws DecodeError for a record whose length is not what its header says, or whose body does not fit its
 * type.
 */
export function readSdrRecord(record: Uint8Array): SdrRecord {
  const { recordId, type, length } = SdrHeader.decode(record, 0, Math.min(record.length, SDR_HEADER));
  if (record.length !== SDR_HEADER + length)
    throw new DecodeError(
      'SDR',
      'length',
      4,
      `${length} byte(s) behind the header, have ${record.length - SDR_HEADER}`,
    );
  for (const [kind, [own, body]] of Object.entries(KINDS))
    if (type === own) return { kind, recordId, body: body.decode(record, SDR_HEADER) } as SdrRecord;
  return { kind: 'unknown', recordId, type, body: record.slice(SDR_HEADER) };
}

/** The bytes of a record, header included. Throws EncodeError. */
export function writeSdrRecord(record: SdrRecord): Uint8Array {
  const { recordId } = record;
  const [type, body] = record.kind === 'unknown' ? [record.type, record.body] : encoded(record);
  const bytes = new Uint8Array(SDR_HEADER + body.length);
  bytes.set(SdrHeader.encode({ recordId, version: SDR_VERSION, type, length: body.length }));
  bytes.set(body, SDR_HEADER);
  return bytes;
}

function encoded({ kind, body }: Exclude<SdrRecord, { kind: 'unknown' }>): [number, Uint8Array] {
  const [type, codec] = KINDS[kind] as readonly [number, Layout<unknown>];
  return [type, codec.encode(body)];
}
