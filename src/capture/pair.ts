import { putBytes } from '../wire/index.ts';
import { inTheClear, type IpPath } from './carriers.ts';
import type { Comment } from './comment.ts';
import { PACKET_DATA, packetBlockLength, putPacket } from './pcapng.ts';

/** How long the bytes are that differ from one pair to the next, which stand at the same place in each. */
export interface PairSizes {
  readonly direction: 'in' | 'out';
  /** Headers of IP and UDP. */
  readonly headers: number;
  readonly datagram: number;
  /** The same datagram in the clear. */
  readonly clear: number;
}

/** Of a message in RMCP+, what stands before it. */
export const SESSION_HEADER = 16;

/** Whose datagrams they are: between whom, and which interfaces of the file have them. */
export class PacketWay {
  readonly path: IpPath;
  readonly wire: number;
  readonly decrypted: number;
  /** Of the list on which it stands, and where on it. */
  mark: object | undefined = undefined;
  number = 0;

  constructor(path: IpPath, wire: number, decrypted: number) {
    this.path = path;
    this.wire = wire;
    this.decrypted = decrypted;
  }
}

/**
 * A datagram and the same in the clear, as two blocks of a file one behind the other. Most packets say what
 * one before them has said: they are copied from that one, and only what differs is written.
 */
export class Pair {
  readonly blocks: Uint8Array;
  /** Of the list on which it stands, and where on it. */
  mark: object | undefined = undefined;
  number = 0;
  readonly #view: DataView;
  /** Whose headers stand in it. */
  #path: IpPath | undefined;
  /** Where the block begins that is in the clear. */
  readonly second: number;
  /** Behind the last digit of the microseconds, in the first and in the second block. */
  readonly digits: number;
  readonly digitsAgain: number;
  readonly #sizes: PairSizes;
  readonly #below: Uint8Array | undefined;

  /** `below`: the line under the words, where there is one. The comment may end in microseconds. */
  constructor(sizes: PairSizes, comment: Comment, below: Uint8Array | undefined) {
    const { direction, headers, datagram, clear } = sizes;
    this.#sizes = sizes;
    this.#below = below;
    this.second = packetBlockLength(headers + datagram, comment.length);
    this.blocks = new Uint8Array(this.second + packetBlockLength(headers + clear, comment.length));
    const view = new DataView(this.blocks.buffer);
    this.#view = view;
    const end = comment.length - ' us'.length;
    const put = (start: number, length: number): number => {
      const text = putPacket(view, start, 0, 0, direction, headers + length, comment.length);
      comment.put(this.blocks, text);
      return text + end;
    };
    this.digits = put(0, datagram);
    this.digitsAgain = put(this.second, clear);
  }

  /** Whether it can be copied for such a one. */
  fits(
    direction: 'in' | 'out',
    headers: number,
    datagram: number,
    clear: number,
    below: Uint8Array | undefined,
  ): boolean {
    const sizes = this.#sizes;
    return (
      sizes.datagram === datagram &&
      sizes.clear === clear &&
      this.#below === below &&
      sizes.headers === headers &&
      sizes.direction === direction
    );
  }

  /**
   * Copies it to `start`, with what is its own but for the packets: interfaces, time (microseconds in two
   * words), and the microseconds of its comment, as many digits as the first had; -1: none.
   */
  put(
    out: Uint8Array,
    view: DataView,
    start: number,
    { path, wire, decrypted }: PacketWay,
    high: number,
    low: number,
    took: number,
  ): void {
    if (this.#path !== path) this.#goes(path);
    out.set(this.blocks, start);
    view.setUint32(start + 8, wire, true);
    view.setUint32(start + 12, high, true);
    view.setUint32(start + 16, low, true);
    const again = start + this.second;
    view.setUint32(again + 8, decrypted, true);
    view.setUint32(again + 12, high, true);
    view.setUint32(again + 16, low, true);
    if (took >= 0) this.#putMicroseconds(out, start, took);
  }

  /** Puts in the datagram and the message that it holds. */
  fill(
    out: Uint8Array,
    view: DataView,
    start: number,
    { path }: PacketWay,
    datagram: Uint8Array,
    message: Uint8Array,
  ): void {
    const sealed = start + PACKET_DATA + path.length;
    const header = start + this.second + PACKET_DATA + path.length;
    out.set(datagram, sealed);
    for (let i = 0; i < SESSION_HEADER; i += 4) view.setInt32(header + i, view.getInt32(sealed + i));
    inTheClear(out, header, SESSION_HEADER, message.length);
    putBytes(out, header + SESSION_HEADER, message);
    if (!path.isV6) return;
    path.put(out, view, start + PACKET_DATA, datagram.length);
    path.put(out, view, start + this.second + PACKET_DATA, SESSION_HEADER + message.length);
  }

  #goes(path: IpPath): void {
    this.#path = path;
    path.put(this.blocks, this.#view, PACKET_DATA, this.#sizes.datagram);
    path.put(this.blocks, this.#view, this.second + PACKET_DATA, this.#sizes.clear);
  }

  #putMicroseconds(out: Uint8Array, start: number, microseconds: number): void {
    let left = microseconds;
    let [at, again] = [start + this.digits, start + this.digitsAgain];
    do {
      const digit = 0x30 + (left % 10);
      out[--at] = out[--again] = digit;
      left = Math.floor(left / 10);
    } while (left > 0);
  }
}
