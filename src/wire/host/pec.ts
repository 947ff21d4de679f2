const POLYNOMIAL = 0x07;

/**
 * SMBus packet error code: CRC-8, x^8 + x^2 + x + 1, over every byte of a transaction with its addresses
 * (SMBus 2.0 §5.4).
 */
export function pec(bytes: Iterable<number>, crc = 0): number {
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ POLYNOMIAL) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}
