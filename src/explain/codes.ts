import { hex2 } from '../codec/index.ts';
import {
  Authentication,
  equalBytes,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionKeys,
  type Exchange,
  type SessionKeys,
} from '../wire/index.ts';
import { bmcKeys, kgKeys, NO_KG, userKeys, type Candidates, type Key } from './candidates.ts';

/** What of a log-in differs from what the specification and the candidates would have. */
export type Difference =
  | 'password'
  | 'truncated password'
  | 'password length'
  | 'K_g'
  | 'privilege byte'
  | 'name'
  | 'suite'
  | 'GUID'
  | 'code length';

/** How a code of RAKP was made, as far as it could be found out. */
export interface CodeFinding {
  /** Nothing differs; undefined: it was not made with anything that was tried. */
  readonly isRight: boolean | undefined;
  readonly differs: Difference | undefined;
  /** In words, for `differs`: `the role byte as 04h, not 14h`. */
  readonly how: string;
  /** The user's key that it was made with. */
  readonly key: Key | undefined;
  /** The exchange that it was made of. */
  readonly exchange: Exchange;
}

/** An exchange with one thing otherwise, as BMCs and consoles get it wrong. */
interface Variant {
  readonly differs: Difference | undefined;
  readonly how: string;
  readonly exchange: Exchange;
}

const ALGORITHM_NAMES: Readonly<Record<number, string>> = {
  [Authentication.HmacSha1]: 'SHA-1',
  [Authentication.HmacMd5]: 'MD5',
  [Authentication.HmacSha256]: 'SHA-256',
};

function variantsOf(exchange: Exchange): Variant[] {
  const { role, name, authentication, bmcGuid } = exchange;
  const roles = [role & 0x0f, role | 0x10, role & 0xf0, 0, 1, 2, 3, 4, 5, 0x11, 0x12, 0x13, 0x14, 0x15];
  const names: [Uint8Array, string][] = [
    [new Uint8Array(0), 'left out'],
    [padded(name), 'filled up to 16 bytes'],
  ];
  const algorithms = Object.keys(ALGORITHM_NAMES)
    .map(Number)
    .filter((algorithm) => algorithm !== authentication);
  return [
    { differs: undefined, how: '', exchange },
    ...[...new Set(roles)]
      .filter((level) => level !== role)
      .map((level) => ({
        differs: 'privilege byte' as const,
        how: `the privilege byte as ${hex2(level)}h, not ${hex2(role)}h as RAKP 1 has it`,
        exchange: { ...exchange, role: level },
      })),
    ...names
      .filter(([other]) => other.length !== name.length)
      .map(([other, how]) => ({
        differs: 'name' as const,
        how: `the name ${how}`,
        exchange: { ...exchange, name: other },
      })),
    ...algorithms.map((algorithm) => ({
      differs: 'suite' as const,
      how: `${ALGORITHM_NAMES[algorithm]}, not ${ALGORITHM_NAMES[authentication]} as was agreed`,
      exchange: { ...exchange, authentication: algorithm },
    })),
    { differs: 'GUID', how: 'the GUID backwards', exchange: { ...exchange, bmcGuid: bmcGuid.toReversed() } },
    { differs: 'GUID', how: 'a GUID of zeros', exchange: { ...exchange, bmcGuid: new Uint8Array(16) } },
  ];
}

const padded = (name: Uint8Array): Uint8Array => {
  const out = new Uint8Array(16);
  out.set(name.subarray(0, 16));
  return out;
};

/** What is tried besides the keys for a user: those that a BMC may have for it by mistake. */
const keyDiffers = ({ how }: Key): Difference | undefined =>
  how === '' ? undefined : how.startsWith('cut') ? 'truncated password' : 'password';

/** How the code of RAKP 2 or 3 was made. Undefined: nothing to compare with, or nothing to compare. */
export function findKeyExchange(
  step: 2 | 3,
  exchange: Exchange,
  code: Uint8Array,
  candidates: Candidates,
): CodeFinding | undefined {
  const make = step === 2 ? rakp2Code : rakp3Code;
  const keys = userKeys(candidates);
  const right = make(exchange, new Uint8Array(20)).length;
  if (right === 0 || keys.length === 0) return undefined;
  for (const variant of variantsOf(exchange)) {
    for (const key of keys) {
      const computed = make(variant.exchange, key.bytes);
      const matches = isSame(computed, code);
      const isCut = !matches && isPrefix(code, computed);
      if (!matches && !isCut) continue;
      const differs = keyDiffers(key) ?? variant.differs ?? (isCut ? 'code length' : undefined);
      const password = key.how && `${key.which ?? 'the password'} ${key.how}`;
      const how = spoken(password, variant.how, isCut && lengths(code.length, right));
      return { isRight: differs === undefined, differs, how, key, exchange: variant.exchange };
    }
  }
  for (const key of kgKeys(candidates))
    if (isSame(make(exchange, key.bytes), code)) {
      const how = `${key.which ?? 'K_g'} in place of the password`;
      return { isRight: false, differs: 'K_g', how, key, exchange };
    }
  const differs = code.length === right ? 'password' : 'code length';
  const how = code.length === right ? '' : lengths(code.length, right);
  return { isRight: undefined, differs, how, key: undefined, exchange };
}

/** What there is to say of how a code was made. */
const spoken = (...parts: readonly (string | false)[]): string => parts.filter(Boolean).join(', ');
const lengths = (had: number, right: number): string => `${had} bytes of code, not ${right}`;

/** What RAKP 4 says of the session's keys. */
export interface SessionFinding {
  readonly isRight: boolean | undefined;
  readonly differs: Difference | undefined;
  readonly how: string;
  /** Undefined: the code was not made with anything that was tried. */
  readonly keys: SessionKeys | undefined;
  readonly isWithoutKg: boolean;
  /** The BMC's key that it was made with. */
  readonly key: Key | undefined;
}

/** How the code of RAKP 4 was made, the user's key being known. */
export function findSessionKeys(
  exchange: Exchange,
  code: Uint8Array,
  user: Key,
  candidates: Candidates,
): SessionFinding {
  const right = rakp4Code(exchange, new Uint8Array(20)).length;
  for (const variant of variantsOf(exchange)) {
    for (const bmc of bmcKeys(candidates, user)) {
      const keys = sessionKeys(variant.exchange, { user: user.bytes, bmc: bmc.bytes });
      const computed = rakp4Code(variant.exchange, keys.sik);
      const isCut = !isSame(computed, code) && code.length >= 8 && isLoosely(computed, code);
      if (!isSame(computed, code) && !isCut) continue;
      const isWithoutKg = bmc.how === NO_KG;
      const kgDiffers = bmc.how !== '' && !(isWithoutKg && kgKeys(candidates).length === 0);
      const differs = variant.differs ?? (kgDiffers ? 'K_g' : isCut ? 'code length' : undefined);
      const kg = kgDiffers && (isWithoutKg ? 'no K_g at all' : `${bmc.which ?? 'K_g'} ${bmc.how}`);
      const how = spoken(kg, variant.how, isCut && lengths(code.length, right));
      return { isRight: differs === undefined, differs, how, keys, isWithoutKg, key: bmc };
    }
  }
  return { isRight: undefined, differs: 'K_g', how: '', keys: undefined, isWithoutKg: false, key: undefined };
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && equalBytes(a, 0, b, 0, a.length);
/** A code that was cut, though not to nothing. */
const isPrefix = (code: Uint8Array, computed: Uint8Array): boolean =>
  code.length >= 8 && code.length < computed.length && equalBytes(computed, 0, code, 0, code.length);
/** One begins with the other. */
const isLoosely = (computed: Uint8Array, code: Uint8Array): boolean =>
  equalBytes(computed, 0, code, 0, Math.min(computed.length, code.length));
