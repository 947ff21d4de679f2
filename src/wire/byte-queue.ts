/** Bytes in the order of their arrival, at most `capacity` of them. Its memory grows with what lies in it. */
export class ByteQueue {
  readonly capacity: number;
  #bytes = new Uint8Array(0);
  #start = 0;
  #length = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes what fits, from the front of `bytes`; returns how many that were. */
  push(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.capacity - this.#length);
    if (this.#start + this.#length + count > this.#bytes.length) this.#grow(this.#length + count);
    this.#bytes.set(bytes.subarray(0, count), this.#start + this.#length);
    this.#length += count;
    return count;
  }

  /** The first `count` bytes, or all that there are, removed. */
  take(count: number): Uint8Array {
    const taken = this.#bytes.slice(this.#start, this.#start + Math.min(count, this.#length));
    this.#start += taken.length;
    this.#length -= taken.length;
    if (this.#length === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.#start = this.#length = 0;
    // What a flood has grown is not kept for ever.
    if (this.#bytes.length > 4096) this.#bytes = new Uint8Array(0);
  }

  /** Room for `size` bytes, what is there moved to the front. */
  #grow(size: number): void {
    const held = this.#bytes.subarray(this.#start, this.#start + this.#length);
    const bytes =
      size * 2 <= this.#bytes.length
        ? this.#bytes
        : new Uint8Array(Math.min(this.capacity, Math.max(256, size * 2)));
    bytes.set(held);
    this.#bytes = bytes;
    this.#start = 0;
  }
}
