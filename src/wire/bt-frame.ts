import { LengthReader } from './length-reader.ts';

/**
 * BT messages as `/dev/ipmi-bt-host` and the BT interface carry them (IPMI 2.0 §11.1): a length byte that
 * counts what follows, NetFn and LUN, sequence, command, then data; in a response the completion code before
 * the data.
 */
export interface BtMessage {
  readonly netFn: number;
  readonly lun: number;
  readonly seq: number;
  readonly cmd: number;
  /** In a response with the completion code in front. */
  readonly data: Uint8Array;
}

/** Bytes of a frame, its length byte included. */
export const BT_FRAME_MAX = 256;
/** Length, NetFn/LUN, sequence, command. */
const HEADER = 4;
/** Most bytes of data (completion code included) in one frame. */
export const BT_DATA_MAX = BT_FRAME_MAX - HEADER;

/** Undefined if the frame is shorter than a header or its length byte says something else than its length. */
export function parseBt(frame: Uint8Array): BtMessage | undefined {
  if (frame.length < HEADER || frame[0] !== frame.length - 1) return undefined;
  return {
    netFn: frame[1] >> 2,
    lun: frame[1] & 3,
    seq: frame[2],
    cmd: frame[3],
    data: frame.subarray(HEADER),
  };
}

/** Throws RangeError for more data than a frame carries. */
export function buildBt({ netFn, lun, seq, cmd, data }: BtMessage): Uint8Array {
  if (data.length > BT_DATA_MAX) throw new RangeError(`${data.length} bytes of data do not fit a BT frame`);
  const frame = new Uint8Array(HEADER + data.length);
  frame[0] = frame.length - 1;
  frame[1] = (netFn << 2) | lun;
  frame[2] = seq;
  frame[3] = cmd;
  frame.set(data, HEADER);
  return frame;
}

/** Cuts a byte stream into BT frames. */
export const btReader = (): LengthReader => new LengthReader(HEADER - 1);
