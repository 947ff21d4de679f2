import { type SelRecord } from '../../../src/records/sel.ts';
/** What was written to a BMC, by serial numbers: names that nobody acknowledged are negative. */
export interface Written {
  readonly entries: number[];
  readonly names: number[];
}

/** What was there in the end. */
export interface Found {
  readonly acknowledged: number;
  readonly bmcs: number;
  /** Visits that ended before they were done. */
  readonly cut: number;
  readonly lost: readonly string[];
}

/** An OEM record without a time (type E0h), IPMI 2.0 table 32-3. */
export const recordOf = (serial: number): Uint8Array =>
  Uint8Array.of(
    0,
    0,
    0xe0,
    serial & 0xff,
    (serial >> 8) & 0xff,
    (serial >> 16) & 0xff,
    ...new Uint8Array(10),
  );

/** Undefined: nobody who is looked after here wrote it. */
export const serialOf = (record: SelRecord): number | undefined =>
  record.kind === 'oem' ? record.data[0] | (record.data[1] << 8) | (record.data[2] << 16) : undefined;
