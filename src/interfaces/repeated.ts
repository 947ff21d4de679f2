import type { IpmiMessage } from '../wire/index.ts';

/** A request as it was answered, for a requester that asks again because the answer was lost. */
export interface Answered {
  readonly seq: number;
  readonly netFn: number;
  readonly cmd: number;
  readonly data: Uint8Array;
  /** Undefined while the handler is at work. */
  answer: Uint8Array | undefined;
  /** A message that was sent after the answer: the response to a bridged request. */
  followUp: Uint8Array | undefined;
  /** Which of all new requests it was. */
  readonly index: number;
  /** Monotonic milliseconds when it was last seen. */
  at: number;
}

export interface RepeatedOptions {
  /** Requests whose answers are remembered. Default 8: a console has at most a few outstanding. */
  readonly remembered?: number;
  /** Newer requests after which a number stands for another one. Default `remembered`. */
  readonly window?: number;
  /** Milliseconds after its last sight when the same number and bytes are a new request. Default 30 000. */
  readonly within?: number;
  /** The requester is known to number its requests. Default: found out. */
  readonly numbered?: boolean;
}

/**
 * Tells a repeated request from a new one by its requester sequence number (IPMI 2.0 §6.12.12): a repeated one is
 * answered from memory, so that a lost answer does not add a second SEL entry. A console that never changes the number
 * cannot be told from one that repeats, so its requests are all new.
 */
export class RepeatedRequests {
  readonly #ring: (Answered | undefined)[] = [];
  readonly #remembered: number;
  readonly #window: number;
  readonly #within: number;
  #lastSeq = -1;
  #numbers: boolean;
  /** New requests so far. */
  #count = 0;

  constructor({ remembered = 8, window = remembered, within = 30_000, numbered = false }: RepeatedOptions = {}) {
    this.#remembered = remembered;
    this.#window = window;
    this.#within = within;
    this.#numbers = numbered;
  }

  /** The entry of an earlier, equal request; undefined after noting a new one. */
  find({ seq, netFn, cmd, data }: IpmiMessage, now: number): Answered | undefined {
    if (this.#lastSeq >= 0 && seq !== this.#lastSeq) this.#numbers = true;
    this.#lastSeq = seq;
    const slot = seq % this.#remembered;
    const earlier = this.#ring[slot];
    if (
      this.#numbers &&
      earlier?.seq === seq &&
      earlier.netFn === netFn &&
      earlier.cmd === cmd &&
      // Farther back, the number has come round again.
      this.#count - earlier.index <= this.#window &&
      now - earlier.at < this.#within &&
      same(earlier.data, data)
    ) {
      earlier.at = now;
      return earlier;
    }
    this.#ring[slot] = { seq, netFn, cmd, data: data.slice(), answer: undefined, followUp: undefined, index: ++this.#count, at: now };
    return undefined;
  }

  /** A slow answer comes when the same number may stand for another request already: that one's memory is not touched. */
  answered(request: IpmiMessage, answer: Uint8Array): void {
    const entry = this.#entryOf(request);
    if (entry) entry.answer = answer;
  }

  /** As `answered`. */
  followed(request: IpmiMessage, followUp: Uint8Array): void {
    const entry = this.#entryOf(request);
    if (entry) entry.followUp = followUp;
  }

  #entryOf({ seq, netFn, cmd, data }: IpmiMessage): Answered | undefined {
    const entry = this.#ring[seq % this.#remembered];
    return entry?.seq === seq && entry.netFn === netFn && entry.cmd === cmd && same(entry.data, data) ? entry : undefined;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
