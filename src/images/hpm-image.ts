import { bcd8, bit, byte, bytes, layout, text, u16, u24, u32, u8, type Value } from '../codec/index.ts';

/**
 * The file format of HPM.1 §4:
 *
 *     header | OEM data | checksum | action record ... | MD5 of everything before it (16 bytes)
 *
 * A checksum makes the bytes that it ends add up to 0. An action record is three bytes; one that uploads is
 * followed by version, description, length and the firmware itself.
 */
const header = {
  signature: text(8),
  formatVersion: u8,
  deviceId: u8,
  manufacturerId: u24,
  productId: u16,
  /** Seconds since 1970. */
  time: u32,
  ...byte({ selfTest: bit(7), automaticRollback: bit(6), manualRollback: bit(5), servicesAffected: bit(4) }),
  /** A bit a component. */
  components: u8,
  /** In units of 5 s; 0: what the target says. */
  selfTestTimeout: u8,
  rollbackTimeout: u8,
  inaccessibilityTimeout: u8,
  /** The oldest firmware that may be updated with this. */
  earliestMajor: u8,
  earliestMinor: bcd8,
  major: u8,
  minor: bcd8,
  aux: bytes(4),
  oemLength: u16,
} as const;
export const HpmHeader = layout('HPM.1 image header', header);
export type HpmHeader = Value<typeof header>;

export const HPM_SIGNATURE = 'PICMGFWU';
export const HPM_HEADER_SIZE: number = HpmHeader.min;
export const MD5_SIZE = 16;

export const HpmAction = { Backup: 0, Prepare: 1, Upload: 2 } as const;
export const HpmActionRecord = layout('HPM.1 action record', { action: u8, components: u8, checksum: u8 });
export const HPM_ACTION_SIZE: number = HpmActionRecord.min;

export const HpmFirmware = layout('HPM.1 firmware image', {
  major: u8,
  minor: bcd8,
  aux: bytes(4),
  description: text(21),
  length: u32,
});
export const HPM_FIRMWARE_SIZE: number = HpmFirmware.min;

/** The byte that makes all of them add up to 0. */
export const zeroChecksum = (data: Uint8Array): number => -data.reduce((sum, value) => sum + value, 0) & 0xff;
