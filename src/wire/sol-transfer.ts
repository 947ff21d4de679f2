import { ByteQueue } from './byte-queue.ts';
import { SOL_CHARACTERS } from './sol.ts';

/** A SOL packet without the meaning of its operation or status bits: those are `F`. */
export interface SolPacket<F> {
  readonly sequence: number;
  readonly ackSequence: number;
  readonly accepted: number;
  readonly nack: boolean;
  readonly characters: Uint8Array;
  readonly flags: Partial<F>;
}

/** Times in milliseconds. */
export interface SolTiming {
  /** How long fewer characters than `threshold` wait for more. */
  readonly accumulate: number;
  readonly threshold: number;
  /**
   * Times that a packet is sent again when nobody acknowledges it; then it is dropped (§26.3, parameter 4).
   */
  readonly retries: number;
  readonly retryInterval: number;
}

export interface SolTransferOptions {
  /** Asked for at each packet: the parameters may change while it runs. */
  readonly timing: () => SolTiming;
  /** Most characters of a packet that is sent. */
  readonly packet: number;
  /** Most characters that wait to be sent. */
  readonly capacity: number;
  /** Takes characters that came, and returns how many. */
  readonly accept: (characters: Uint8Array) => number;
}

interface Outstanding<F> {
  readonly sequence: number;
  readonly characters: Uint8Array;
  readonly flags: Partial<F>;
  sent: number;
  due: number;
}

/**
 * Characters that could not be taken: the NACK waits, because many clients send again as soon as they have
 * it.
 */
interface Held {
  readonly sequence: number;
  readonly characters: Uint8Array;
  readonly due: number;
}

const NACK_AFTER = 250;
/**
 * After a NACK the same characters are tried again not sooner than this, unless the far end says that it can
 * take more.
 */
const NACK_PAUSE = 100;
/**
 * A packet that others have overtaken is taken only if it is the very next one, and not older than this many
 * packets.
 */
const LATE = 8;
const EMPTY: Uint8Array = new Uint8Array(0);

const next = (sequence: number): number => (sequence % 15) + 1;

/**
 * One end of a SOL connection (§15.11): each direction has one packet on its way at a time, which is sent
 * again until it is acknowledged. Both ends work alike; what the operation and status bits do is the owner's.
 * No clock and no socket: after anything that happens, send what `poll` gives until it gives nothing, and
 * poll again at `wakeAt`.
 */
export class SolTransfer<F extends object> {
  /** Characters that were dropped because nobody acknowledged them, or because there was no room. */
  lost = 0;
  /** No new packets: the far end asked for silence. */
  paused = false;
  readonly #options: SolTransferOptions;
  readonly #queue: ByteQueue;
  /** Returned by the far end: they go before the queue. */
  #returned: Uint8Array = EMPTY;
  #queuedAt = 0;
  #urgent: Partial<F> | undefined;
  #noted: Partial<F> | undefined;
  #out: Outstanding<F> | undefined;
  #lastSent = 0;
  #failing = false;
  #refusedUntil = 0;
  #lastReceived = 0;
  #newest: number | undefined;
  #lastAnswer = { ackSequence: 0, accepted: 0, nack: false };
  #answer = false;
  #held: Held | undefined;

  constructor(options: SolTransferOptions) {
    this.#options = options;
    this.#queue = new ByteQueue(options.capacity);
  }

  /** Characters that wait for being sent or acknowledged. */
  get waiting(): number {
    return this.#queue.length + this.#returned.length + (this.#out?.characters.length ?? 0);
  }

  /** The last packet was given up: the far end is not there at the moment. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Queues characters as far as there is room, the rest counts as lost; returns how many were queued. */
  push(characters: Uint8Array, now: number): number {
    if (this.#queue.length + this.#returned.length === 0) this.#queuedAt = now;
    const count = this.#queue.push(characters);
    this.lost += characters.length - count;
    return count;
  }

  /** Sends flags in a packet of their own if there are no characters to go with; they arrive once. */
  send(flags: Partial<F>): void {
    this.#urgent = { ...this.#urgent, ...flags };
  }

  /** Sends flags with the next characters. */
  note(flags: Partial<F>): void {
    this.#noted = { ...this.#noted, ...flags };
  }

  /** Drops what waits to be sent, also what is on its way. */
  flush(): void {
    this.#queue.clear();
    this.#returned = EMPTY;
    this.#out = undefined;
  }

  /**
   * Whether a packet's flags are news: not those of a repeated packet, or of one that was overtaken. Ask
   * before `receive`.
   */
  isNews({ sequence }: SolPacket<unknown>, order: number | undefined): boolean {
    if (sequence === 0) return this.#lateness(order) <= 0;
    return (
      sequence !== this.#lastReceived && sequence !== this.#held?.sequence && !this.#isStale(sequence, order)
    );
  }

  /** `order`: the packet's session sequence number, 0 or undefined where the session has none. */
  receive(packet: SolPacket<unknown>, order: number | undefined, now: number): void {
    if (this.#lateness(order) < LATE) this.#acknowledged(packet, now);
    const { sequence, characters } = packet;
    if (sequence !== 0 && sequence !== this.#held?.sequence) {
      // The same again, whatever it carries: our answer was lost.
      if (sequence === this.#lastReceived) this.#answer = true;
      else if (!this.#isStale(sequence, order))
        this.#take(sequence, characters.subarray(0, SOL_CHARACTERS), now + NACK_AFTER, now);
    }
    if (order && this.#lateness(order) <= 0) this.#newest = order;
  }

  /** The next packet to send; undefined: nothing before `wakeAt`. */
  poll(now: number): SolPacket<F> | undefined {
    const held = this.#held;
    if (held && now >= held.due) this.#take(held.sequence, held.characters, held.due, now);
    const timing = this.#options.timing();
    if (this.#out && now >= this.#out.due) {
      if (this.#out.sent <= timing.retries) {
        this.#out.sent++;
        this.#out.due = now + timing.retryInterval;
        return {
          ...NOTHING,
          sequence: this.#out.sequence,
          characters: this.#out.characters,
          flags: this.#out.flags,
        };
      }
      this.lost += this.#out.characters.length;
      this.#failing = true;
      this.#out = undefined;
    }
    if (this.#out === undefined && now >= this.#dueAt(timing)) return this.#sendNew(now, timing);
    return this.#answer ? { ...NOTHING, ...this.#takeAnswer(), flags: {} } : undefined;
  }

  /** When to poll even if nothing happens: monotonic milliseconds, or Infinity. */
  wakeAt(): number {
    return Math.min(this.#out?.due ?? this.#dueAt(this.#options.timing()), this.#held?.due ?? Infinity);
  }

  #acknowledged({ ackSequence, accepted, nack }: SolPacket<unknown>, now: number): void {
    const out = this.#out;
    // A packet that refuses nothing says that the far end can take characters again.
    if (!nack) this.#refusedUntil = 0;
    if (!out || ackSequence !== out.sequence) return;
    this.#out = undefined;
    this.#failing = false;
    // Some acknowledge without counting.
    const taken = accepted === 0 && !nack ? out.characters.length : Math.min(accepted, out.characters.length);
    if (taken < out.characters.length) {
      this.#returned = out.characters.subarray(taken);
      if (nack) this.#refusedUntil = now + Math.max(this.#options.timing().retryInterval, NACK_PAUSE);
    }
  }

  /** Gives characters to the owner and answers; a refusal is held back once. */
  #take(sequence: number, characters: Uint8Array, refuseAt: number, now: number): void {
    const accepted = characters.length === 0 ? 0 : this.#options.accept(characters);
    const nack = accepted === 0 && characters.length > 0;
    // Its bytes belong to a datagram.
    this.#held =
      nack && now < refuseAt ? { sequence, characters: characters.slice(), due: refuseAt } : undefined;
    if (this.#held) return;
    this.#lastReceived = sequence;
    this.#lastAnswer = { ackSequence: sequence, accepted, nack };
    this.#answer = true;
  }

  #sendNew(now: number, timing: SolTiming): SolPacket<F> {
    const characters = this.paused || now < this.#refusedUntil ? EMPTY : this.#nextCharacters();
    const flags = { ...this.#urgent, ...this.#noted } as Partial<F>;
    this.#urgent = this.#noted = undefined;
    this.#lastSent = next(this.#lastSent);
    this.#out = { sequence: this.#lastSent, characters, flags, sent: 1, due: now + timing.retryInterval };
    return {
      ...NOTHING,
      ...(this.#answer ? this.#takeAnswer() : {}),
      sequence: this.#lastSent,
      characters,
      flags,
    };
  }

  #nextCharacters(): Uint8Array {
    if (this.#returned.length === 0) return this.#queue.take(this.#options.packet);
    const characters = this.#returned;
    this.#returned = EMPTY;
    return characters;
  }

  #takeAnswer(): { readonly ackSequence: number; readonly accepted: number; readonly nack: boolean } {
    this.#answer = false;
    return this.#lastAnswer;
  }

  /** When a new packet may go, if none is on its way. */
  #dueAt({ accumulate, threshold }: SolTiming): number {
    if (this.#urgent) return 0;
    if (this.paused || this.#queue.length + this.#returned.length === 0) return Infinity;
    const ready =
      this.#returned.length > 0 || this.#queue.length >= threshold ? 0 : this.#queuedAt + accumulate;
    return Math.max(ready, this.#refusedUntil);
  }

  /** How many packets later ones have overtaken it by; 0 and less: none. */
  #lateness(order: number | undefined): number {
    return order && this.#newest !== undefined ? (this.#newest - order) | 0 : 0;
  }

  /** Overtaken, and not the one that is missing: sent again by a far end that has its answer by now. */
  #isStale(sequence: number, order: number | undefined): boolean {
    const lateness = this.#lateness(order);
    return lateness > 0 && (lateness >= LATE || sequence !== next(this.#lastReceived));
  }
}

const NOTHING = { sequence: 0, ackSequence: 0, accepted: 0, nack: false, characters: EMPTY } as const;
