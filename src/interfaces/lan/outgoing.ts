/** The memory of the one datagram that is being made: sockets copy what they send. */
export class Outgoing {
  readonly #memory: Uint8Array;
  /** Of the last datagram: most are as long as that. */
  #view: Uint8Array;
  /** Of the payload in it, as it was shown last. */
  #shown: Uint8Array;
  #isHeld = false;

  constructor(size: number) {
    this.#memory = new Uint8Array(size);
    this.#view = this.#memory;
    this.#shown = this.#memory;
  }

  /** Bytes for the next datagram, with whatever was in them; a larger one has memory of its own. */
  take(size: number): Uint8Array {
    if (this.#isHeld || size > this.#memory.length) return new Uint8Array(size);
    if (this.#view.length === size) return this.#view;
    return (this.#view = this.#memory.subarray(0, size));
  }

  /** datagram[start..start+length) of one that was taken. */
  window(datagram: Uint8Array, start: number, length: number): Uint8Array {
    const shown = this.#shown;
    if (shown.byteOffset === start && shown.length === length && shown.buffer === datagram.buffer)
      return shown;
    const window = datagram.subarray(start, start + length);
    if (datagram === this.#view) this.#shown = window;
    return window;
  }

  /** Who looks at a datagram that is being made may have another one sent: that has memory of its own. */
  shown<T>(tell: (seen: T) => void, seen: T): void {
    const wasHeld = this.#isHeld;
    this.#isHeld = true;
    try {
      tell(seen);
    } finally {
      this.#isHeld = wasHeld;
    }
  }
}

/** Of a payload that came, while taps look at it: a window of its datagram costs more than such a copy. */
export const INCOMING = new Outgoing(2048);

/** Of whichever session; memory of its own for each answer would cost more than to encrypt it. */
export const OUTGOING = new Outgoing(2048);
