/** The memory of the one datagram that is being made: sockets copy what they send. */
export class Outgoing {
  readonly #memory: Uint8Array;
  /** Of the last datagram: most are as long as that. */
  #view: Uint8Array;

  constructor(size: number) {
    this.#memory = new Uint8Array(size);
    this.#view = this.#memory;
  }

  /** Bytes for the next datagram, with whatever was in them; a larger one has memory of its own. */
  take(size: number): Uint8Array {
    if (this.#view.length === size) return this.#view;
    if (size > this.#memory.length) return new Uint8Array(size);
    return (this.#view = this.#memory.subarray(0, size));
  }
}

/** Of whichever session; memory of its own for each answer would cost more than to encrypt it. */
export const OUTGOING = new Outgoing(2048);
