import { LONGEST_COMMENT } from './pcapng.ts';

const NEWLINE = 0x0a;
const TEXT = new TextEncoder();
/** Microseconds of which the text is kept once it was needed. */
const TIMES = 1024;
/** A call for more than that costs less than a loop. */
const FEW = 32;

/**
 * Lines that are put together where they are to stand: each is bytes that somebody else keeps, and nothing
 * is copied before.
 */
export class Comment {
  readonly #lines: Uint8Array[] = [];
  #count = 0;
  #length = 0;
  readonly #times: (Uint8Array | undefined)[] = [];

  /** Bytes of it. */
  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#count = this.#length = 0;
  }

  /** A line, or several; of what is longer than a comment can be the end is left out. */
  line(text: Uint8Array | string): void {
    const bytes = typeof text === 'string' ? TEXT.encode(text) : text;
    const most = LONGEST_COMMENT - this.#length - 1;
    if (most <= 0) return;
    const line = bytes.length > most ? bytes.subarray(0, most) : bytes;
    this.#length += line.length + (this.#count > 0 ? 1 : 0);
    this.#lines[this.#count++] = line;
  }

  lines(texts: readonly string[] | undefined): void {
    if (texts !== undefined) for (const text of texts) this.line(text);
  }

  /** `12 us`, on a line of its own. */
  microseconds(count: number): void {
    if (count >= TIMES) return this.line(`${count} us`);
    this.line((this.#times[count] ??= TEXT.encode(`${count} us`)));
  }

  /** Another comment that begins with one line more. */
  behind(line: string): Comment {
    const all = new Comment();
    all.line(line);
    for (let i = 0; i < this.#count; i++) all.line(this.#lines[i]);
    return all;
  }

  /** Writes its `length` bytes from `start` on. */
  put(out: Uint8Array, start: number): void {
    let at = start;
    for (let i = 0; i < this.#count; i++) {
      const line = this.#lines[i];
      const { length } = line;
      if (i > 0) out[at++] = NEWLINE;
      if (length > FEW) out.set(line, at);
      else for (let k = 0; k < length; k++) out[at + k] = line[k];
      at += length;
    }
  }
}
