/** Algorithm numbers of RMCP+ (IPMI 2.0 §13.28, §13.28.4, §13.28.5, and the SHA-256 ones of errata 7). */
export const Authentication = { None: 0, HmacSha1: 1, HmacMd5: 2, HmacSha256: 3 } as const;
export const Integrity = { None: 0, HmacSha1_96: 1, HmacMd5_128: 2, Md5_128: 3, HmacSha256_128: 4 } as const;
export const Confidentiality = { None: 0, AesCbc128: 1 } as const;

/** A cipher suite, IPMI 2.0 §22.15.2 table 22-20. */
export interface CipherSuite {
  readonly id: number;
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

const suite = (
  id: number,
  authentication: number,
  integrity: number,
  confidentiality: number,
): CipherSuite => ({
  id,
  authentication,
  integrity,
  confidentiality,
});

/** Every suite we can speak. xRC4 (4, 5, 9, 10, 13, 14, 18, 19) is left out on purpose: RC4 is broken. */
export const cipherSuites: readonly CipherSuite[] = [
  suite(0, 0, 0, 0),
  suite(1, 1, 0, 0),
  suite(2, 1, 1, 0),
  suite(3, 1, 1, 1),
  suite(6, 2, 0, 0),
  suite(7, 2, 2, 0),
  suite(8, 2, 2, 1),
  suite(11, 2, 3, 0),
  suite(12, 2, 3, 1),
  suite(15, 3, 0, 0),
  suite(16, 3, 4, 0),
  suite(17, 3, 4, 1),
];

export const cipherSuite = (id: number): CipherSuite | undefined =>
  cipherSuites.find((suite) => suite.id === id);

/** Record data of Get Channel Cipher Suites (§22.15.1): a record for each suite, or each algorithm once. */
export function cipherSuiteRecords(ids: readonly number[], bySuite: boolean): Uint8Array {
  const suites = cipherSuites.filter((suite) => ids.includes(suite.id));
  if (bySuite)
    return Uint8Array.from(
      suites.flatMap((suite) => [
        0xc0,
        suite.id,
        suite.authentication,
        0x40 | suite.integrity,
        0x80 | suite.confidentiality,
      ]),
    );
  const each = (tag: number, of: (suite: CipherSuite) => number): number[] =>
    [...new Set(suites.map(of))].sort((a, b) => a - b).map((id) => tag | id);
  return Uint8Array.from([
    ...each(0, (suite) => suite.authentication),
    ...each(0x40, (suite) => suite.integrity),
    ...each(0x80, (suite) => suite.confidentiality),
  ]);
}
