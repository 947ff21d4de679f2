import type { FruFault } from './rule.ts';

/** Bytes of the common header that say where areas begin, in units of eight (FRU specification, §8). */
const OFFSETS = { chassis: 2, board: 3, product: 4, multirecord: 5 } as const;
const UNIT = 8;
const HEADER_CHECKSUM = 7;
/** Of a MultiRecord area's first record: the checksum of its header. */
const RECORD_CHECKSUM = 4;

/** Where the checksum of an area is; undefined: there is no such area. */
export function checksumAt(image: Uint8Array, area: NonNullable<FruFault['area']>): number | undefined {
  if (area === 'header') return image.length > HEADER_CHECKSUM ? HEADER_CHECKSUM : undefined;
  const begins = (image[OFFSETS[area]] ?? 0) * UNIT;
  if (begins === 0 || begins >= image.length) return undefined;
  const at = area === 'multirecord' ? begins + RECORD_CHECKSUM : begins + (image[begins + 1] ?? 0) * UNIT - 1;
  return at > begins && at < image.length ? at : undefined;
}

/** A copy whose area has a wrong checksum; the image itself where there is no such area. */
export function withWrongChecksum(image: Uint8Array, area: NonNullable<FruFault['area']>): Uint8Array {
  const at = checksumAt(image, area);
  if (at === undefined) return image;
  const wrong = image.slice();
  wrong[at] ^= 0xff;
  return wrong;
}
