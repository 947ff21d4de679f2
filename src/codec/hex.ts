/** Two digits, upper case, as the specification writes a byte. */
export const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case digits without a gap. */
export function hexText(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += PAIRS[byte];
  return out;
}

/** Reads what `hexText` writes; digits that nobody has checked need a look before. */
export const hexBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
