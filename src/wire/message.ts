/**
 * IPMI message as LAN and IPMB carry it (IPMI 2.0 §13.8, IPMB §2.11):
 *
 *   request   rsAddr  netFn<<2|rsLun      checksum  rqAddr  rqSeq<<2|rqLun  cmd      data...  checksum
 *   response  rqAddr  (netFn|1)<<2|rqLun  checksum  rsAddr  rqSeq<<2|rsLun  cmd  cc  data...  checksum
 *
 * The first checksum covers two bytes, the second all after the first.
 */
export interface IpmiMessage {
  /** Who it is for: the responder of a request, the requester of a response. */
  readonly to: number;
  readonly toLun: number;
  /** Even in requests, odd in responses. */
  readonly netFn: number;
  readonly from: number;
  readonly fromLun: number;
  /** 0..63. */
  readonly seq: number;
  readonly cmd: number;
  /** A window of the buffer; in responses the completion code comes first. */
  readonly data: Uint8Array;
}

export const BMC_ADDRESS = 0x20;
/** Software id of a remote console (IPMI 2.0 §5.5). */
export const REMOTE_CONSOLE = 0x81;
const OVERHEAD = 7;

/** Undefined where the bytes are too few or a checksum is wrong. */
export function parseMessage(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): IpmiMessage | undefined {
  if (end - start < OVERHEAD) return undefined;
  if (sum(bytes, start, start + 3) !== 0 || sum(bytes, start + 3, end) !== 0) return undefined;
  return {
    to: bytes[start],
    netFn: bytes[start + 1] >> 2,
    toLun: bytes[start + 1] & 3,
    from: bytes[start + 3],
    seq: bytes[start + 4] >> 2,
    fromLun: bytes[start + 4] & 3,
    cmd: bytes[start + 5],
    data: bytes.subarray(start + 6, end - 1),
  };
}

export function buildMessage({ to, toLun, netFn, from, fromLun, seq, cmd, data }: IpmiMessage): Uint8Array {
  const out = new Uint8Array(OVERHEAD + data.length);
  out[0] = to;
  out[1] = (netFn << 2) | toLun;
  out[2] = -sum(out, 0, 2);
  out[3] = from;
  out[4] = (seq << 2) | fromLun;
  out[5] = cmd;
  out.set(data, 6);
  out[out.length - 1] = -sum(out, 3, out.length - 1);
  return out;
}

/** The response to a request: addresses and LUNs change places. `answer` is completion code + data. */
export function buildResponse(request: IpmiMessage, answer: Uint8Array): Uint8Array {
  return buildMessage({
    to: request.from,
    toLun: request.fromLun,
    netFn: request.netFn | 1,
    from: request.to,
    fromLun: request.toLun,
    seq: request.seq,
    cmd: request.cmd,
    data: answer,
  });
}

/**
 * Of the bytes from `start` to before `end`, mod 256: 0 where the last is their two's complement checksum.
 */
export function sum(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) total += bytes[i];
  return total & 0xff;
}
