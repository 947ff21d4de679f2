/**
 * Texts of two characters a byte and of four in three, which SDRs and FRU areas have alike (IPMI 2.0 §43.15,
 * FRU Definition §13).
 */

const BCD_PLUS = '0123456789 -.:,_';

/** BCD plus, the high nibble first. */
export const bcdPlusText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => BCD_PLUS[byte >> 4] + BCD_PLUS[byte & 0xf]).join('');

/** Six bits a character, the first ones lowest; 0 is a blank. */
export function sixBitText(bytes: Uint8Array): string {
  let text = '';
  for (let bit = 0; bit + 6 <= bytes.length * 8; bit += 6) {
    const pair = bytes[bit >> 3] | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
    text += String.fromCharCode(0x20 + ((pair >> (bit & 7)) & 0x3f));
  }
  return text;
}
