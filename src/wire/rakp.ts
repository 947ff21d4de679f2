import { bit, bits, byte, bytes, layout, nested, pad, rest, u32, u8 } from '../codec/index.ts';
import { Hmac, type HashName } from '../crypto/hash.ts';
import { Authentication } from './suites.ts';

/** RMCP+ and RAKP message status codes, IPMI 2.0 §13.24 table 13-15. */
export const RakpStatus = {
  Ok: 0x00,
  InsufficientResources: 0x01,
  InvalidSessionId: 0x02,
  InvalidPayloadType: 0x03,
  InvalidAuthenticationAlgorithm: 0x04,
  InvalidIntegrityAlgorithm: 0x05,
  NoMatchingAuthenticationPayload: 0x06,
  NoMatchingIntegrityPayload: 0x07,
  InactiveSessionId: 0x08,
  InvalidRole: 0x09,
  UnauthorizedRole: 0x0a,
  InsufficientResourcesForRole: 0x0b,
  InvalidNameLength: 0x0c,
  UnauthorizedName: 0x0d,
  UnauthorizedGuid: 0x0e,
  InvalidIntegrityCheckValue: 0x0f,
  InvalidConfidentialityAlgorithm: 0x10,
  NoCipherSuiteMatch: 0x11,
  IllegalParameter: 0x12,
} as const;

/**
 * One of the three algorithm records of Open Session: payload type (0..2), 8 bytes long, algorithm number.
 */
const AlgorithmRecord = layout('algorithm', {
  type: u8,
  reserved: pad(2),
  /** 8, or 0 where the console leaves the choice to the BMC. */
  length: u8,
  ...byte({ algorithm: bits(5, 0) }),
  reserved2: pad(3),
});
const algorithms = {
  authentication: nested(AlgorithmRecord),
  integrity: nested(AlgorithmRecord),
  confidentiality: nested(AlgorithmRecord),
};

/** §13.17 RMCP+ Open Session Request. */
export const OpenSessionRequest = layout('RMCP+ Open Session Request', {
  tag: u8,
  /** 0: the highest that the suite and the user allow. */
  ...byte({ maxPrivilege: bits(3, 0) }),
  reserved: pad(2),
  consoleId: u32,
  ...algorithms,
});

/** §13.18 RMCP+ Open Session Response with status 0. */
export const OpenSessionResponse = layout('RMCP+ Open Session Response', {
  tag: u8,
  status: u8,
  ...byte({ maxPrivilege: bits(3, 0) }),
  reserved: pad(1),
  consoleId: u32,
  bmcId: u32,
  ...algorithms,
});

/** Any answer of a log-in with a status other than 0: nothing but the console's session id follows. */
export const Refusal = layout('RAKP refusal', { tag: u8, status: u8, reserved: pad(2), consoleId: u32 });

/** §13.20 RAKP Message 1. */
export const Rakp1 = layout('RAKP Message 1', {
  tag: u8,
  reserved: pad(3),
  bmcId: u32,
  consoleRandom: bytes(16),
  /** `nameOnly`: look the user up by name alone, not by name and privilege. */
  ...byte({ nameOnly: bit(4), role: bits(3, 0) }),
  reserved2: pad(2),
  nameLength: u8,
  name: rest(),
});

/** §13.21 RAKP Message 2 with status 0. */
export const Rakp2 = layout('RAKP Message 2', {
  tag: u8,
  status: u8,
  reserved: pad(2),
  consoleId: u32,
  bmcRandom: bytes(16),
  bmcGuid: bytes(16),
  code: rest(),
});

/** §13.22 RAKP Message 3. */
export const Rakp3 = layout('RAKP Message 3', {
  tag: u8,
  status: u8,
  reserved: pad(2),
  bmcId: u32,
  code: rest(),
});

/** §13.23 RAKP Message 4 with status 0. */
export const Rakp4 = layout('RAKP Message 4', {
  tag: u8,
  status: u8,
  reserved: pad(2),
  consoleId: u32,
  code: rest(),
});

/** What both sides of a log-in know when RAKP 2 is made. */
export interface Exchange {
  readonly authentication: number;
  readonly consoleId: number;
  readonly bmcId: number;
  readonly consoleRandom: Uint8Array;
  readonly bmcRandom: Uint8Array;
  readonly bmcGuid: Uint8Array;
  /** The role byte of RAKP 1 as it was sent, with the name-only bit. */
  readonly role: number;
  readonly name: Uint8Array;
}

/**
 * The user's and the BMC's key, 20 bytes each, padded with zeros. Without a BMC key the user's serves as both
 * (§13.33).
 */
export interface Keys {
  readonly user: Uint8Array;
  readonly bmc: Uint8Array;
}

export interface SessionKeys {
  /** Signs messages. */
  readonly k1: Uint8Array;
  /** Its first 16 bytes encrypt them. */
  readonly k2: Uint8Array;
  readonly sik: Uint8Array;
}

const HASH: Readonly<Record<number, HashName | undefined>> = {
  [Authentication.HmacSha1]: 'sha1',
  [Authentication.HmacMd5]: 'md5',
  [Authentication.HmacSha256]: 'sha256',
};
/** Bytes of the integrity check value of RAKP 4: that of the suite's own truncation (§13.28). */
const ICV: Readonly<Record<HashName, number>> = { sha1: 12, md5: 16, sha256: 16 };
const EMPTY = new Uint8Array(0);

/**
 * The key exchange code of RAKP 2: HMAC of both ids, both random numbers, the GUID, role and name. Empty for
 * RAKP-none.
 */
export function rakp2Code(exchange: Exchange, userKey: Uint8Array): Uint8Array {
  const { consoleId, bmcId, consoleRandom, bmcRandom, bmcGuid } = exchange;
  return keyed(exchange, userKey, [
    number(consoleId),
    number(bmcId),
    consoleRandom,
    bmcRandom,
    bmcGuid,
    identity(exchange),
  ]);
}

/** The key exchange code of RAKP 3. */
export function rakp3Code(exchange: Exchange, userKey: Uint8Array): Uint8Array {
  return keyed(exchange, userKey, [exchange.bmcRandom, number(exchange.consoleId), identity(exchange)]);
}

/** The integrity check value of RAKP 4. */
export function rakp4Code(exchange: Exchange, sik: Uint8Array): Uint8Array {
  const name = HASH[exchange.authentication];
  const code = keyed(exchange, sik, [exchange.consoleRandom, number(exchange.bmcId), exchange.bmcGuid]);
  return name ? code.slice(0, ICV[name]) : code;
}

/** §13.31, §13.32: session integrity key, and the additional keys from it. Empty for RAKP-none. */
export function sessionKeys(exchange: Exchange, keys: Keys): SessionKeys {
  const sik = keyed(exchange, keys.bmc, [exchange.consoleRandom, exchange.bmcRandom, identity(exchange)]);
  const name = HASH[exchange.authentication];
  const hmac = name && new Hmac(name, sik);
  const key = (constant: number): Uint8Array => hmac?.of(new Uint8Array(20).fill(constant)) ?? EMPTY;
  return { sik, k1: key(1), k2: key(2) };
}

function keyed({ authentication }: Exchange, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const name = HASH[authentication];
  if (!name) return EMPTY;
  const data = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return new Hmac(name, key).of(data);
}

const number = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
const identity = ({ role, name }: Exchange): Uint8Array => Uint8Array.of(role, name.length, ...name);
