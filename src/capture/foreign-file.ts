/** Files that are given for captures, by what their first four bytes begin with. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['1f8b', 'is compressed with gzip: unpack it first'],
  ['28b52ffd', 'is compressed with zstd: unpack it first (zstd -d)'],
  ['fd377a58', 'is compressed with xz: unpack it first (xz -d)'],
  ['425a68', 'is compressed with bzip2: unpack it first (bzip2 -d)'],
  ['04224d18', 'is compressed with lz4: unpack it first (lz4 -d)'],
  ['504b0304', 'is a ZIP archive: unpack it first'],
  ['736e6f6f', 'is a capture of snoop: make pcapng of it first (editcap)'],
  ['52545353', 'is a capture of NetMon: make pcapng of it first (editcap)'],
  ['474d4255', 'is a capture of NetMon: make pcapng of it first (editcap)'],
  ['7f454c46', 'is a program (ELF), expected a capture'],
];

/** What a file is that is no capture of ours to read; undefined: it does not say. */
export function foreignFile(head: Uint8Array): string | undefined {
  const digits = Array.from(head.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return BEGINNINGS.find(([beginning]) => digits.startsWith(beginning))?.[1];
}

const GZIP = [0x1f, 0x8b];
export const isGzip = (head: Uint8Array): boolean => GZIP.every((byte, i) => head[i] === byte);
