export * from './bt-driver.ts';
export * from './bt.ts';
export * from './driver.ts';
export * from './kcs-driver.ts';
export * from './kcs.ts';
export { pec } from './pec.ts';
export * from './port.ts';
export * from './ssif-driver.ts';
export * from './ssif.ts';
