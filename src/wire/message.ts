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
  /** A window of the buffer, or a copy; in responses the completion code comes first. */
  readonly data: Uint8Array;
}

export const BMC_ADDRESS = 0x20;
/** Software id of a remote console (IPMI 2.0 §5.5). */
export const REMOTE_CONSOLE = 0x81;
const OVERHEAD = 7;
const NOTHING = new Uint8Array(0);

/**
 * Undefined where the bytes are too few or a checksum is wrong. `copied`: its data outlives the bytes, which
 * are used for the next one.
 */
export function parseMessage(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  copied = false,
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
    data: copied ? copyOf(bytes, start + 6, end - 1) : bytes.subarray(start + 6, end - 1),
  };
}

/** Bytes of its own: `slice` of what Node's sockets give is a window. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (start === end) return NOTHING;
  const out = new Uint8Array(end - start);
  if (out.length > 64) out.set(bytes.subarray(start, end));
  else for (let i = 0; i < out.length; i++) out[i] = bytes[start + i];
  return out;
}

export function buildMessage({ to, toLun, netFn, from, fromLun, seq, cmd, data }: IpmiMessage): Uint8Array {
  const out = new Uint8Array(OVERHEAD + data.length);
  out[0] = to;
  out[1] = (netFn << 2) | toLun;
  out[3] = from;
  out[4] = (seq << 2) | fromLun;
  out[5] = cmd;
  finishMessage(out, 0, data);
  return out;
}

/** Bytes of the response that carries an answer. */
export const responseSize = (answer: Uint8Array): number => OVERHEAD + answer.length;

/** The response to a request: addresses and LUNs change places. `answer` is completion code + data. */
export function buildResponse(request: IpmiMessage, answer: Uint8Array): Uint8Array {
  const out = new Uint8Array(responseSize(answer));
  putResponse(out, 0, request, answer);
  return out;
}

/** As `buildResponse`, into `out` from `at`. */
export function putResponse(out: Uint8Array, at: number, request: IpmiMessage, answer: Uint8Array): void {
  out[at] = request.from;
  out[at + 1] = ((request.netFn | 1) << 2) | request.fromLun;
  out[at + 3] = request.to;
  out[at + 4] = (request.seq << 2) | request.toLun;
  out[at + 5] = request.cmd;
  finishMessage(out, at, answer);
}

/** Data and both checksums. */
function finishMessage(out: Uint8Array, at: number, data: Uint8Array): void {
  out[at + 2] = -(out[at] + out[at + 1]);
  const end = at + 6 + data.length;
  putBytes(out, at + 6, data);
  out[end] = -sum(out, at + 3, end);
}

/** Few bytes one by one: `set` takes longer to begin than these take. */
export function putBytes(out: Uint8Array, at: number, bytes: Uint8Array): void {
  if (bytes.length > 64) out.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i];
}

/**
 * Of the bytes from `start` to before `end`, mod 256: 0 where the last is their two's complement checksum.
 */
export function sum(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) total += bytes[i];
  return total & 0xff;
}
