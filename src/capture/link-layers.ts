import type { Endpoint } from '../world/world.ts';
import { LinkType } from './pcapng.ts';

/** A datagram of UDP. */
export interface UdpDatagram {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** A window of the packet. */
  readonly bytes: Uint8Array;
}

const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
/** Tags of networks within one, four bytes each. */
const VLAN: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const UDP = 17;
/** Headers of IPv6 that may stand before UDP: hop-by-hop, routing, destination options. */
const IPV6_EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

/**
 * The datagram that a packet of a capture holds; undefined: it holds none, or a piece of one, or is of a
 * link type that nobody knows. Its checksums are not looked at: those of outgoing packets are often made
 * behind the place where captures are taken.
 */
export function udpIn(linkType: number, packet: Uint8Array): UdpDatagram | undefined {
  const start = ipStart(linkType, packet);
  if (start === undefined || start >= packet.length) return undefined;
  const version = packet[start] >> 4;
  if (version === 4) return ipv4(packet.subarray(start));
  return version === 6 ? ipv6(packet.subarray(start)) : undefined;
}

/** Where the IP header begins. */
function ipStart(linkType: number, packet: Uint8Array): number | undefined {
  switch (linkType) {
    case LinkType.RawIp:
    case LinkType.Ipv4:
    case LinkType.Ipv6:
    // What captures of some systems have for raw IP.
    case 12:
    case 14:
      return 0;
    case LinkType.Null:
    case LinkType.Loop:
      return 4;
    case LinkType.Ethernet:
      return afterType(packet, 12);
    case LinkType.LinuxSll:
      return afterType(packet, 14);
    case LinkType.LinuxSll2:
      return isIp(be16(packet, 0)) ? 20 : undefined;
    default:
      return undefined;
  }
}

function afterType(packet: Uint8Array, typeAt: number): number | undefined {
  let at = typeAt;
  while (VLAN.has(be16(packet, at))) at += 4;
  return isIp(be16(packet, at)) ? at + 2 : undefined;
}

const isIp = (type: number): boolean => type === ETHER_IPV4 || type === ETHER_IPV6;

function ipv4(packet: Uint8Array): UdpDatagram | undefined {
  const header = (packet[0] & 0x0f) * 4;
  // Where it was given to the network to be cut, the length is left out.
  const total = be16(packet, 2) || packet.length;
  const isFragment = (be16(packet, 6) & 0x3fff) !== 0;
  if (header < 20 || packet[9] !== UDP || isFragment) return undefined;
  return udp(packet, header, total, dotted(packet, 12), dotted(packet, 16));
}

function ipv6(packet: Uint8Array): UdpDatagram | undefined {
  if (packet.length < 40) return undefined;
  let next = packet[6];
  let at = 40;
  while (IPV6_EXTENSIONS.has(next) && at + 2 <= packet.length) {
    next = packet[at];
    at += (packet[at + 1] + 1) * 8;
  }
  if (next !== UDP) return undefined;
  return udp(packet, at, 40 + be16(packet, 4), groups(packet, 8), groups(packet, 24));
}

function udp(
  packet: Uint8Array,
  start: number,
  end: number,
  source: string,
  destination: string,
): UdpDatagram | undefined {
  const body = start + 8;
  const length = be16(packet, start + 4);
  const last = Math.min(end, start + length, packet.length);
  if (length < 8 || last < body) return undefined;
  return {
    from: { host: source, port: be16(packet, start) },
    to: { host: destination, port: be16(packet, start + 2) },
    bytes: packet.subarray(body, last),
  };
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
