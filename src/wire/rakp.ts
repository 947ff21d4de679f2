import { bit, bits, byte, bytes, layout, nested, pad, rest, u32, u8 } from '../codec/index.ts';
import { Hmac, type HashName } from '../crypto/hash.ts';
import { putWord } from './lan15.ts';
import { putBytes } from './message.ts';
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
  readonly user: Key;
  readonly bmc: Key;
}

export interface SessionKeys {
  /** Signs messages. */
  readonly k1: Uint8Array;
  /** Its first 16 bytes encrypt them. */
  readonly k2: Uint8Array;
  readonly sik: Uint8Array;
  /** The session integrity key, for RAKP 4. */
  readonly prepared?: Hmac;
}

const HASH: Readonly<Record<number, HashName | undefined>> = {
  [Authentication.HmacSha1]: 'sha1',
  [Authentication.HmacMd5]: 'md5',
  [Authentication.HmacSha256]: 'sha256',
};
/** Bytes of the integrity check value of RAKP 4: that of the suite's own truncation (§13.28). */
const ICV: Readonly<Record<HashName, number>> = { sha1: 12, md5: 16, sha256: 16 };
const EMPTY = new Uint8Array(0);

/** A key of 20 bytes, or an HMAC that was prepared with it: a log-in uses most of its keys twice. */
export type Key = Uint8Array | Hmac;

/** Undefined for RAKP-none. */
export function preparedKey(authentication: number, key: Uint8Array): Hmac | undefined {
  const name = HASH[authentication];
  return name && new Hmac(name, key);
}

/**
 * The key exchange code of RAKP 2: HMAC of both ids, both random numbers, the GUID, role and name. Empty for
 * RAKP-none.
 */
export function rakp2Code(exchange: Exchange, userKey: Key): Uint8Array {
  const { consoleId, bmcId, consoleRandom, bmcRandom, bmcGuid } = exchange;
  INPUT.begin().number(consoleId).number(bmcId).bytes(consoleRandom).bytes(bmcRandom).bytes(bmcGuid);
  return keyed(exchange, userKey, INPUT.identity(exchange));
}

/** The key exchange code of RAKP 3. */
export function rakp3Code(exchange: Exchange, userKey: Key): Uint8Array {
  const { bmcRandom, consoleId } = exchange;
  return keyed(exchange, userKey, INPUT.begin().bytes(bmcRandom).number(consoleId).identity(exchange));
}

/** The integrity check value of RAKP 4. */
export function rakp4Code(exchange: Exchange, sik: Key): Uint8Array {
  const { consoleRandom, bmcId, bmcGuid } = exchange;
  const name = HASH[exchange.authentication];
  const code = keyed(exchange, sik, INPUT.begin().bytes(consoleRandom).number(bmcId).bytes(bmcGuid));
  return name ? code.slice(0, ICV[name]) : code;
}

/** §13.31, §13.32: session integrity key, and the additional keys from it. Empty for RAKP-none. */
export function sessionKeys(exchange: Exchange, keys: Keys): SessionKeys {
  const { consoleRandom, bmcRandom, authentication } = exchange;
  const sik = keyed(
    exchange,
    keys.bmc,
    INPUT.begin().bytes(consoleRandom).bytes(bmcRandom).identity(exchange),
  );
  const prepared = preparedKey(authentication, sik);
  const key = (constant: number): Uint8Array => prepared?.of(new Uint8Array(20).fill(constant)) ?? EMPTY;
  return { sik, prepared, k1: key(1), k2: key(2) };
}

function keyed({ authentication }: Exchange, key: Key, { data, length }: Input): Uint8Array {
  const hmac = key instanceof Uint8Array ? preparedKey(authentication, key) : key;
  return hmac?.of(data, 0, length) ?? EMPTY;
}

/** What goes into a code, one part behind the other. */
class Input {
  /** Numbers, ids and GUID, role, and a name of 16 bytes at most; a longer one makes room. */
  data = new Uint8Array(128);
  length = 0;

  begin(): this {
    this.length = 0;
    return this;
  }

  number(value: number): this {
    putWord(this.data, this.length, value);
    this.length += 4;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    if (this.length + bytes.length + 2 > this.data.length) {
      const grown = new Uint8Array(2 * (this.length + bytes.length + 2));
      grown.set(this.data);
      this.data = grown;
    }
    putBytes(this.data, this.length, bytes);
    this.length += bytes.length;
    return this;
  }

  /** Role and name as RAKP 1 had them. */
  identity({ role, name }: Exchange): this {
    this.data[this.length++] = role;
    this.data[this.length++] = name.length;
    return this.bytes(name);
  }
}

/** Of the code that is being made: nothing is kept in it from one to the next. */
const INPUT = new Input();
