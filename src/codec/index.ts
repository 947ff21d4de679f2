/**
 * Bytes of IPMI as values: fields, bits and layouts in the specification's notation, completion codes,
 * errors.
 *
 *   const Reading = layout('reading', { value: u8, ...byte({ scanning: bit(6), unavailable: bit(5) }) });
 *   Reading.decode(Uint8Array.of(0x2a, 0x40));   // { value: 42, scanning: true, unavailable: false }
 */
export * from './bits.ts';
export * from './completion-codes.ts';
export * from './cursor.ts';
export * from './error-codes.ts';
export * from './errors.ts';
export * from './fields.ts';
export * from './hex.ts';
export * from './layout.ts';
export * from './utf8.ts';
export * from './privilege.ts';
