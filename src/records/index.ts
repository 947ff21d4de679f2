/**
 * Records of the three repositories, both ways: SDRs of all types, SEL records and FRU areas, as values and
 * as bytes.
 */
export * from './fru-image.ts';
export * from './fru.ts';
export * from './sdr.ts';
export * from './sdr-record.ts';
export * from './sel.ts';
