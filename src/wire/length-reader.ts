/** Cuts a byte stream into frames that begin with their length, which does not count itself. */
export class LengthReader {
  readonly #least: number;
  readonly #most: number;
  #rest: Uint8Array = new Uint8Array(0);

  /** Bounds of a length byte. */
  constructor(least: number, most = 0xff) {
    this.#least = least;
    this.#most = most;
  }

  /**
   * The frames that are whole now, their length bytes included; undefined: a length is out of bounds, and the
   * stream's place lost.
   */
  push(bytes: Uint8Array): Uint8Array[] | undefined {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < all.length) {
      const length = all[at];
      if (length < this.#least || length > this.#most) return undefined;
      const end = at + 1 + length;
      if (end > all.length) break;
      frames.push(all.slice(at, end));
      at = end;
    }
    this.#rest = all.slice(at);
    return frames;
  }
}
