/** What a last processed record id says after the SEL was cleared. */
export const NONE = 0xffff;

/**
 * Of the records of a SEL, oldest first, those after the last one that PEF (`bmc`) or software has processed.
 * Where nothing was ever processed, whatever is in the SEL is from before PEF's time.
 */
export function idsAfter(
  ids: readonly number[],
  bmc: number | undefined,
  software: number | undefined,
): readonly number[] {
  if (bmc === undefined || (bmc !== NONE && !ids.includes(bmc))) return [];
  const place = (id: number | undefined): number =>
    id === undefined || id === NONE ? 0 : ids.indexOf(id) + 1;
  return ids.slice(Math.max(place(bmc), place(software)));
}
