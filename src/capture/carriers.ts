import { RMCP_HEADER, sum } from '../wire/index.ts';
import { parseEndpoint, type Endpoint } from '../world/world.ts';

/**
 * What stock Wireshark needs around a message to read it: IP and UDP around RMCP, and the block of HPM.2
 * around the frames of IPMB and KCS.
 */

/** Where Wireshark looks for RMCP unless it is told otherwise. */
export const RMCP_PORT = 623;
const UDP = 17;
const UDP_HEADER = 8;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TTL = 64;

/** `peer` as taps have it; of what is no address (a name, a path) 0.0.0.0 is made. */
export const endpointOf = (peer: string): Endpoint => parseEndpoint(peer) ?? { host: '0.0.0.0', port: 0 };

/** A datagram with the headers that it had, or could have had, on its way. */
export function overIp(datagram: Uint8Array, from: Endpoint, to: Endpoint): Uint8Array {
  const [source, destination] = [addressBytes(from.host), addressBytes(to.host)];
  // A socket that listens on everything answers in the family in which it was asked.
  const v6 = source.length === 16 || destination.length === 16;
  const header = v6 ? IPV6_HEADER : IPV4_HEADER;
  const out = new Uint8Array(header + UDP_HEADER + datagram.length);
  const view = new DataView(out.buffer);
  const length = UDP_HEADER + datagram.length;
  if (v6) {
    out[0] = 0x60;
    view.setUint16(4, length);
    out[6] = UDP;
    out[7] = TTL;
    out.set(inV6(source), 8);
    out.set(inV6(destination), 24);
  } else {
    out[0] = 0x45;
    view.setUint16(2, out.length);
    out[8] = TTL;
    out[9] = UDP;
    out.set(source, 12);
    out.set(destination, 16);
    view.setUint16(10, onesComplement(out, 0, IPV4_HEADER));
  }
  view.setUint16(header, from.port);
  view.setUint16(header + 2, to.port);
  view.setUint16(header + 4, length);
  out.set(datagram, header + UDP_HEADER);
  if (v6) view.setUint16(header + 6, onesComplement(out, 8, out.length, length + UDP) || 0xffff);
  // IPv4 may leave the sum out; 0 says that it is.
  return out;
}

/** The internet checksum of bytes[start..end), `begin` having been added already. */
function onesComplement(bytes: Uint8Array, start: number, end: number, begin = 0): number {
  let total = begin;
  for (let i = start; i < end; i += 2) total += (bytes[i] << 8) | (i + 1 < end ? bytes[i + 1] : 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** Four or sixteen bytes; 0.0.0.0 for what is no address. */
function addressBytes(host: string): Uint8Array {
  const [address] = host.split('%');
  if (!address.includes(':')) {
    const parts = address.split('.').map(Number);
    const isOne = parts.length === 4 && parts.every((part) => part >= 0 && part < 256);
    return Uint8Array.from(isOne ? parts : [0, 0, 0, 0]);
  }
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const groups = dotted
    ? `${dotted[1]}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`
    : address;
  const [head, tail] = groups.split('::').map((part) => part.split(':').filter(Boolean));
  const words = [...head, ...Array<string>(8 - head.length - (tail?.length ?? 0)).fill('0'), ...(tail ?? [])];
  return Uint8Array.from(words.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff]));
}

const hexPair = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);

/** As IPv6 writes an address of IPv4; the one of nobody is `::`. */
function inV6(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address;
  const out = new Uint8Array(16);
  if (address.some((byte) => byte !== 0)) out.set([0xff, 0xff, ...address], 10);
  return out;
}

/**
 * An RMCP+ packet in the clear: the header of the sealed one, without its two flags, around the open
 * payload.
 */
export function inTheClear(sealed: Uint8Array, start: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(start + payload.length);
  out.set(sealed.subarray(0, start));
  out[RMCP_HEADER + 1] &= 0x3f;
  out[start - 2] = payload.length;
  out[start - 1] = payload.length >>> 8;
  out.set(payload, start);
  return out;
}

/** Kinds of frames, HPM.2 table "trace data type". */
export const TraceType = { Ipmb: 1, Kcs: 5 } as const;
/** The controller received it, as bit 7 of the protocol data says. */
const TO_CONTROLLER = 0x80;

/**
 * A frame in the block of HPM.2:
 *
 *   type|channel   seconds (4)   milliseconds (2)   trace data type   protocol data (2)   length   frame
 *
 * `time`: microseconds since 1970. The frame is at most 255 bytes; more are left out.
 */
export function inHpm2(
  type: number,
  channel: number,
  direction: 'in' | 'out',
  time: number,
  frame: Uint8Array,
): Uint8Array {
  const length = Math.min(frame.length, 0xff);
  const out = new Uint8Array(11 + length);
  const view = new DataView(out.buffer);
  out[0] = channel & 0x0f;
  view.setUint32(1, Math.floor(time / 1_000_000) % 2 ** 32, true);
  view.setUint16(5, Math.floor(time / 1000) % 1000, true);
  out[7] = type;
  out[8] = direction === 'in' ? TO_CONTROLLER : 0;
  out[10] = length;
  out.set(frame.subarray(0, length), 11);
  return out;
}

/** Sets the second checksum of a message anew, after a byte of its data was changed. */
export function resum(message: Uint8Array): void {
  const last = message.length - 1;
  message[last] = -sum(message, 3, last);
}
