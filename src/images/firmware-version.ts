/**
 * A firmware version as IPMI shows it (IPMI 2.0 §20.1, HPM.1 component properties): major 0..127, minor
 * 0..99, four auxiliary bytes.
 */
export interface Version {
  readonly major: number;
  readonly minor: number;
  /** Eight hex digits. */
  readonly aux: string;
}

/** `1.05`, or with the auxiliary bytes where they are not 0: `1.05.00a1b2c3`. */
export const versionText = ({ major, minor, aux }: Version): string =>
  `${major}.${String(minor).padStart(2, '0')}${/^0*$/.test(aux) ? '' : `.${aux}`}`;

/** Reads what `versionText` writes; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, aux = '00000000'] = /^(\d{1,3})\.(\d{1,2})(?:\.([\da-f]{8}))?$/i.exec(text) ?? [];
  return major === undefined || Number(major) > 127
    ? undefined
    : { major: Number(major), minor: Number(minor), aux: aux.toLowerCase() };
}

/** Below 0: `a` is older. Auxiliary bytes are the maker's own and have no order. */
export const compareVersions = (
  a: Pick<Version, 'major' | 'minor'>,
  b: Pick<Version, 'major' | 'minor'>,
): number => a.major - b.major || a.minor - b.minor;
