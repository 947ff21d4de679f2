/** Two digits, upper case, as the specification writes a byte. */
export const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Lower-case digits without a gap. */
export const hexText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Reads what `hexText` writes; digits that nobody has checked need a look before. */
export const hexBytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
