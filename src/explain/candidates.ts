/** Passwords and BMC keys that a log-in may have been made with. */
export interface Candidates {
  /** Text is taken as UTF-8. Default none: what was encrypted stays so. */
  readonly passwords?: readonly (string | Uint8Array)[];
  /** Passwords that stand in what is explained, as in a log of ipmitool; bytes, without zeros behind. */
  readonly inLog?: readonly Uint8Array[];
  /** K_g, one or several; text as it is, or `0x` and hexadecimal digits. */
  readonly kg?: string | Uint8Array | readonly (string | Uint8Array)[];
}

/** A key that may be behind a code, and what it is of what was given. */
export interface Key {
  readonly bytes: Uint8Array;
  /** Empty: as it was given. Else what was done to it, after "the password" or "K_g". */
  readonly how: string;
  /** Which it is: `password 2 of 3`, `the password in the log`. Absent: one was given, or none. */
  readonly which?: string;
}

/** Bytes of a key of RMCP+ (IPMI 2.0 §13.31), and those that IPMI 1.5 has of them. */
const KEY_SIZE = 20;
const SHORT_KEY_SIZE = 16;

/**
 * Each password as it is, then as it is often taken by mistake. Zeros at the end of a key make no difference
 * to an HMAC, so that a password of 16 bytes has no shorter form.
 */
export function userKeys({ passwords = [], inLog = [] }: Candidates): Key[] {
  const plain = [
    ...passwords.map((password, i) => ({
      bytes: typeof password === 'string' ? textBytes(password) : password,
      which: whichOf('password', i, passwords.length),
    })),
    ...inLog.map((bytes) => ({ bytes, which: 'the password in the log' })),
  ];
  return [
    ...plain.map(({ bytes, which }) => ({ bytes: keyOf(bytes), how: '', which })),
    ...plain.flatMap(({ bytes, which }) => [
      ...(bytes.length > SHORT_KEY_SIZE
        ? [{ bytes: keyOf(bytes.subarray(0, SHORT_KEY_SIZE)), how: 'cut to 16 bytes', which }]
        : []),
      ...(bytes.length > 0 && bytes.length < KEY_SIZE
        ? [
            { bytes: keyOf(Uint8Array.of(...bytes, 0x0a)), how: 'with a line end behind it', which },
            {
              bytes: keyOf(Uint8Array.of(...bytes, 0x0d, 0x0a)),
              how: 'with a line end (CR LF) behind it',
              which,
            },
          ]
        : []),
    ]),
    ...(plain.length > 0 ? [{ bytes: new Uint8Array(KEY_SIZE), how: 'left empty' }] : []),
  ];
}

/** What may be the BMC's key, where the user's is known: without K_g that one serves as both (§13.33). */
export function bmcKeys(candidates: Candidates, userKey: Key): Key[] {
  const kgs = kgsOf(candidates);
  const keys = kgKeys(candidates);
  kgs.forEach((kg, i) => {
    const which = whichOf('K_g', i, kgs.length);
    if (typeof kg === 'string' && isHex(kg))
      keys.push({ bytes: keyOf(textBytes(kg)), how: 'taken as text, not as hexadecimal', which });
    const long = kgBytes(kg);
    if (long.length > SHORT_KEY_SIZE)
      keys.push({ bytes: keyOf(long.subarray(0, SHORT_KEY_SIZE)), how: 'cut to 16 bytes', which });
  });
  keys.push({ bytes: userKey.bytes, how: NO_KG });
  if (kgs.length > 0) keys.push({ bytes: new Uint8Array(KEY_SIZE), how: 'of zeros' });
  return keys;
}

/** Those that were given, as they are. */
export function kgKeys(candidates: Candidates): Key[] {
  const kgs = kgsOf(candidates);
  return kgs.map((kg, i) => ({
    bytes: keyOf(kgBytes(kg)),
    how: '',
    which: whichOf('K_g', i, kgs.length),
  }));
}

/** None, one or several. */
function kgsOf({ kg }: Candidates): readonly (string | Uint8Array)[] {
  if (kg === undefined) return [];
  return typeof kg === 'string' || kg instanceof Uint8Array ? [kg] : kg;
}

const whichOf = (name: string, i: number, count: number): string | undefined =>
  count > 1 ? `${name} ${i + 1} of ${count}` : undefined;

/** How `bmcKeys` says that there is none. */
export const NO_KG = 'none: the password serves as both keys';

const isHex = (text: string): boolean => /^0x([\da-f]{2})+$/i.test(text);

/** The bytes that a BMC key is written for. */
export function kgBytes(kg: string | Uint8Array): Uint8Array {
  if (typeof kg !== 'string') return kg;
  if (!isHex(kg)) return textBytes(kg);
  return Uint8Array.from(kg.slice(2).match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/** 20 bytes, padded with zeros; more are cut. */
export function keyOf(bytes: Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_SIZE);
  key.set(bytes.subarray(0, KEY_SIZE));
  return key;
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
