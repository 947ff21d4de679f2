import { NetFn } from './command.ts';

/**
 * The defining body (NetFn 2Ch) or IANA enterprise number (2Eh) at the head of a request's data, IPMI 2.0
 * §5.1; undefined for other functions, and where the data is too short to name one.
 */
export function bodyOf({
  netFn,
  data,
}: {
  readonly netFn: number;
  readonly data: Uint8Array;
}): number | undefined {
  if (netFn === NetFn.Group) return data.length >= 1 ? data[0] : undefined;
  return netFn === NetFn.OemGroup && data.length >= 3
    ? data[0] | (data[1] << 8) | (data[2] << 16)
    : undefined;
}

const NONE: Uint8Array = new Uint8Array(0);

/** The bytes that say it, in front of the data; none without a body. */
export function bodyBytes({ netFn, body }: { readonly netFn: number; readonly body?: number }): Uint8Array {
  if (body === undefined) return NONE;
  return netFn === NetFn.Group
    ? Uint8Array.of(body)
    : Uint8Array.of(body & 0xff, (body >> 8) & 0xff, body >> 16);
}
