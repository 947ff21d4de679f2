/** Bytes of an address. */
export const IPV4 = 4;
export const IPV6 = 16;

/** An IPv4 address as its number is written. */
export const dotted = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** Four bytes as a number, the first one highest. */
export const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;

/** Writes a dotted address; false: it is none. */
export function putIpv4(bytes: Uint8Array, at: number, host: string): boolean {
  let part = 0;
  let value = -1;
  for (let i = 0; i <= host.length; i++) {
    const code = i < host.length ? host.charCodeAt(i) : 46;
    if (code === 46) {
      if (value < 0 || value > 255 || part > 3) return false;
      bytes[at + part++] = value;
      value = -1;
    } else if (code < 48 || code > 57 || value > 255) return false;
    else value = Math.max(0, value) * 10 + code - 48;
  }
  return part === 4;
}

/** Writes an address of IPv6, without a zone, or one of IPv4 as IPv6 has it; false: it is none. */
export function putIpv6(bytes: Uint8Array, at: number, host: string): boolean {
  const [, front, last = host] = /^(.*:)?([\d.]+)$/.exec(host) ?? [];
  const tail = new Uint8Array(IPV4);
  const isDotted = last.includes('.');
  if (isDotted && !putIpv4(tail, 0, last)) return false;
  if (isDotted && front === undefined) return putIpv6(bytes, at, `::ffff:${host}`);
  const hex = (offset: number): string => ((tail[offset] << 8) | tail[offset + 1]).toString(16);
  const text = isDotted ? `${front}${hex(0)}:${hex(2)}` : host;
  const [head, rest, more] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const missing = IPV6 / 2 - head.length - (rest?.length ?? 0);
  if (more !== undefined || (rest === undefined ? missing !== 0 : missing < 1)) return false;
  const groups = [...head, ...Array<string>(rest === undefined ? 0 : missing).fill('0'), ...(rest ?? [])];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false;
  for (const [i, group] of groups.entries()) {
    const value = parseInt(group, 16);
    bytes[at + 2 * i] = value >>> 8;
    bytes[at + 2 * i + 1] = value;
  }
  return true;
}

/** An IPv6 address as RFC 5952 has it; one of IPv4 dotted. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  if (isMapped(bytes, at)) return dotted(wordAt(bytes, at + 12));
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]);
  const texts = groups.map((group) => group.toString(16));
  let [from, most] = [0, 0];
  for (let i = 0; i < groups.length; i++) {
    let length = 0;
    while (groups[i + length] === 0) length++;
    if (length > most) [from, most] = [i, length];
  }
  if (most < 2) return texts.join(':');
  return `${texts.slice(0, from).join(':')}::${texts.slice(from + most).join(':')}`;
}

/** An IPv4 address as a socket of IPv6 sees it. */
export const isMapped = (bytes: Uint8Array, at: number): boolean =>
  wordAt(bytes, at) === 0 && wordAt(bytes, at + 4) === 0 && wordAt(bytes, at + 8) === 0xffff;

/** 4 or 16 bytes; undefined: it is no address, or has a zone. */
export function addressOf(host: string): Uint8Array | undefined {
  const bytes = new Uint8Array(host.includes(':') ? IPV6 : IPV4);
  const isOne = bytes.length === IPV6 ? putIpv6(bytes, 0, host) : putIpv4(bytes, 0, host);
  return isOne ? bytes : undefined;
}

export const addressText = (bytes: Uint8Array): string =>
  bytes.length === IPV6 ? ipv6Text(bytes, 0) : dotted(wordAt(bytes, 0));

const numberIn = (bytes: Uint8Array): bigint =>
  bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

/**
 * The address that is `n` after this one; undefined: it is no address, or that one lies outside of the prefix
 * of so many bits.
 */
export function addressAfter(host: string, n: number, prefix: number): string | undefined {
  const bytes = addressOf(host);
  if (bytes === undefined) return undefined;
  const size = 1n << BigInt(8 * bytes.length - prefix);
  const first = numberIn(bytes);
  let value = first + BigInt(n);
  if (first / size !== value / size) return undefined;
  for (let i = bytes.length - 1; i >= 0; i--, value >>= 8n) bytes[i] = Number(value & 255n);
  return addressText(bytes);
}

/** The mask of an IPv4 prefix. */
export const maskOf = (prefix: number): string => dotted(prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0);

/** The first address of the prefix that an address is of; undefined: it is no address. */
export function networkOf(host: string, prefix: number): string | undefined {
  const bytes = addressOf(host);
  if (bytes === undefined) return undefined;
  for (let bit = prefix; bit < 8 * bytes.length; bit++) bytes[bit >> 3] &= ~(0x80 >> (bit & 7));
  return addressText(bytes);
}
