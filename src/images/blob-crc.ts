/**
 * CRC-16 of the blob transfer protocol: polynomial 1021h over the message followed by sixteen zero bits,
 * register FFFFh, nothing reflected. That is a table CRC begun at 1D0Fh, and not the CRC that is mostly
 * called CCITT.
 */
export function blobCrc(bytes: Uint8Array): number {
  let crc = 0x1d0f;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
