/**
 * Frames that wait until their medium can take them: in order, none lost, error answers included (R22, R23;
 * the kernel RFC had left it open).
 *
 * An interface puts every frame through its queue and calls `ready` when the medium opens again. `length` is
 * what it tells its attachment as `unsent`: answers that wait count as requests in flight, which bounds the
 * queue.
 */
export class OutQueue<F> {
  readonly #send: (frame: F) => boolean;
  #waiting: F[] = [];
  #sending = false;

  /** `send` returns false where the medium cannot take the frame now; it is then sent again later. */
  constructor(send: (frame: F) => boolean) {
    this.#send = send;
  }

  get length(): number {
    return this.#waiting.length;
  }

  put(frame: F): void {
    this.#waiting.push(frame);
    this.ready();
  }

  /**
   * The medium may take something: sends until it refuses. A `send` that makes the medium ready again is no
   * recursion.
   */
  ready(): void {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#waiting.length > 0 && this.#send(this.#waiting[0])) this.#waiting.shift();
    } finally {
      this.#sending = false;
    }
  }

  /** The peer is gone: what waits for it has no receiver. Returns how many frames that were. */
  clear(): number {
    return this.#waiting.splice(0).length;
  }
}
