import { Digest, equalBytes, hashes } from '../crypto/hash.ts';
import { md2 } from '../crypto/md2.ts';
import { putBytes } from './message.ts';
import { putRmcpHeader, RMCP_HEADER, RmcpClass } from './rmcp.ts';

/** Authentication types, IPMI 2.0 §13.6 table 13-8. */
export const AuthType = { None: 0, Md2: 1, Md5: 2, Password: 4, Oem: 5, RmcpPlus: 6 } as const;

/**
 * IPMI 1.5 session header (IPMI 2.0 §13.6), after the RMCP header:
 *
 *   auth type   sequence (4)   session id (4)   [auth code (16), unless auth type is none]   length   message
 */
export interface Packet15 {
  readonly authType: number;
  readonly sequence: number;
  readonly sessionId: number;
  /** Where the auth code stands in the datagram. */
  readonly authCode: number;
  /** The message is datagram[start..end). */
  readonly start: number;
  readonly end: number;
}

export function parse15(datagram: Uint8Array): Packet15 | undefined {
  const authType = datagram[RMCP_HEADER];
  const authCode = RMCP_HEADER + 9;
  const lengthAt = authType === AuthType.None ? authCode : authCode + 16;
  if (datagram.length <= lengthAt) return undefined;
  const start = lengthAt + 1;
  const end = start + datagram[lengthAt];
  // One byte more is the pad that old network chips wanted (IPMI 2.0 §13.6, legacy pad).
  if (end > datagram.length || datagram.length > end + 1) return undefined;
  return {
    authType,
    sequence: word(datagram, RMCP_HEADER + 1),
    sessionId: word(datagram, RMCP_HEADER + 5),
    authCode,
    start,
    end,
  };
}

/** Where the message of such a datagram begins, behind the whole header. */
export const message15At = (authType: number): number =>
  RMCP_HEADER + 10 + (authType === AuthType.None ? 0 : 16);

/** `password`: 16 bytes; unused for authentication type none. */
export function build15(
  authType: number,
  sequence: number,
  sessionId: number,
  message: Uint8Array,
  password?: Uint8Array,
): Uint8Array {
  // No legacy pad: it is for network chips of 2000 that lost frames of some lengths, and python-ipmi refuses
  // a datagram that has it.
  const out = new Uint8Array(message15At(authType) + message.length);
  putBytes(out, message15At(authType), message);
  return seal15(out, authType, sequence, sessionId, password);
}

/** Header and auth code of the datagram whose message stands in it already, to its end. Returns it. */
export function seal15(
  out: Uint8Array,
  authType: number,
  sequence: number,
  sessionId: number,
  password?: Uint8Array,
): Uint8Array {
  const start = message15At(authType);
  putRmcpHeader(out, RmcpClass.Ipmi);
  out[4] = authType;
  putWord(out, 5, sequence);
  putWord(out, 9, sessionId);
  out[start - 1] = out.length - start;
  if (authType === AuthType.None) return out;
  if (password)
    putCode(authType, password, sessionId, sequence, out, start, out.length, out, RMCP_HEADER + 9);
  else out.fill(0, RMCP_HEADER + 9, RMCP_HEADER + 25);
  return out;
}

/**
 * What Activate Session proves the password with on a channel without session headers (IPMI 2.0 §22.17.1
 * "single session").
 */
export function singleAuthCode(
  authType: number,
  password: Uint8Array,
  sessionId: number,
  challenge: Uint8Array,
): Uint8Array {
  const key = password.subarray(0, 16);
  if (authType === AuthType.Password) return key;
  const input = new Uint8Array(36 + challenge.length);
  input.set(key);
  putWord(input, 16, sessionId);
  input.set(challenge, 20);
  input.set(key, 20 + challenge.length);
  return authType === AuthType.Md2 ? md2(input) : new Digest(hashes.md5).update(input).finish();
}

/**
 * Hash of password, session id, message, sequence, password (IPMI 2.0 §13.22.1 "multi-session"), or the
 * password itself.
 */
export function authCode15(
  authType: number,
  password: Uint8Array,
  sessionId: number,
  sequence: number,
  data: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const code = new Uint8Array(16);
  putCode(authType, password, sessionId, sequence, data, start, end, code, 0);
  return code;
}

/** Scratch of the code under way: nothing is kept in them from one to the next. */
const MD5 = new Digest(hashes.md5);
const NUMBERS = new Uint8Array(8);
const CODE = new Uint8Array(16);

/** As `authCode15`, to 16 bytes of `out`. */
function putCode(
  authType: number,
  password: Uint8Array,
  sessionId: number,
  sequence: number,
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): void {
  if (authType === AuthType.Password) return out.set(password.subarray(0, 16), at);
  putWord(NUMBERS, 0, sessionId);
  putWord(NUMBERS, 4, sequence);
  if (authType === AuthType.Md2) {
    const input = new Uint8Array(40 + end - start);
    input.set(password.subarray(0, 16));
    input.set(NUMBERS.subarray(0, 4), 16);
    input.set(data.subarray(start, end), 20);
    input.set(NUMBERS.subarray(4), 20 + end - start);
    input.set(password.subarray(0, 16), 24 + end - start);
    return out.set(md2(input), at);
  }
  MD5.reset().update(password, 0, 16).update(NUMBERS, 0, 4).update(data, start, end);
  MD5.update(NUMBERS, 4, 8).update(password, 0, 16).finishInto(out, at);
}

export function isAuthentic15(datagram: Uint8Array, packet: Packet15, password: Uint8Array): boolean {
  const { authType, sessionId, sequence, start, end, authCode } = packet;
  if (authType === AuthType.None) return true;
  if (authType !== AuthType.Md2 && authType !== AuthType.Md5 && authType !== AuthType.Password) return false;
  putCode(authType, password, sessionId, sequence, datagram, start, end, CODE, 0);
  return equalBytes(CODE, 0, datagram, authCode, 16);
}

export const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

export function putWord(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
