import type { PacketWay, Pair } from './pair.ts';

/** First word of a record of raw material, with its length in words; of a block it is its type. */
const RAW = 0x80000000;
const LENGTH = 0xffff;
/** Words before the datagram of a record. */
const HEAD = 7;
/** A call for more bytes than that costs less than a loop. */
const FEW = 64;

/**
 * Packets one behind the other, as blocks of a file or as what a pair of blocks is made of. That is a fifth
 * of the blocks, and who makes them when somebody wants them makes them of many at once. A record is, in
 * words of four bytes:
 *
 *   RAW|length   pair   way   time (2)   microseconds it took   lengths   datagram   message
 *
 * where pair and way are numbers on a list and `lengths` are two, in bytes; the message is what the datagram
 * holds in the clear.
 */
export class RawPackets {
  readonly memory: Uint8Array;
  readonly #words: Int32Array;
  readonly #view: DataView;
  #fill = 0;
  #written = 0;
  #pairs: Pair[] = [];
  #ways: PacketWay[] = [];
  /** Of those that stand on these lists. It holds nothing: who has it outlives what is here. */
  #mark: object = {};

  /** `size`: bytes, a multiple of four. */
  constructor(size: number) {
    this.memory = new Uint8Array(size);
    this.#words = new Int32Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }

  /** Bytes of the blocks that all of it makes. */
  get written(): number {
    return this.#written;
  }

  /** Where a block of so many bytes is to be written; -1: it has no room. */
  room(length: number): number {
    const at = this.#fill;
    if (at + length > this.memory.length) return -1;
    this.#fill += length;
    this.#written += length;
    return at;
  }

  /** As `PacketSink.keep`; false: it has no room. */
  keep(
    pair: Pair,
    way: PacketWay,
    time: number,
    took: number,
    datagram: Uint8Array,
    message: Uint8Array,
  ): boolean {
    const words = this.#words;
    const at = this.#fill >> 2;
    const second = at + HEAD + ((datagram.length + 3) >> 2);
    const end = second + ((message.length + 3) >> 2);
    if (end > words.length) return false;
    const high = Math.floor(time / 2 ** 32);
    words[at] = RAW | (end - at);
    words[at + 1] = this.#pairNumber(pair);
    words[at + 2] = this.#wayNumber(way);
    words[at + 3] = high;
    words[at + 4] = time - high * 2 ** 32;
    words[at + 5] = took;
    words[at + 6] = datagram.length | (message.length << 16);
    copy(this.memory, (at + HEAD) << 2, datagram);
    copy(this.memory, second << 2, message);
    this.#fill = end << 2;
    this.#written += pair.blocks.length;
    return true;
  }

  /** Nothing is in it any more. */
  clear(): void {
    this.#fill = this.#written = 0;
    this.#pairs = [];
    this.#ways = [];
    this.#mark = {};
  }

  /** The blocks of all of it. */
  blocks(): Uint8Array {
    const words = this.#words;
    const out = new Uint8Array(this.#written);
    const view = new DataView(out.buffer);
    let at = 0;
    let start = 0;
    while (start < out.length) {
      const begin = at << 2;
      if (words[at] >= 0) {
        const length = this.#view.getUint32(begin + 4, true);
        out.set(this.memory.subarray(begin, begin + length), start);
        at += length >> 2;
        start += length;
        continue;
      }
      const pair = this.#pairs[words[at + 1]];
      const way = this.#ways[words[at + 2]];
      const lengths = words[at + 6];
      const text = begin + (HEAD << 2);
      const end = text + (lengths & 0xffff);
      const message = (end + 3) & ~3;
      pair.put(out, view, start, way, words[at + 3], words[at + 4], words[at + 5]);
      const datagram = this.memory.subarray(text, end);
      pair.fill(out, view, start, way, datagram, this.memory.subarray(message, message + (lengths >>> 16)));
      at += words[at] & LENGTH;
      start += pair.blocks.length;
    }
    return out;
  }

  #pairNumber(pair: Pair): number {
    if (pair.mark !== this.#mark) {
      pair.mark = this.#mark;
      pair.number = this.#pairs.push(pair) - 1;
    }
    return pair.number;
  }

  #wayNumber(way: PacketWay): number {
    if (way.mark !== this.#mark) {
      way.mark = this.#mark;
      way.number = this.#ways.push(way) - 1;
    }
    return way.number;
  }
}

function copy(out: Uint8Array, start: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > FEW) out.set(bytes, start);
  else for (let i = 0; i < length; i++) out[start + i] = bytes[i];
}
