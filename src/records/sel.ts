import { bits, bit, byte, bytes, layout, pad, timestamp, u16, u24, u8 } from '../codec/index.ts';

/** Bytes of every record of the SEL. */
export const SEL_RECORD_SIZE = 16;
/** Record types, IPMI 2.0 §32: system events, and the first of the makers' with and without a time stamp. */
export const SelType = { SystemEvent: 0x02, OemStamped: 0xc0, Oem: 0xe0 } as const;
/** Event message revision of IPMI 1.5 and 2.0. */
export const EVM_REV = 0x04;

/** Record types with a time stamp of the BMC's: system events, and OEM C0h..DFh (§32.1, §32.2). */
export const isStampedSel = (type: number): boolean => type < SelType.Oem;

const start = { recordId: u16, recordType: u8 };

/** A SEL event record, IPMI 2.0 §32.1. */
export const SelEventRecord = layout('SEL event record', {
  ...start,
  timestamp,
  ...byte({ generator: bits(7, 0) }),
  ...byte({ generatorChannel: bits(7, 4), generatorLun: bits(1, 0) }),
  /** 04h: IPMI 1.5 and 2.0. */
  evmRev: u8,
  sensorType: u8,
  sensorNumber: u8,
  ...byte({ deassertion: bit(7), eventType: bits(6, 0) }),
  data: bytes(3),
});

/** An OEM record with a time stamp, types C0h..DFh (§32.2). */
export const SelOemStampedRecord = layout('OEM SEL record with time stamp', {
  ...start,
  timestamp,
  manufacturerId: u24,
  data: bytes(6),
});
/** An OEM record without, types E0h..FFh (§32.3). */
export const SelOemRecord = layout('OEM SEL record', { ...start, data: bytes(13) });
/** A record of a type that the specification does not have. */
const SelReservedRecord = layout('SEL record of a reserved type', {
  ...start,
  reserved: pad(0),
  data: bytes(13),
});

type Of<L extends { decode(data: Uint8Array): unknown }> = ReturnType<L['decode']>;

export type SelRecord =
  | ({ readonly kind: 'event' } & Of<typeof SelEventRecord>)
  | ({ readonly kind: 'oem-stamped' } & Of<typeof SelOemStampedRecord>)
  | ({ readonly kind: 'oem' } & Of<typeof SelOemRecord>)
  | ({ readonly kind: 'reserved' } & Of<typeof SelReservedRecord>);

/** A record of the SEL as values. Throws DecodeError for other than 16 bytes. */
export function readSelRecord(record: Uint8Array): SelRecord {
  const type = record[2] ?? 0;
  if (type === SelType.SystemEvent) return { kind: 'event', ...SelEventRecord.decode(record) };
  if (type >= SelType.Oem) return { kind: 'oem', ...SelOemRecord.decode(record) };
  if (type >= SelType.OemStamped) return { kind: 'oem-stamped', ...SelOemStampedRecord.decode(record) };
  return { kind: 'reserved', ...SelReservedRecord.decode(record) };
}

/** The record's 16 bytes. Throws EncodeError. */
export function writeSelRecord(record: SelRecord): Uint8Array {
  switch (record.kind) {
    case 'event':
      return SelEventRecord.encode(record);
    case 'oem-stamped':
      return SelOemStampedRecord.encode(record);
    case 'oem':
      return SelOemRecord.encode(record);
    default:
      return SelReservedRecord.encode(record);
  }
}
