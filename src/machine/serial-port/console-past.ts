/** Bytes that are remembered of what a machine has said. */
const MOST = 1 << 16;
const LEAST = 256;

/** The last of what a machine has said on its serial console. Its memory grows with that, up to 64 KiB. */
export class ConsolePast {
  #bytes: Uint8Array;
  /** All that there was, forgotten bytes included. */
  #count = 0;

  /** `before`: what was said already. */
  constructor(before: Uint8Array = new Uint8Array(0)) {
    this.#bytes = new Uint8Array(roomFor(before.length));
    this.add(before);
  }

  add(characters: Uint8Array): void {
    const last = characters.length > MOST ? characters.subarray(-MOST) : characters;
    this.#count += characters.length - last.length;
    if (this.#count + last.length > this.#bytes.length && this.#bytes.length < MOST) this.#grow(last.length);
    const at = this.#count % this.#bytes.length;
    const head = last.subarray(0, this.#bytes.length - at);
    this.#bytes.set(head, at);
    this.#bytes.set(last.subarray(head.length), 0);
    this.#count += last.length;
  }

  /** The oldest first; a copy. */
  get bytes(): Uint8Array {
    const { length } = this.#bytes;
    if (this.#count <= length) return this.#bytes.slice(0, this.#count);
    const at = this.#count % length;
    const whole = new Uint8Array(length);
    whole.set(this.#bytes.subarray(at));
    whole.set(this.#bytes.subarray(0, at), length - at);
    return whole;
  }

  /** Nothing is forgotten before it is as large as it may be: what there is lies at the front. */
  #grow(more: number): void {
    const grown = new Uint8Array(roomFor(this.#count + more));
    grown.set(this.#bytes.subarray(0, Math.min(this.#count, this.#bytes.length)));
    this.#bytes = grown;
  }
}

/** The next power of two. */
const roomFor = (size: number): number =>
  Math.min(MOST, Math.max(LEAST, 2 ** Math.ceil(Math.log2(size || 1))));
