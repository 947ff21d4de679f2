import type { CipherSuite } from '../../wire/index.ts';

/** Payload types of Open Session's three algorithm records, and their length (IPMI 2.0 §13.17). */
export const RECORDS = ['authentication', 'integrity', 'confidentiality'] as const;
export const RECORD_SIZE = 8;

/** The algorithms that a console asks for; undefined: the BMC may choose. */
export type Wanted = Record<(typeof RECORDS)[number], number | undefined>;

export const wish = ({ length, algorithm }: { length: number; algorithm: number }): number | undefined =>
  length === 0 ? undefined : algorithm;

export const matches = (suite: CipherSuite, wanted: Readonly<Wanted>): boolean =>
  RECORDS.every((field) => wanted[field] === undefined || wanted[field] === suite[field]);
