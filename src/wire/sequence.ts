/**
 * Inbound sequence numbers of a session: each is taken once, out of order within a window around the highest
 * seen (IPMI 2.0 §6.12.11: 1.5 sessions 8 either way; §6.12.13: RMCP+ 15 behind and 16 ahead). Numbers wrap
 * at 32 bits.
 */
export class SequenceWindow {
  readonly #ahead: number;
  readonly #behind: number;
  #highest: number;
  /** Bit n: highest - n was seen. */
  #seen = 1;

  /** `last` counts as seen: the number before the first that is expected. */
  constructor(last: number, ahead: number, behind: number) {
    this.#highest = last >>> 0;
    this.#ahead = ahead;
    this.#behind = behind;
  }

  /** True, and the number is taken, if it lies in the window and was not seen before. */
  take(sequence: number): boolean {
    const distance = (sequence - this.#highest) | 0;
    if (distance > 0) {
      if (distance > this.#ahead) return false;
      this.#seen = distance > 31 ? 1 : (this.#seen << distance) | 1;
      this.#highest = sequence >>> 0;
      return true;
    }
    if (-distance > this.#behind || this.#seen & (1 << -distance)) return false;
    this.#seen |= 1 << -distance;
    return true;
  }
}

/** The number after this one; 0 belongs to messages outside of a session. */
export const nextSequence = (sequence: number): number => (sequence + 1) >>> 0 || 1;
