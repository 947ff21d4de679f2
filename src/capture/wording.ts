import { Phrases } from './phrases.ts';
import type { CaptureParts } from './capture-parts.ts';
import { LONGEST_COMMENT } from './pcapng.ts';

const NEWLINE = 0x0a;
const TEXT = new TextEncoder();
const NONE = new Uint8Array(0);

/**
 * What captures share that write to one file, by one clock: words that were found before, and the comment
 * that is put together.
 */
export class Wording {
  readonly phrases = new Phrases();
  readonly comment = new Comment();
  #epoch: number | undefined;

  /**
   * Wall time less monotonic time, milliseconds: the same for all, or their packets would not be in order.
   */
  epoch(clock: CaptureParts['clock']): number {
    return (this.#epoch ??= clock.now() - clock.monotonic());
  }
}

/** Lines that are put together without a text of each being made. */
export class Comment {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #all: Uint8Array = NONE;

  /** Its bytes; the memory of the last comment, where that was as long. */
  get all(): Uint8Array {
    if (this.#all.length !== this.#length || this.#all.buffer !== this.#bytes.buffer)
      this.#all = this.#bytes.subarray(0, this.#length);
    return this.#all;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** A line, or several; of what is longer than a comment can be the end is left out. */
  line(text: Uint8Array | string): void {
    const bytes = typeof text === 'string' ? TEXT.encode(text) : text;
    const most = LONGEST_COMMENT - this.#length - 1;
    if (most <= 0) return;
    const length = Math.min(bytes.length, most);
    this.#reserve(length + 1);
    if (this.#length > 0) this.#bytes[this.#length++] = NEWLINE;
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.#length);
    this.#length += length;
  }

  /** Before all that is there; gives how many bytes that is. */
  first(line: string): number {
    const rest = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.line(line);
    if (rest.length > 0) this.line(rest);
    return this.#length - rest.length;
  }

  /** Takes bytes from the beginning. */
  cut(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  lines(texts: readonly string[] | undefined): void {
    if (texts !== undefined) for (const text of texts) this.line(text);
  }

  /** `12 us`, on a line of its own. */
  microseconds(count: number): void {
    this.#reserve(24);
    const bytes = this.#bytes;
    if (this.#length > 0) bytes[this.#length++] = NEWLINE;
    let digits = 1;
    for (let most = 10; count >= most; most *= 10) digits++;
    for (let left = count, at = this.#length + digits; at > this.#length; left = Math.floor(left / 10))
      bytes[--at] = 0x30 + (left % 10);
    this.#length += digits;
    for (const byte of UNIT) bytes[this.#length++] = byte;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#length + more) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const UNIT = TEXT.encode(' us');

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
    this.#kept.set(bytes);
    return this.#kept;
  }
}
