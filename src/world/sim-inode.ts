import type { SeededRandom } from './sim-random.ts';

/** One change since the last sync, with what it takes to undo it. */
interface Change {
  readonly position: number;
  /** Undefined: a truncation to `position`. */
  readonly data: Uint8Array | undefined;
  readonly oldSize: number;
  /** What lay under `data`, or behind the cut. */
  readonly old: Uint8Array;
}

/** What a disk writes in one go. */
const sector = 512;

/** A file's bytes: as programs see them, and what a power loss would leave. */
export class Inode {
  mode: number;
  readonly directory: boolean;
  size = 0;
  /** Zeros behind `size`. */
  #bytes = new Uint8Array(0);
  #changes: Change[] = [];
  /** How many changes were ever made: a sync covers those made before it began. */
  made = 0;

  constructor(mode: number, directory = false) {
    this.mode = mode;
    this.directory = directory;
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.slice(position, Math.max(position, Math.min(position + length, this.size)));
  }

  write(position: number, data: Uint8Array): void {
    if (data.length === 0) return;
    this.#record(position, data.slice(), this.read(position, data.length));
    this.#put(position, data);
  }

  truncate(size: number): void {
    this.#record(size, undefined, this.read(size, this.size));
    this.#cut(size);
  }

  /** Everything up to change number `synced` is durable. */
  sync(synced: number): void {
    const unsynced = this.made - synced;
    if (unsynced < this.#changes.length) this.#changes.splice(0, this.#changes.length - unsynced);
  }

  /**
   * The power goes: back to the last sync, plus whatever of the later changes the dice say had reached the
   * platter.
   */
  crash(random: SeededRandom): void {
    const changes = this.#changes;
    this.#changes = [];
    for (const { position, data, old, oldSize } of changes.toReversed()) {
      if (data) this.#bytes.fill(0, position, position + data.length);
      this.#cut(oldSize);
      this.#bytes.set(old, position);
    }
    const fate = pick(random, 4);
    if (fate === 0) return; // nothing had
    const torn = fate === 2 ? pick(random, changes.length + 1) : changes.length;
    for (const [i, { position, data }] of changes.entries()) {
      if (i > torn) return;
      if (!data) {
        if (fate !== 3 || pick(random, 2)) this.#cut(position);
      } else if (fate === 3) {
        this.#putSome(position, data, random);
      } else {
        this.#put(position, i === torn ? data.subarray(0, pick(random, data.length + 1)) : data);
      }
    }
  }

  /** Rot: one bit of the medium turns, and no sync will heal it. */
  flip(bit: number): void {
    const byte = bit >> 3;
    if (byte >= this.size) throw new RangeError(`bit ${bit} of a file of ${this.size} bytes`);
    this.#bytes[byte] ^= 1 << (bit & 7);
  }

  /** Sectors reach the platter in any order, so any of them may be missing. */
  #putSome(position: number, data: Uint8Array, random: SeededRandom): void {
    for (let from = 0; from < data.length;) {
      const to = Math.min(data.length, from + sector - ((position + from) % sector));
      if (pick(random, 2)) this.#put(position + from, data.subarray(from, to));
      from = to;
    }
  }

  #record(position: number, data: Uint8Array | undefined, old: Uint8Array): void {
    this.#changes.push({ position, data, oldSize: this.size, old });
    this.made++;
  }

  #put(position: number, data: Uint8Array): void {
    this.#reserve(position + data.length);
    this.#bytes.set(data, position);
    this.size = Math.max(this.size, position + data.length);
  }

  #cut(size: number): void {
    this.#reserve(size);
    this.#bytes.fill(0, size, Math.max(size, this.size));
    this.size = size;
  }

  /** Doubling: a journal is a million small appends. */
  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length, 256));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** 0 .. `limit` - 1. */
export function pick(random: SeededRandom, limit: number): number {
  return Math.floor(random.fraction() * limit);
}
