import { CC, IpmiError } from '../../codec/index.ts';

/** Read the whole record (IPMI 2.0 §31.5, §33.12). */
const WHOLE = 0xff;
/** Completion code and next record id go with the data. */
const OVERHEAD = 3;

/**
 * `count` bytes of a record from `offset`. Throws C9h for an offset behind the end, CAh for more than one
 * answer carries.
 */
export function slice(record: Uint8Array, offset: number, count: number, maxAnswer: number): Uint8Array {
  if (offset > record.length || (offset === record.length && count > 0 && record.length > 0))
    throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset}`);
  const end = count === WHOLE ? record.length : Math.min(offset + count, record.length);
  if (end - offset > maxAnswer - OVERHEAD) throw new IpmiError(CC.CannotReturnBytes, `${end - offset} bytes`);
  return record.slice(offset, end);
}
