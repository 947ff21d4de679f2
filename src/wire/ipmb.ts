/**
 * IPMB frames (IPMB 1.0 §2.11): IPMI messages as message.ts has them, whose first byte is the slave address
 * that the bus sees. A broadcast has 00h before a whole message:
 *
 *   00h  rsSA  netFn<<2|rsLun  checksum  rqSA  rqSeq<<2|rqLun  cmd  data...  checksum
 *
 * Device nodes and our socket put one length byte before each frame; it does not count itself.
 */
import { LengthReader } from './length-reader.ts';
import { parseMessage, type IpmiMessage } from './message.ts';

/** The general call address: every controller acknowledges it. */
export const BROADCAST = 0x00;
/** Messages to this LUN are for system software, not for the BMC (IPMI 2.0 §7.2). */
export const SMS_LUN = 2;
/** Address, NetFn, checksum, address, sequence, command, checksum. */
export const FRAME_MIN = 7;
/**
 * What `/dev/ipmb-*` takes; the specification's own limit is 32, bridged messages excepted (IPMI 2.0 §6.14).
 */
export const FRAME_MAX = 240;
/** Most bytes of an answer in a frame of 32 bytes. */
export const STANDARD_ANSWER = 32 - FRAME_MIN;

export interface IpmbFrame {
  readonly message: IpmiMessage;
  readonly broadcast: boolean;
}

/** Undefined where bytes are missing or a checksum is wrong: such a frame has no answer. */
export function parseFrame(frame: Uint8Array): IpmbFrame | undefined {
  const broadcast = frame[0] === BROADCAST;
  const message = parseMessage(frame, broadcast ? 1 : 0, frame.length, true);
  return message && { message, broadcast };
}

/** A message to everybody: only Get Device ID is sent so (IPMI 2.0 §20.9). */
export function broadcastFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + message.length);
  frame.set(message, 1);
  return frame;
}

/** A frame with its length byte. Throws RangeError for one that is too long. */
export function buildRecord(frame: Uint8Array): Uint8Array {
  if (frame.length > FRAME_MAX)
    throw new RangeError(`${frame.length} bytes are more than an IPMB frame of ${FRAME_MAX}`);
  const record = new Uint8Array(1 + frame.length);
  record[0] = frame.length;
  record.set(frame, 1);
  return record;
}

/** The frame of one record; undefined if its length byte lies. Bytes after the record do not count. */
export function parseRecord(record: Uint8Array): Uint8Array | undefined {
  const length = record[0] ?? 0;
  return length >= FRAME_MIN && length <= FRAME_MAX && record.length > length
    ? record.subarray(1, 1 + length)
    : undefined;
}

/** Cuts a byte stream into records. */
export const recordReader = (): LengthReader => new LengthReader(FRAME_MIN, FRAME_MAX);
