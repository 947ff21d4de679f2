export * from './bits.ts';
export * from './completion-codes.ts';
export * from './cursor.ts';
export * from './errors.ts';
export * from './fields.ts';
export * from './hex.ts';
export * from './layout.ts';
export * from './utf8.ts';
