import type { Context, SessionView } from '../router/index.ts';
import type { IpmiMessage } from '../wire/index.ts';

/** A request as it was answered, for a requester that asks again because the answer was lost. */
export interface Answered {
  readonly request: IpmiMessage;
  /** Whose it was, and with which level: what was answered to one is no answer for another. */
  readonly session: SessionView | undefined;
  readonly privilege: number;
  /** Undefined while the handler is at work. */
  answer: Uint8Array | undefined;
  /** A message that was sent after the answer: the response to a bridged request. */
  followUp: Uint8Array | undefined;
  /** Times that it was asked again. */
  repetitions: number;
  /** Which of all new requests it was. */
  readonly index: number;
  /** Monotonic milliseconds when it came. Seeing it again does not renew it. */
  readonly at: number;
}

export interface RepeatedOptions {
  /** Requests whose answers are remembered. Default 8: a console has at most a few outstanding. */
  readonly remembered?: number;
  /**
   * The requester numbers its requests and uses a number again only after so many others (Requester does):
   * until then it stands for its request whatever comes between. Default: nothing is known of it, and any
   * other request forgets what was answered.
   */
  readonly window?: number;
  /**
   * Milliseconds from a request's first sight in which the same number and bytes are that request. Default
   * 16 000: clients wait longer with each try.
   */
  readonly within?: number;
}

/**
 * Times that a request is taken for a repetition: no client asks more often while one that polls with one
 * number does.
 */
const REPETITIONS = 5;

/**
 * Tells a repeated request from a new one by its requester sequence number (IPMI 2.0 §6.12.12): a repeated
 * one is answered from memory, so that a lost answer does not add a second SEL entry. A console that never
 * changes the number cannot be told from one that repeats, so its requests are all new. Whoever is about to
 * answer from memory asks first whether the request may still be carried out (Router.check).
 */
export class RepeatedRequests {
  readonly #ring: (Answered | undefined)[] = [];
  readonly #remembered: number;
  readonly #window: number | undefined;
  readonly #within: number;
  #lastSeq = -1;
  #numbers: boolean;
  /** New requests so far. */
  #count = 0;

  constructor({ remembered = 8, window, within = 16_000 }: RepeatedOptions = {}) {
    this.#remembered = remembered;
    this.#window = window;
    this.#within = within;
    this.#numbers = window !== undefined;
  }

  /**
   * The entry of an earlier, equal request of the same party; undefined after noting a new one. `now`:
   * monotonic milliseconds.
   */
  find(request: IpmiMessage, context: Context, now: number): Answered | undefined {
    const { seq } = request;
    if (this.#lastSeq >= 0 && seq !== this.#lastSeq) this.#numbers = true;
    this.#lastSeq = seq;
    const slot = seq % this.#remembered;
    const earlier = this.#ring[slot];
    const { privilege } = context;
    const { session } = context.origin;
    if (
      this.#numbers &&
      earlier !== undefined &&
      (earlier.answer === undefined || earlier.repetitions < REPETITIONS) &&
      earlier.privilege === privilege &&
      earlier.session === session &&
      // Farther back, the number has come round again.
      this.#count - earlier.index <= (this.#window ?? this.#remembered) &&
      now - earlier.at < this.#within &&
      same(earlier.request, request)
    ) {
      earlier.repetitions++;
      return earlier;
    }
    if (this.#window === undefined) this.#forgetAnswered();
    this.#ring[slot] = {
      request,
      session,
      privilege,
      answer: undefined,
      followUp: undefined,
      repetitions: 0,
      index: ++this.#count,
      at: now,
    };
    return undefined;
  }

  /**
   * A slow answer comes when the same number may stand for another request already: that one's memory is not
   * touched.
   */
  answered(request: IpmiMessage, answer: Uint8Array): void {
    const entry = this.#entryOf(request);
    if (entry) entry.answer = answer;
  }

  /** It gets no answer, and is not remembered. */
  forget(request: IpmiMessage): void {
    if (this.#entryOf(request)) this.#ring[request.seq % this.#remembered] = undefined;
  }

  /** As `answered`. */
  followed(request: IpmiMessage, followUp: Uint8Array): void {
    const entry = this.#entryOf(request);
    if (entry) entry.followUp = followUp;
  }

  /**
   * What comes now was asked after those were answered, and may have undone what they did. Those at work are
   * not over yet.
   */
  #forgetAnswered(): void {
    for (let i = 0; i < this.#ring.length; i++)
      if (this.#ring[i]?.answer !== undefined) this.#ring[i] = undefined;
  }

  #entryOf(request: IpmiMessage): Answered | undefined {
    const entry = this.#ring[request.seq % this.#remembered];
    return entry !== undefined && same(entry.request, request) ? entry : undefined;
  }
}

/** Everything that makes a request: who asks, by which number, whom, what. */
function same(a: IpmiMessage, b: IpmiMessage): boolean {
  return (
    a.seq === b.seq &&
    a.netFn === b.netFn &&
    a.cmd === b.cmd &&
    a.to === b.to &&
    a.toLun === b.toLun &&
    a.from === b.from &&
    a.fromLun === b.fromLun &&
    sameBytes(a.data, b.data)
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
