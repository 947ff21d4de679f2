const NONE = new Uint8Array(0);
/** A call for more than that costs less than a loop. */
const FEW = 64;

/** Memory that is used again for what has to stay until the next of its kind. */
export class Kept {
  #memory: Uint8Array = NONE;
  #kept: Uint8Array = NONE;

  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length !== this.#kept.length) {
      if (length > this.#memory.length) this.#memory = new Uint8Array(Math.max(256, length));
      this.#kept = this.#memory.subarray(0, length);
    }
    const kept = this.#kept;
    if (length > FEW) kept.set(bytes);
    else for (let i = 0; i < length; i++) kept[i] = bytes[i];
    return kept;
  }
}
