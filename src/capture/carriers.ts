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

/**
 * The way from one end to the other: headers of IP and UDP as a datagram had them, or could have had them.
 * They are made once; what differs from one datagram to the next is put in.
 */
export class IpPath {
  /** Bytes before a datagram. */
  readonly length: number;
  /** Four bytes each, as they are written: one by one they take four times as long. */
  readonly #words: Int32Array;
  /** What is before a datagram depends on the datagram, and not on its length alone. */
  readonly isV6: boolean;
  /** Of the IPv4 header without lengths and its own sum; of the IPv6 addresses. */
  readonly #sum: number;

  constructor(from: Endpoint, to: Endpoint) {
    const [source, destination] = [addressBytes(from.host), addressBytes(to.host)];
    // A socket that listens on everything answers in the family in which it was asked.
    this.isV6 = source.length === 16 || destination.length === 16;
    const header = this.isV6 ? IPV6_HEADER : IPV4_HEADER;
    this.length = header + UDP_HEADER;
    const out = new Uint8Array(this.length);
    if (this.isV6) {
      out[0] = 0x60;
      out[6] = UDP;
      out[7] = TTL;
      out.set(inV6(source), 8);
      out.set(inV6(destination), 24);
    } else {
      out[0] = 0x45;
      out[8] = TTL;
      out[9] = UDP;
      out.set(source, 12);
      out.set(destination, 16);
    }
    put16(out, header, from.port);
    put16(out, header + 2, to.port);
    const view = new DataView(out.buffer);
    this.#words = Int32Array.from({ length: out.length / 4 }, (_, i) => view.getInt32(4 * i));
    this.#sum = wordsOf(out, this.isV6 ? 8 : 0, header);
  }

  /**
   * Before a datagram of `size` bytes that stands `length` bytes behind `start`; `view`: of all of `out`.
   */
  put(out: Uint8Array, view: DataView, start: number, size: number): void {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) view.setInt32(start + 4 * i, words[i]);
    const udp = start + this.length - UDP_HEADER;
    view.setUint16(udp + 4, UDP_HEADER + size);
    if (!this.isV6) {
      const whole = this.length + size;
      view.setUint16(start + 2, whole);
      view.setUint16(start + 10, folded(this.#sum + whole));
      // IPv4 may leave the sum of UDP out; 0 says that it is.
      return;
    }
    view.setUint16(start + 4, UDP_HEADER + size);
    const sum = this.#sum + UDP_HEADER + size + UDP + wordsOf(out, udp, udp + UDP_HEADER + size);
    view.setUint16(udp + 6, folded(sum) || 0xffff);
  }
}

/** A datagram with its headers. */
export function overIp(datagram: Uint8Array, from: Endpoint, to: Endpoint): Uint8Array {
  const path = new IpPath(from, to);
  const out = new Uint8Array(path.length + datagram.length);
  out.set(datagram, path.length);
  path.put(out, new DataView(out.buffer), 0, datagram.length);
  return out;
}

function put16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

/** The sum of the words of bytes[start..end), most significant byte first, for a checksum of the internet. */
function wordsOf(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i += 2) total += (bytes[i] << 8) | (i + 1 < end ? bytes[i + 1] : 0);
  return total;
}

function folded(total: number): number {
  let sum = total;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
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
 * Makes an RMCP+ packet in the clear of the header of the sealed one, of which `start` bytes stand at
 * `at`: without its two flags, for a payload of so many bytes.
 */
export function inTheClear(out: Uint8Array, at: number, start: number, size: number): void {
  out[at + RMCP_HEADER + 1] &= 0x3f;
  out[at + start - 2] = size;
  out[at + start - 1] = size >>> 8;
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
