import type { IpPath } from './carriers.ts';
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

/**
 * A datagram and the same in the clear, as two blocks of a file one behind the other. Most packets say what
 * one before them has said: they are copied from that one, and only what differs is written.
 */
export class Pair {
  readonly blocks: Uint8Array;
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

  /** Copies it to `start`, with places and a time of its own; the packets themselves are left to the caller. */
  put(
    out: Uint8Array,
    view: DataView,
    start: number,
    path: IpPath,
    wire: number,
    clear: number,
    time: number,
  ): void {
    if (this.#path !== path) this.#goes(path);
    out.set(this.blocks, start);
    const high = Math.floor(time / 2 ** 32);
    const low = time - high * 2 ** 32;
    view.setUint32(start + 8, wire, true);
    view.setUint32(start + 12, high, true);
    view.setUint32(start + 16, low, true);
    const again = start + this.second;
    view.setUint32(again + 8, clear, true);
    view.setUint32(again + 12, high, true);
    view.setUint32(again + 16, low, true);
  }

  #goes(path: IpPath): void {
    this.#path = path;
    path.put(this.blocks, this.#view, PACKET_DATA, this.#sizes.datagram);
    path.put(this.blocks, this.#view, this.second + PACKET_DATA, this.#sizes.clear);
  }

  /** Writes the microseconds of one that was copied to `start`; as many digits as the first had. */
  putMicroseconds(out: Uint8Array, start: number, microseconds: number): void {
    let left = microseconds;
    let [at, again] = [start + this.digits, start + this.digitsAgain];
    do {
      const digit = 0x30 + (left % 10);
      out[--at] = out[--again] = digit;
      left = Math.floor(left / 10);
    } while (left > 0);
  }
}
