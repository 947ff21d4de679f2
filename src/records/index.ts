export * from './fru-image.ts';
export * from './fru.ts';
export * from './sdr.ts';
export * from './sdr-record.ts';
export * from './sel.ts';
