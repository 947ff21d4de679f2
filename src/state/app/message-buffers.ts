import { CC, IpmiError } from '../../codec/index.ts';
import { Shares } from '../../joint/shares.ts';
import type { SessionView } from '../../joint/message.ts';
import { Occasion, type Occasions } from '../occasions.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';

/** BMC global enables, IPMI 2.0 §22.1. */
export interface GlobalEnables {
  readonly oem2: boolean;
  readonly oem1: boolean;
  readonly oem0: boolean;
  readonly systemEventLogging: boolean;
  readonly eventMessageBuffer: boolean;
  readonly eventMessageBufferFullInterrupt: boolean;
  readonly receiveMessageQueueInterrupt: boolean;
}

/** What a system interface shows its host: SMS_ATN, and whether it interrupts (§9.9, §22.1). */
export interface Attention {
  readonly set: boolean;
  readonly interrupt: boolean;
}

/** A message from another channel for system software, as Get Message returns it (§22.6). */
export interface ReceivedMessage {
  readonly channel: number;
  /** The sender's privilege level, as far as the BMC knows it. */
  readonly privilege: number;
  readonly data: Uint8Array;
}

const AFTER_RESET: GlobalEnables = {
  oem2: false,
  oem1: false,
  oem0: false,
  systemEventLogging: true,
  eventMessageBuffer: false,
  eventMessageBufferFullInterrupt: false,
  receiveMessageQueueInterrupt: false,
};
const NO_ATTENTION: Attention = { set: false, interrupt: false };
/** Messages that wait for system software at once; a sender beyond it is told that the queue is full. */
const QUEUE_LIMIT = 32;

interface MessagesMemento {
  readonly enables: GlobalEnables;
  readonly preTimeout: boolean;
  readonly event: Uint8Array | undefined;
  readonly deaf: Set<number> | undefined;
}

/** What waits in the BMC for system software (§22.1-22.8). Volatile: it ends with a reset. */
export class MessageBuffers implements Sleeper<MessagesMemento> {
  static readonly attention = new Occasion<[attention: Attention]>();
  static readonly interruptEnable = new Occasion<[]>();
  #enables = AFTER_RESET;
  #watchdogPreTimeout = false;
  #event: Uint8Array | undefined;
  #queue: {
    readonly message: ReceivedMessage;
    readonly party: unknown;
    readonly session: SessionView | undefined;
  }[] = [];
  readonly #places = new Shares(QUEUE_LIMIT);
  /** Channels whose messages system software does not want (Enable Message Channel Receive, §22.5). */
  #deaf: Set<number> | undefined;
  #attention = NO_ATTENTION;
  readonly #occasions: Occasions;

  constructor({ occasions }: Setup) {
    this.#occasions = occasions;
  }

  get enables(): GlobalEnables {
    return this.#enables;
  }

  set enables(enables: GlobalEnables) {
    const before = this.interruptsEnabled;
    this.#enables = enables;
    if (this.interruptsEnabled !== before) this.#occasions.tell(MessageBuffers.interruptEnable);
    this.#update();
  }

  /** Whether the host's interface may interrupt it with each answer (§22.1 [0]). */
  get interruptsEnabled(): boolean {
    return this.#enables.receiveMessageQueueInterrupt;
  }

  /** Called when `interruptsEnabled` changes, before the answer to what changed it. Returns what ends it. */
  onInterruptEnable(listener: () => void): () => void {
    return this.#occasions.listen(MessageBuffers.interruptEnable, listener);
  }

  /** The pre-timeout interrupt of the watchdog has occurred. */
  get watchdogPreTimeout(): boolean {
    return this.#watchdogPreTimeout;
  }

  set watchdogPreTimeout(occurred: boolean) {
    this.#watchdogPreTimeout = occurred;
    this.#update();
  }

  /** The one event message; a second is dropped until software has read the first (§22.8). */
  get event(): Uint8Array | undefined {
    return this.#event;
  }

  putEvent(record: Uint8Array): void {
    if (!this.#enables.eventMessageBuffer) return;
    this.#event ??= record;
    this.#update();
  }

  clearEvent(): void {
    this.#event = undefined;
    this.#update();
  }

  /** Messages in the Receive Message Queue. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Queues a message for system software. `party`: whose it is, an account or a controller; one that has its
   * share of the queue waits for its own messages to be read; `session`: who may not have it delivered any
   * more once its rights are taken. False: no place, or the channel's reception is disabled.
   */
  receive(message: ReceivedMessage, party?: unknown, session?: SessionView): boolean {
    if (this.#deaf?.has(message.channel) || !this.#places.take(party)) return false;
    this.#queue.push({ message, party, session });
    this.#update();
    return true;
  }

  /**
   * As `receive`, but says why not: throws D3h for a channel that system software does not listen to, C0h
   * for a full queue.
   */
  deliver(message: ReceivedMessage, party?: unknown, session?: SessionView): void {
    if (this.receive(message, party, session)) return;
    if (!this.receives(message.channel))
      throw new IpmiError(
        CC.DestinationUnavailable,
        `system software does not listen to channel ${message.channel}`,
      );
    throw new IpmiError(CC.NodeBusy, 'the receive message queue is full');
  }

  /** Takes the oldest message out; undefined: there is none. */
  take(): ReceivedMessage | undefined {
    const taken = this.#queue.shift();
    if (taken) this.#places.give(taken.party);
    this.#update();
    return taken?.message;
  }

  /** The session's rights were taken: what it has said in them is not delivered any more. */
  forget(session: SessionView): void {
    for (const message of this.#queue) if (message.session === session) this.#places.give(message.party);
    this.#queue = this.#queue.filter((message) => message.session !== session);
    this.#update();
  }

  clearQueue(): void {
    this.#queue = [];
    this.#places.clear();
    this.#update();
  }

  receives(channel: number): boolean {
    return !this.#deaf?.has(channel);
  }

  enableReceive(channel: number, enabled: boolean): void {
    if (enabled) this.#deaf?.delete(channel);
    else (this.#deaf ??= new Set()).add(channel);
  }

  get wakeful(): string | undefined {
    return this.#queue.length > 0 ? 'messages wait for system software' : undefined;
  }

  memento(): MessagesMemento | undefined {
    const preTimeout = this.#watchdogPreTimeout;
    if (this.#enables === AFTER_RESET && !preTimeout && !this.#event && !this.#deaf?.size) return undefined;
    return { enables: this.#enables, preTimeout, event: this.#event, deaf: this.#deaf };
  }

  recall({ enables, preTimeout, event, deaf }: MessagesMemento): void {
    this.#enables = enables;
    this.#watchdogPreTimeout = preTimeout;
    this.#event = event;
    this.#deaf = deaf;
    this.#update();
  }

  get attention(): Attention {
    return this.#attention;
  }

  /** Called when SMS_ATN or the interrupt changes. Returns what ends it. */
  onAttention(listener: (attention: Attention) => void): () => void {
    return this.#occasions.listen(MessageBuffers.attention, listener);
  }

  reset(): void {
    this.enables = AFTER_RESET;
    this.#watchdogPreTimeout = false;
    this.#event = undefined;
    this.clearQueue();
    this.#deaf = undefined;
    this.#update();
  }

  /** Attention follows from what waits; whether it interrupts, from the enables. */
  #update(): void {
    const queued = this.#queue.length > 0;
    const event = this.#event !== undefined;
    const set = queued || event || this.#watchdogPreTimeout;
    const interrupt =
      (queued && this.#enables.receiveMessageQueueInterrupt) ||
      (event && this.#enables.eventMessageBufferFullInterrupt) ||
      this.#watchdogPreTimeout;
    if (set === this.#attention.set && interrupt === this.#attention.interrupt) return;
    this.#attention = { set, interrupt };
    this.#occasions.tell(MessageBuffers.attention, this.#attention);
  }
}
