import type { Channel } from '../../router/index.ts';
import type { IpmiMessage } from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import type { Session } from '../../state/sessions.ts';

/** A request as it was answered, for a console that asks again because the answer was lost. */
interface Answered {
  readonly seq: number;
  readonly netFn: number;
  readonly cmd: number;
  readonly data: Uint8Array;
  /** Undefined while the handler is at work. */
  answer: Uint8Array | undefined;
  /** Monotonic milliseconds when it was last seen. */
  at: number;
}

/** Requests whose answers are remembered; a console has at most a few outstanding. */
const REMEMBERED = 8;
/** Milliseconds after its last sight when the same sequence number and bytes are a new request. */
const REPEATED_WITHIN = 30_000;

/**
 * Tells a repeated request from a new one by its requester sequence number (IPMI 2.0 §6.12.12): a repeated one is
 * answered from memory, so that a lost answer does not add a second SEL entry. A console that never changes the number
 * cannot be told from one that repeats, so its requests are all new.
 */
export class RepeatedRequests {
  readonly #ring: (Answered | undefined)[] = [];
  #lastSeq = -1;
  #numbers = false;

  /** The entry of an earlier, equal request; undefined after noting a new one. */
  find({ seq, netFn, cmd, data }: IpmiMessage, now: number): Answered | undefined {
    if (this.#lastSeq >= 0 && seq !== this.#lastSeq) this.#numbers = true;
    this.#lastSeq = seq;
    const slot = seq % REMEMBERED;
    const earlier = this.#ring[slot];
    if (
      this.#numbers &&
      earlier?.seq === seq &&
      earlier.netFn === netFn &&
      earlier.cmd === cmd &&
      now - earlier.at < REPEATED_WITHIN &&
      same(earlier.data, data)
    ) {
      earlier.at = now;
      return earlier;
    }
    this.#ring[slot] = { seq, netFn, cmd, data: data.slice(), answer: undefined, at: now };
    return undefined;
  }

  /** A slow answer comes when the same number may stand for another request already: that one's memory is not touched. */
  answered({ seq, netFn, cmd, data }: IpmiMessage, answer: Uint8Array): void {
    const entry = this.#ring[seq % REMEMBERED];
    if (entry?.seq === seq && entry.netFn === netFn && entry.cmd === cmd && same(entry.data, data)) entry.answer = answer;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A session's end of the wire: what turns an answer into a datagram. */
export interface Link {
  readonly session: Session;
  readonly repeated: RepeatedRequests;
  /** The datagram that carries the response. `authType` is that of the request (IPMI 1.5). */
  seal(message: Uint8Array, authType: number): Uint8Array;
}

/** What the two kinds of sessions need of the interface that they share. */
export interface LanServer {
  readonly channel: Channel;
  send(datagram: Uint8Array, to: Endpoint): void;
  /** Answers a request outside of any session: only commands that need no privilege are served. */
  serveOutside(bytes: Uint8Array, from: Endpoint, wrap: (message: Uint8Array) => Uint8Array): void;
  /** Answers a request of a session; `ceiling` is the highest privilege that this one message may use. */
  serve(bytes: Uint8Array, from: Endpoint, link: Link, authType: number, ceiling: number): void;
}
