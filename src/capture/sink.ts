import type { PacketWay, Pair } from './pair.ts';
import { blocksIn, PacketBlock, type CapturedPacket } from './pcapng.ts';

/**
 * Takes the blocks of packets. They are written straight into its memory: a piece of memory for each of
 * them would cost more than what is put into it.
 */
export interface PacketSink {
  /** Packets that were left out before the one that is made now. */
  readonly missing: number;
  /** What `room` is in; another one after each. */
  readonly memory: Uint8Array;
  /**
   * Where the blocks of so many packets are to be written, at once, one behind the other; -1: nowhere, they
   * are left out. Default: one.
   */
  room(length: number, packets?: number): number;
  /** They are there. */
  done(): void;
  /**
   * Takes what a pair of blocks is made of, and makes them when somebody wants them: a datagram and the
   * message that it holds, `time` and `took` in microseconds (-1: nothing took any). Copied at once. Only
   * while none is missing. Default: it wants blocks.
   */
  keep?(
    pair: Pair,
    way: PacketWay,
    time: number,
    took: number,
    datagram: Uint8Array,
    message: Uint8Array,
  ): void;
}

const SLAB = 16 * 1024;

/** Gives each packet to a function, which may keep it. */
export class PacketCalls implements PacketSink {
  readonly missing = 0;
  readonly #write: (packet: CapturedPacket) => void;
  #memory = new Uint8Array(0);
  #start = 0;
  #fill = 0;

  constructor(write: (packet: CapturedPacket) => void) {
    this.#write = write;
  }

  get memory(): Uint8Array {
    return this.#memory;
  }

  room(length: number): number {
    this.#start = this.#fill;
    if (this.#fill + length > this.#memory.length) {
      this.#memory = new Uint8Array(Math.max(SLAB, length));
      this.#start = 0;
    }
    this.#fill = this.#start + length;
    return this.#start;
  }

  done(): void {
    for (const block of blocksIn(this.#memory.subarray(this.#start, this.#fill)))
      this.#write(new PacketBlock(block));
  }
}

/** Bytes that are not kept any longer. */
const BATCH = 32 * 1024;

/**
 * Gives packets to somebody far away, many at a time; who is behind misses some, and the next one says how
 * many.
 */
export class PacketBatches implements PacketSink {
  readonly #send: (blocks: Uint8Array) => boolean;
  #memory = new Uint8Array(2 * BATCH);
  #fill = 0;
  #packets = 0;
  #missing = 0;
  /** What those say that wait. */
  #told = 0;

  /** `send` keeps what it is given, or says that it has not taken it. */
  constructor(send: (blocks: Uint8Array) => boolean) {
    this.#send = send;
  }

  get missing(): number {
    return this.#missing;
  }

  get memory(): Uint8Array {
    return this.#memory;
  }

  room(length: number, packets = 1): number {
    if (this.#fill + length > this.#memory.length) this.flush();
    if (length > this.#memory.length) this.#memory = new Uint8Array(length);
    const at = this.#fill;
    this.#fill += length;
    this.#packets += packets;
    return at;
  }

  done(): void {
    this.#told += this.#missing;
    this.#missing = 0;
    if (this.#fill >= BATCH) this.flush();
  }

  /** Sends what is there. */
  flush(): void {
    if (this.#fill === 0) return;
    if (!this.#send(this.#memory.slice(0, this.#fill))) this.#missing += this.#packets + this.#told;
    this.#fill = this.#packets = this.#told = 0;
  }
}
