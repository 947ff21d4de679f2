import type { Message } from '../joint/message.ts';
import type { Page, Words } from './phrases.ts';
import type { Subject } from './sieve.ts';

/** A request until its response is sent. */
export interface Awaited {
  readonly id: number;
  readonly peer: string;
  readonly seq: number;
  readonly netFn: number;
  readonly cmd: number;
  /** When it came, monotonic milliseconds. */
  readonly at: number;
  readonly page: Page;
  /** What the response answers, where something may be secret. */
  readonly request: Message | undefined;
  /** Whether it is wanted, where there is a filter. */
  readonly subject: Subject | undefined;
  /** How it ended, once that is known. */
  words: Words | undefined;
  /** Monotonic milliseconds. */
  answeredAt: number | undefined;
  isLate: boolean;
}

/** Requests under way of which the answer is awaited; more are forgotten, the oldest first. */
const MOST = 1024;

/**
 * Requests under way. Most are answered and sent before the next one comes: that one is at hand, and only
 * what is overtaken is put on a list.
 */
export class Awaiting {
  readonly #byId = new Map<number, Awaited>();
  readonly #byKey = new Map<string, Awaited>();
  #latest: Awaited | undefined;

  add(request: Awaited): void {
    const before = this.#latest;
    this.#latest = request;
    if (before === undefined) return;
    if (before.words === undefined) put(this.#byId, before.id, before);
    put(this.#byKey, keyOf(before.peer, before.seq, before.netFn, before.cmd), before);
  }

  /** The request that has its answer now. */
  answered(id: number): Awaited | undefined {
    if (this.#latest?.id === id) return this.#latest;
    const awaited = this.#byId.get(id);
    this.#byId.delete(id);
    return awaited;
  }

  /** What this message to the peer responds to; undefined: nothing that has been answered. */
  find(peer: string, response: Uint8Array): Awaited | undefined {
    if (response.length < 7) return undefined;
    const [netFn, seq, cmd] = [(response[1] >> 2) & ~1, response[4] >> 2, response[5]];
    const {
      netFn: latestNetFn,
      seq: latestSeq,
      cmd: latestCmd,
      words,
      peer: latestPeer,
    } = this.#latest ?? NOTHING;
    if (words && latestPeer === peer && latestSeq === seq && latestCmd === cmd && latestNetFn === netFn)
      return this.#latest;
    if (this.#byKey.size === 0) return undefined;
    const awaited = this.#byKey.get(keyOf(peer, seq, netFn, cmd));
    return awaited?.words === undefined ? undefined : awaited;
  }

  /** Nothing more will be asked of it. */
  sent(request: Awaited): void {
    if (this.#latest === request) this.#latest = undefined;
    else this.#byKey.delete(keyOf(request.peer, request.seq, request.netFn, request.cmd));
  }
}

const NOTHING: Partial<Awaited> = {};

const keyOf = (peer: string, seq: number, netFn: number, cmd: number): string =>
  `${peer} ${seq} ${netFn} ${cmd}`;

function put<K>(map: Map<K, Awaited>, key: K, request: Awaited): void {
  map.set(key, request);
  if (map.size <= MOST) return;
  for (const [oldest] of map) return void map.delete(oldest);
}
