import { blocksIn } from './pcapng.ts';
import type { PacketSink } from './sink.ts';

const CHUNK = 128 * 1024;
/** A ring has so many chunks at least: a whole one is forgotten at a time. */
const CHUNKS = 8;
const NONE = new Uint8Array(0);

/**
 * The packets that were made last, for when something goes wrong. Bounded by bytes; the oldest are forgotten.
 *
 *   const ring = new PacketRing(8 << 20);
 *   bmc.taps.add(new Capture({ router: bmc.router, clock: world.clock }, ring));
 *   // when something has gone wrong
 *   for (const block of ring.take()) ...
 */
export class PacketRing implements PacketSink {
  readonly missing = 0;
  readonly #most: number;
  #chunks: Uint8Array[] = [];
  #memory: Uint8Array = NONE;
  #fill = 0;
  #bytes = 0;

  /** `most`: bytes that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get memory(): Uint8Array {
    return this.#memory;
  }

  room(length: number): number {
    if (this.#fill + length > this.#memory.length) this.#begin(length);
    const at = this.#fill;
    this.#fill += length;
    this.#bytes += length;
    return at;
  }

  done(): void {}

  /** The blocks of all that are kept; they are kept no longer. */
  take(): Uint8Array[] {
    const all = this.all();
    this.#chunks = [];
    this.#memory = NONE;
    this.#fill = this.#bytes = 0;
    return all;
  }

  /** The same, and they stay. */
  all(): Uint8Array[] {
    return [...this.#chunks, this.#memory.subarray(0, this.#fill)].flatMap((chunk) => [...blocksIn(chunk)]);
  }

  /** Another chunk: the oldest one's memory, where that has to go and is large enough. */
  #begin(length: number): void {
    if (this.#fill > 0) this.#chunks.push(this.#memory.subarray(0, this.#fill));
    this.#memory = NONE;
    this.#fill = 0;
    const size = Math.max(Math.min(CHUNK, Math.floor(this.#most / CHUNKS)), length);
    while (this.#bytes + size > this.#most && this.#chunks.length > 0) {
      const oldest = this.#chunks.shift() ?? NONE;
      this.#bytes -= oldest.length;
      if (this.#memory.length < length) this.#memory = new Uint8Array(oldest.buffer);
    }
    if (this.#memory.length < length) this.#memory = new Uint8Array(size);
  }
}
