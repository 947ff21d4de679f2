import type { PacketWay, Pair } from './pair.ts';
import { blocksIn } from './pcapng.ts';
import { RawPackets } from './raw-packets.ts';
import type { PacketSink } from './sink.ts';

const CHUNK = 128 * 1024;
/** Bytes of the blocks of a chunk: those take more than what they are made of. */
const WRITTEN = 8 * CHUNK;
/** A ring has so many chunks at least: a whole one is forgotten at a time. */
const CHUNKS = 8;
const EMPTY = new RawPackets(0);

/**
 * The packets that were made last, for when something goes wrong. Bounded by bytes; the oldest are forgotten.
 *
 *   const ring = new PacketRing(8 << 20);
 *   bmc.taps.add(new Capture({ router: bmc.router, clock: world.clock }, ring));
 *   // when something has gone wrong
 *   for (const block of ring.take()) ...
 *
 * Of what is said again and again only what differs is kept, a fifth of its blocks; those are made when they
 * are taken.
 */
export class PacketRing implements PacketSink {
  readonly missing = 0;
  readonly #most: number;
  #chunks: RawPackets[] = [];
  #last = EMPTY;
  /** Of the chunks before the last. */
  #bytes = 0;

  /** `most`: bytes that are kept, as they would stand in a file. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are kept, as they would stand in a file. */
  get bytes(): number {
    return this.#bytes + this.#last.written;
  }

  get memory(): Uint8Array {
    return this.#last.memory;
  }

  room(length: number): number {
    if (this.#isFull(length)) this.#begin(length);
    const at = this.#last.room(length);
    if (at >= 0) return at;
    this.#begin(length);
    return this.#last.room(length);
  }

  keep(
    pair: Pair,
    way: PacketWay,
    time: number,
    took: number,
    datagram: Uint8Array,
    message: Uint8Array,
  ): void {
    const { length } = pair.blocks;
    if (!this.#isFull(length) && this.#last.keep(pair, way, time, took, datagram, message)) return;
    this.#begin(length);
    this.#last.keep(pair, way, time, took, datagram, message);
  }

  done(): void {}

  /** The blocks of all that are kept; they are kept no longer. */
  take(): Uint8Array[] {
    return [...this.taken()];
  }

  /** The same, each made when it is asked for: all of them may be much. */
  taken(): Generator<Uint8Array, void, void> {
    const chunks = this.#all();
    this.#chunks = [];
    this.#last = EMPTY;
    this.#bytes = 0;
    return blocksOf(chunks);
  }

  /** The same, and they stay. */
  all(): Uint8Array[] {
    return [...blocksOf(this.#all())];
  }

  #all(): RawPackets[] {
    return [...this.#chunks, this.#last];
  }

  #isFull(length: number): boolean {
    return this.#last.written + length > Math.min(WRITTEN, Math.floor(this.#most / CHUNKS));
  }

  /** Another chunk: the oldest one's memory, where that has to go and is large enough. */
  #begin(length: number): void {
    if (this.#last.written > 0) this.#chunks.push(this.#last);
    this.#bytes += this.#last.written;
    this.#last = EMPTY;
    const share = Math.floor(this.#most / CHUNKS);
    const limit = Math.max(Math.min(WRITTEN, share), length);
    while (this.#bytes + limit > this.#most && this.#chunks.length > 0) {
      const oldest = this.#chunks.shift() ?? EMPTY;
      this.#bytes -= oldest.written;
      if (oldest.memory.length < length) continue;
      oldest.clear();
      this.#last = oldest;
    }
    if (this.#last !== EMPTY) return;
    this.#last = new RawPackets((Math.max(Math.min(CHUNK, share), length) + 3) & ~3);
  }
}

function* blocksOf(chunks: readonly RawPackets[]): Generator<Uint8Array, void, void> {
  for (const chunk of chunks) yield* blocksIn(chunk.blocks());
}
