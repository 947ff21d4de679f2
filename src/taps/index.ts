export type * from './tap.ts';
export { Taps, type TappedBmc } from './taps.ts';
export { trace } from './trace.ts';
