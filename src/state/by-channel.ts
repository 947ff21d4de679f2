/**
 * What a few channels have, by number; a list of just the size that it needs, since there is one in each BMC
 * of a fleet. (One that grows by itself has room for sixteen more.)
 */
export type ByChannel<T> = readonly (T | undefined)[];

export const withChannel = <T>(list: ByChannel<T>, channel: number, value: T | undefined): ByChannel<T> =>
  Array.from({ length: Math.max(list.length, channel + 1) }, (_, i) => (i === channel ? value : list[i]));
