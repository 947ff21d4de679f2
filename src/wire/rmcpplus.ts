import { Aes128 } from '../crypto/aes128.ts';
import { Digest, equalBytes, hashes, Hmac } from '../crypto/hash.ts';
import { AuthType, putWord, word } from './lan15.ts';
import type { SessionKeys } from './rakp.ts';
import { copyOf, putBytes } from './message.ts';
import { putRmcpHeader, RMCP_HEADER, RmcpClass } from './rmcp.ts';
import { Confidentiality, Integrity, type CipherSuite } from './suites.ts';

/** Payload types, IPMI 2.0 §13.27.3 table 13-16. */
export const PayloadType = {
  Ipmi: 0x00,
  Sol: 0x01,
  /** OEM explicit: an IANA number and a payload id follow. */
  OemExplicit: 0x02,
  OpenSessionRequest: 0x10,
  OpenSessionResponse: 0x11,
  Rakp1: 0x12,
  Rakp2: 0x13,
  Rakp3: 0x14,
  Rakp4: 0x15,
} as const;

/** A payload of a log-in: Open Session and RAKP messages. */
export const isSetUpPayload = (type: number): boolean =>
  type >= PayloadType.OpenSessionRequest && type <= PayloadType.Rakp4;

/**
 * RMCP+ session header (IPMI 2.0 §13.6), after the RMCP header:
 *
 *   06h   encrypted|authenticated|type   [IANA (4), payload id (2)]   session id (4)   sequence (4)   length
 * (2)   payload
 *
 * and, where it is authenticated, behind the payload:
 *
 *   FFh... to a multiple of four   number of these   07h   auth code
 *
 * The auth code covers everything from the 06h to the 07h.
 */
export interface Packet20 {
  readonly payloadType: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  /** Only for payload type 2. */
  readonly oemIana: number;
  readonly oemPayloadId: number;
  readonly sessionId: number;
  readonly sequence: number;
  /** The payload is datagram[start..end), still encrypted where it says so. */
  readonly start: number;
  readonly end: number;
}

const NEXT_HEADER = 0x07;
const HEADER = RMCP_HEADER + 12;
/** Bytes of an initialization vector, and of what AES takes at a time. */
const BLOCK = 16;

export function parse20(datagram: Uint8Array): Packet20 | undefined {
  if (datagram.length < HEADER || datagram[RMCP_HEADER] !== AuthType.RmcpPlus) return undefined;
  const flags = datagram[RMCP_HEADER + 1];
  const payloadType = flags & 0x3f;
  const oem = payloadType === PayloadType.OemExplicit ? 6 : 0;
  const start = HEADER + oem;
  if (datagram.length < start) return undefined;
  const end = start + (datagram[start - 2] | (datagram[start - 1] << 8));
  if (end > datagram.length) return undefined;
  return {
    payloadType,
    encrypted: (flags & 0x80) !== 0,
    authenticated: (flags & 0x40) !== 0,
    oemIana: oem ? word(datagram, RMCP_HEADER + 2) : 0,
    oemPayloadId: oem ? datagram[RMCP_HEADER + 6] | (datagram[RMCP_HEADER + 7] << 8) : 0,
    sessionId: word(datagram, start - 10),
    sequence: word(datagram, start - 6),
    start,
    end,
  };
}

/** A datagram outside of a session, or in one whose suite neither signs nor encrypts. */
export function build20(
  payloadType: number,
  sessionId: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(HEADER + payload.length);
  putHeader(out, payloadType, sessionId, sequence, payload.length);
  out.set(payload, HEADER);
  return out;
}

function putHeader(
  out: Uint8Array,
  flags: number,
  sessionId: number,
  sequence: number,
  length: number,
): void {
  putRmcpHeader(out, RmcpClass.Ipmi);
  out[4] = AuthType.RmcpPlus;
  out[5] = flags;
  putWord(out, 6, sessionId);
  putWord(out, 10, sequence);
  out[14] = length;
  out[15] = length >>> 8;
}

/** Where initialization vectors come from: writes unpredictable bytes to bytes[start..end). */
export interface Ivs {
  fill(bytes: Uint8Array, start: number, end: number): unknown;
}

/** Signs data[start..end) into `out`: `size` bytes of auth code. */
interface Signer {
  readonly size: number;
  sign(data: Uint8Array, start: number, end: number, out: Uint8Array, at: number): void;
}

function signerFor(integrity: number, k1: Uint8Array, userKey: Uint8Array): Signer | undefined {
  const hmacSigner = (name: 'sha1' | 'md5' | 'sha256', size: number): Signer => {
    const hmac = new Hmac(name, k1);
    return { size, sign: (data, start, end, out, at) => hmac.into(data, start, end, out, at, size) };
  };
  if (integrity === Integrity.HmacSha1_96) return hmacSigner('sha1', 12);
  if (integrity === Integrity.HmacMd5_128) return hmacSigner('md5', 16);
  if (integrity === Integrity.HmacSha256_128) return hmacSigner('sha256', 16);
  if (integrity !== Integrity.Md5_128) return undefined;
  // MD5-128 is not keyed: the password stands before and behind the data (§13.28.4).
  const digest = new Digest(hashes.md5);
  return {
    size: 16,
    sign: (data, start, end, out, at) =>
      digest.reset().update(userKey).update(data, start, end).update(userKey).finishInto(out, at),
  };
}

/** Integrity and encryption of one session, with everything that depends on its keys done once. */
export class SessionCrypto {
  readonly suite: CipherSuite;
  readonly #signer: Signer | undefined;
  readonly #aes: Aes128 | undefined;
  readonly #code = new Uint8Array(32);

  constructor(suite: CipherSuite, keys: SessionKeys, userKey: Uint8Array) {
    this.suite = suite;
    this.#signer = signerFor(suite.integrity, keys.k1, userKey);
    this.#aes =
      suite.confidentiality === Confidentiality.AesCbc128 ? new Aes128(keys.k2.slice(0, 16)) : undefined;
  }

  /** True if the auth code is right; a suite with integrity refuses packets without one. */
  isAuthentic(datagram: Uint8Array, packet: Packet20): boolean {
    if (!this.#signer) return !packet.authenticated;
    if (!packet.authenticated) return false;
    const { size } = this.#signer;
    const codeAt = datagram.length - size;
    // The smallest trailer: no pad, its length, the next header.
    if (
      codeAt < packet.end + 2 ||
      datagram[codeAt - 1] !== NEXT_HEADER ||
      packet.end + datagram[codeAt - 2] + 2 !== codeAt
    )
      return false;
    this.#signer.sign(datagram, RMCP_HEADER, codeAt, this.#code, 0);
    return equalBytes(this.#code, 0, datagram, codeAt, size);
  }

  /** The payload in the clear, in bytes of its own; undefined as in `openInPlace`. */
  open(datagram: Uint8Array, packet: Packet20): Uint8Array | undefined {
    const own = copyOf(datagram, 0, packet.end);
    const end = this.openInPlace(own, packet);
    return end === undefined ? undefined : own.subarray(payloadStart(packet), end);
  }

  /**
   * Decrypts within the datagram: the payload then stands from `payloadStart` to what is returned. Undefined
   * where it is not encrypted as the suite wants, or its padding is wrong. Check authenticity first.
   */
  openInPlace(datagram: Uint8Array, { encrypted, start, end }: Packet20): number | undefined {
    // A console may send what is not secret in the clear (§13.6): the signature still protects it.
    if (!encrypted) return end;
    if (!this.#aes) return undefined;
    const first = start + BLOCK;
    if (end - first < BLOCK || (end - first) % BLOCK !== 0) return undefined;
    this.#aes.decryptCbc(datagram, start, first, end, datagram, first);
    const padding = datagram[end - 1];
    if (padding >= BLOCK) return undefined;
    const padAt = end - 1 - padding;
    for (let i = 0; i < padding; i++) if (datagram[padAt + i] !== i + 1) return undefined;
    return padAt;
  }

  /** The whole datagram, in memory of its own. `encrypted`: where the suite can. */
  seal(
    payloadType: number,
    sessionId: number,
    sequence: number,
    payload: Uint8Array,
    ivs: Ivs,
    encrypted = true,
    badPadding = false,
  ): Uint8Array {
    const out = new Uint8Array(this.sealedSize(payload.length, encrypted));
    putBytes(out, this.payloadAt(encrypted), payload);
    return this.sealInPlace(
      out,
      payloadType,
      sessionId,
      sequence,
      payload.length,
      ivs,
      encrypted,
      badPadding,
    );
  }

  /** Where the payload of a datagram begins that is to be sealed in place. */
  payloadAt(encrypted: boolean): number {
    return encrypted && this.#aes ? HEADER + BLOCK : HEADER;
  }

  /** Bytes of the datagram that carries so many of a payload. */
  sealedSize(length: number, encrypted: boolean): number {
    const end = this.#payloadEnd(length, encrypted);
    return this.#signer ? end + trailerPad(end) + 2 + this.#signer.size : end;
  }

  /** Behind the payload as it is sent: after IV and padding where it is encrypted. */
  #payloadEnd(length: number, encrypted: boolean): number {
    return encrypted && this.#aes ? HEADER + BLOCK + length + (BLOCK - (length % BLOCK)) : HEADER + length;
  }

  /**
   * Makes a datagram of `sealedSize` bytes around the `length` bytes that stand at `payloadAt`: header, IV,
   * padding, auth code. `badPadding`: for clients to be tried with. Returns it.
   */
  sealInPlace(
    out: Uint8Array,
    payloadType: number,
    sessionId: number,
    sequence: number,
    length: number,
    ivs: Ivs,
    encrypted = true,
    badPadding = false,
  ): Uint8Array {
    const aes = encrypted ? this.#aes : undefined;
    const signer = this.#signer;
    const end = this.#payloadEnd(length, encrypted);
    putHeader(out, payloadType | (aes ? 0x80 : 0) | (signer ? 0x40 : 0), sessionId, sequence, end - HEADER);
    if (aes) {
      const padAt = HEADER + BLOCK + length;
      const padding = end - 1 - padAt;
      ivs.fill(out, HEADER, HEADER + BLOCK);
      for (let i = 0; i < padding; i++) out[padAt + i] = i + 1;
      out[end - 1] = padding;
      // One byte of filling that does not count on, or, where there is none, a length that is not there.
      if (badPadding) out[end - (padding > 0 ? 2 : 1)] ^= 0x0f;
      aes.encryptCbc(out, HEADER, HEADER + BLOCK, end);
    }
    if (signer) {
      const pad = trailerPad(end);
      let at = end;
      while (at < end + pad) out[at++] = 0xff;
      out[at++] = pad;
      out[at++] = NEXT_HEADER;
      signer.sign(out, RMCP_HEADER, at, out, at);
    }
    return out;
  }
}

/** Where the payload begins once it is opened. */
export const payloadStart = ({ encrypted, start }: Packet20): number => (encrypted ? start + BLOCK : start);

/** What is signed is a multiple of four bytes, counted from the 06h, with pad length and next header. */
const trailerPad = (end: number): number => (4 - ((end - RMCP_HEADER + 2) % 4)) % 4;
