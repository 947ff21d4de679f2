import type { Endpoint } from '../world/world.ts';
import { LinkType } from './pcapng.ts';

/** A datagram of UDP. */
export interface UdpDatagram {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** A window of the packet. */
  readonly bytes: Uint8Array;
  /** Bytes that are not in the file, as whoever captured it kept fewer (snap length). */
  readonly cut?: number;
}

/** A piece of a datagram that was too long for its way. */
export interface IpPiece {
  /** The same of all pieces of one. */
  readonly key: string;
  readonly source: string;
  readonly destination: string;
  /** Bytes before it. */
  readonly offset: number;
  readonly isLast: boolean;
  readonly bytes: Uint8Array;
}

const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
/** Tags of networks within one, four bytes each. */
const VLAN: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const UDP = 17;
/** Headers of IPv6 that may stand before UDP: hop-by-hop, routing, destination options. */
const IPV6_EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const IPV6_FRAGMENT = 44;
const AUTHENTICATION = 51;
/** A session of PPP over Ethernet: six bytes, then the protocol of PPP. */
const PPPOE = 0x8864;
const PPP_IP: ReadonlySet<number> = new Set([0x0021, 0x0057]);

/**
 * The datagram that a packet of a capture holds; undefined: it holds none, or a piece of one
 * (`fragments.ts`), or is of a link type that nobody knows. Its checksums are not looked at: those of
 * outgoing packets are often made behind the place where captures are taken.
 */
export function udpIn(linkType: number, packet: Uint8Array): UdpDatagram | undefined {
  const found = ipIn(linkType, packet);
  return found === undefined || 'key' in found ? undefined : found;
}

/** The same, or the piece of one. */
export function ipIn(linkType: number, packet: Uint8Array): UdpDatagram | IpPiece | undefined {
  const start = ipStart(linkType, packet);
  if (start === undefined || start >= packet.length) return undefined;
  const version = packet[start] >> 4;
  if (version === 4) return ipv4(packet.subarray(start));
  return version === 6 ? ipv6(packet.subarray(start)) : undefined;
}

/** Whether packets of such a link type are read. */
export const isReadable = (linkType: number): boolean => READABLE.has(linkType);

/** What captures of some systems have for raw IP. */
const OTHER_RAW = [12, 14];
const READABLE: ReadonlySet<number> = new Set([
  LinkType.RawIp,
  LinkType.Ipv4,
  LinkType.Ipv6,
  LinkType.Null,
  LinkType.Loop,
  LinkType.Ethernet,
  LinkType.LinuxSll,
  LinkType.LinuxSll2,
  ...OTHER_RAW,
]);

/** Where the IP header begins. */
function ipStart(linkType: number, packet: Uint8Array): number | undefined {
  switch (linkType) {
    case LinkType.RawIp:
    case LinkType.Ipv4:
    case LinkType.Ipv6:
    case OTHER_RAW[0]:
    case OTHER_RAW[1]:
      return 0;
    case LinkType.Null:
    case LinkType.Loop:
      return 4;
    case LinkType.Ethernet:
      return afterType(packet, 12);
    case LinkType.LinuxSll:
      return afterType(packet, 14);
    case LinkType.LinuxSll2:
      // A tag stands behind the header, with the type of what it is about.
      return isIp(be16(packet, 0)) ? 20 : VLAN.has(be16(packet, 0)) ? afterType(packet, 22) : undefined;
    default:
      return undefined;
  }
}

function afterType(packet: Uint8Array, typeAt: number): number | undefined {
  let at = typeAt;
  while (VLAN.has(be16(packet, at))) at += 4;
  if (be16(packet, at) === PPPOE) return PPP_IP.has(be16(packet, at + 8)) ? at + 10 : undefined;
  return isIp(be16(packet, at)) ? at + 2 : undefined;
}

const isIp = (type: number): boolean => type === ETHER_IPV4 || type === ETHER_IPV6;

function ipv4(packet: Uint8Array): UdpDatagram | IpPiece | undefined {
  const header = (packet[0] & 0x0f) * 4;
  if (header < 20 || packet.length < header || packet[9] !== UDP) return undefined;
  // Where it was given to the network to be cut, the length is left out.
  const total = be16(packet, 2) || packet.length;
  const [source, destination] = [dotted(packet, 12), dotted(packet, 16)];
  const fragment = be16(packet, 6);
  const isLast = (fragment & 0x2000) === 0;
  const offset = (fragment & 0x1fff) * 8;
  if (isLast && offset === 0) return udp(packet, header, total, source, destination);
  const key = `${source} ${destination} ${be16(packet, 4)}`;
  return { key, source, destination, offset, isLast, bytes: packet.subarray(header, total) };
}

function ipv6(packet: Uint8Array): UdpDatagram | IpPiece | undefined {
  if (packet.length < 40) return undefined;
  const [source, destination] = [groups(packet, 8), groups(packet, 24)];
  const end = 40 + be16(packet, 4);
  let next = packet[6];
  let at = 40;
  while (at + 8 <= packet.length) {
    const fragment = next === IPV6_FRAGMENT ? be16(packet, at + 2) : 0;
    // One that is all of it (RFC 6946) is no piece.
    const isPiece = (fragment & 0xfff9) !== 0;
    if (isPiece && packet[at] === UDP) {
      const key = `${source} ${destination} ${be16(packet, at + 4)} ${be16(packet, at + 6)}`;
      const [offset, isLast] = [fragment & 0xfff8, (fragment & 1) === 0];
      return { key, source, destination, offset, isLast, bytes: packet.subarray(at + 8, end) };
    }
    if (IPV6_EXTENSIONS.has(next)) [next, at] = [packet[at], at + (packet[at + 1] + 1) * 8];
    else if (next === AUTHENTICATION) [next, at] = [packet[at], at + (packet[at + 1] + 2) * 4];
    else if (next === IPV6_FRAGMENT && !isPiece) [next, at] = [packet[at], at + 8];
    else break;
  }
  return next === UDP ? udp(packet, at, end, source, destination) : undefined;
}

/** The datagram in packet[start..end), of which the packet may have the beginning alone. */
export function udp(
  packet: Uint8Array,
  start: number,
  end: number,
  source: string,
  destination: string,
): UdpDatagram | undefined {
  const body = start + 8;
  const length = be16(packet, start + 4);
  const whole = Math.min(end, start + length);
  const last = Math.min(whole, packet.length);
  if (length < 8 || last < body) return undefined;
  const datagram = {
    from: { host: source, port: be16(packet, start) },
    to: { host: destination, port: be16(packet, start + 2) },
    bytes: packet.subarray(body, last),
  };
  return whole > last ? { ...datagram, cut: whole - last } : datagram;
}

/** 0 behind the end. */
const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const dotted = (bytes: Uint8Array, at: number): string => bytes.subarray(at, at + 4).join('.');

/** An address of IPv6, the longest run of zeros left out; one of IPv4 within it as such. */
function groups(bytes: Uint8Array, at: number): string {
  const words = Array.from({ length: 8 }, (_, i) => be16(bytes, at + 2 * i));
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return dotted(bytes, at + 12);
  const text = words.map((word) => word.toString(16)).join(':');
  const zeros = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)];
  const longest = zeros.reduce<RegExpExecArray | undefined>(
    (best, run) => (best !== undefined && best[0].length >= run[0].length ? best : run),
    undefined,
  );
  if (longest === undefined) return text;
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}
