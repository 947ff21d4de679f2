import { LateMap } from '../../state/late-map.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import type { Answer, Context } from '../../joint/message.ts';
import { partyOf, Shares } from '../../joint/shares.ts';
import { buildMessage, type IpmiMessage } from '../../wire/index.ts';
import type { Clock, Timer } from '../../world/world.ts';
import { settled } from '../../world/settled.ts';

/**
 * How a medium took a frame: all of it, no acknowledge, another master won, or the bus is stuck (IPMI 2.0
 * §22.7).
 */
export type WriteResult = 'taken' | 'nack' | 'arbitration' | 'bus-error';

/** Completion codes of Send Message and Master Write-Read. */
export const WriteFailure = { LostArbitration: 0x81, BusError: 0x82, Nack: 0x83 } as const;

const FAILURES = {
  nack: WriteFailure.Nack,
  arbitration: WriteFailure.LostArbitration,
  'bus-error': WriteFailure.BusError,
};

/** A request that this controller sends on a medium of addressed messages. */
export interface OutgoingRequest {
  readonly to: number;
  readonly toLun: number;
  readonly netFn: number;
  readonly cmd: number;
  readonly data: Uint8Array;
  /**
   * Which numbering it belongs to, where addresses do not tell responders apart (sessions). Default: `to`.
   */
  readonly responder?: number;
  /** Times the usual wait: for a request that the responder has to forward first. Default 1. */
  readonly patience?: number;
  /** The request that it carries out; undefined: the BMC asks for itself. */
  readonly cause?: Context;
}

export interface RequesterOptions {
  readonly clock: Clock;
  readonly address: number;
  /** Default: an IPMI message. */
  readonly frame?: (request: OutgoingRequest, seq: number) => Uint8Array;
  readonly write: (
    frame: Uint8Array,
    responder: number,
    cause: Context | undefined,
  ) => WriteResult | Promise<WriteResult>;
  /** Milliseconds until a request is sent again. Default 250. */
  readonly timeout?: number;
  /** Times that a request is sent. Default 6. */
  readonly tries?: number;
  /**
   * Milliseconds that the medium itself may hold a frame back: a number rests as long after its answer.
   * Default 0.
   */
  readonly lag?: number;
}

/**
 * Milliseconds after which a sequence number may mean another request (IPMI 2.0 §6.13.4: "sequence number
 * expiration").
 */
export const SEQUENCE_EXPIRATION = 5000;
const NUMBERS = 64;
const TIMEOUT = 250;
/**
 * A window, as in every protocol that numbers and repeats: while a request waits for its answer, at most so
 * many newer ones go to the same responder, and two uses of a number lie farther apart. A responder that
 * takes a number for a repetition for 24 requests is never wrong.
 */
const WINDOW = 16;
const APART = 48;
/** Requests that wait for their turn, how often they look, and how long. */
const QUEUE = { limit: 64, pause: 10, tries: 100 };
/** Milliseconds before a frame that the medium refused is written again; doubled each time. */
const WRITE_BACK_OFF = 5;
const WRITE_TRIES = 4;

/** A request under way. */
interface Open {
  readonly request: OutgoingRequest;
  readonly frame: Uint8Array;
  readonly began: number;
  /** The level that its cause had then: with less, it is not sent again. */
  readonly privilege: number;
  readonly resolve: (answer: Answer) => void;
  tries: number;
  timer: Timer | undefined;
}

/** A number that was used. */
interface Slot {
  /** Which of the responder's requests it was. */
  readonly index: number;
  /** Undefined once answered: the number rests. */
  open: Open | undefined;
  restUntil: number;
}

/**
 * The requester's side of a medium of addressed messages: sequence numbers, repetition, matching of
 * responses. A number is used again only when nothing that belongs to its last request can still come, and
 * after so many others that its responder knows it for a new one. Nothing but that is left behind by a
 * request.
 */
export class Requester {
  /** Responses that nobody waited for: late, doubled, or made up. */
  unexpected = 0;
  /** Requests that were sent more than once, each repetition. */
  repeated = 0;
  /** Requests that nobody answered. */
  unanswered = 0;
  readonly #options: RequesterOptions;
  readonly #slots = new LateMap<number, Slot>();
  /** Requests begun, by responder: also where to look for the next number. */
  readonly #begun = new LateMap<number, { count: number; next: number }>();

  /** Requests that wait for a number: nobody's fill the queue for the others. */
  readonly #queued = new Shares(QUEUE.limit);

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    let count = 0;
    for (const slot of this.#slots.values()) if (slot.open) count++;
    return count;
  }

  /** It has numbered requests, which have to go on where they are. */
  get isUsed(): boolean {
    return this.#begun.size > 0;
  }

  /** Sends a request and waits for its answer: C3h where none comes. Rejects as `begin` does. */
  async request(request: OutgoingRequest): Promise<Answer> {
    return (await this.begin(request)).answer;
  }

  /**
   * Resolves when the medium has taken the request, with the answer that is to come. Rejects with IpmiError:
   * 81h, 82h, 83h where the medium refused it again and again, C0h where all numbers of the responder are in
   * use.
   */
  async begin(request: OutgoingRequest): Promise<{ readonly answer: Promise<Answer> }> {
    const { clock, address } = this.#options;
    const responder = request.responder ?? request.to;
    const { cause } = request;
    const privilege = cause?.privilege ?? 0;
    const { seq, index } = this.#number(responder) ?? (await this.#turn(responder, cause && partyOf(cause)));
    const { to } = request;
    const frame =
      this.#options.frame?.(request, seq) ?? buildMessage({ ...request, from: address, fromLun: 0, seq });
    let resolve: (answer: Answer) => void = () => undefined;
    const answer = new Promise<Answer>((settle) => (resolve = settle));
    const open: Open = {
      request,
      frame,
      began: clock.monotonic(),
      privilege,
      resolve,
      tries: 1,
      timer: undefined,
    };
    const slot: Slot = { index, open, restUntil: 0 };
    this.#slots.set((responder << 6) | seq, slot);
    const result = await writeAgain(clock, () => {
      refuseRevoked(cause, privilege);
      return this.#options.write(frame, responder, cause);
    }).catch((error: unknown) => {
      this.#settle(slot, Uint8Array.of(CC.InsufficientPrivilege));
      throw error;
    });
    // A quick responder answers before the medium has said that it took the request.
    if (result !== 'taken' && slot.open) {
      this.#settle(slot, Uint8Array.of(FAILURES[result]));
      throw new IpmiError(FAILURES[result], `${to.toString(16)}h: ${result}`);
    }
    if (slot.open) this.#await(slot, open, responder);
    return { answer };
  }

  /** A response that the medium brought. False: nobody waits for it. */
  respond(
    message: Pick<IpmiMessage, 'from' | 'fromLun' | 'netFn' | 'cmd' | 'seq' | 'data'>,
    responder: number = message.from,
  ): boolean {
    const slot = this.#slots.get((responder << 6) | message.seq);
    const request = slot?.open?.request;
    if (
      !slot ||
      !request ||
      message.netFn !== (request.netFn | 1) ||
      message.cmd !== request.cmd ||
      message.fromLun !== request.toLun
    ) {
      this.unexpected++;
      return false;
    }
    if (message.data.length === 0) return false;
    this.#settle(slot, message.data.slice());
    return true;
  }

  /** The medium goes: nobody is left waiting, what is open ends with D3h. */
  close(): void {
    for (const slot of this.#slots.values()) this.#settle(slot, Uint8Array.of(CC.DestinationUnavailable));
    this.#slots.clear();
  }

  #await(slot: Slot, open: Open, responder: number): void {
    const { clock, timeout = TIMEOUT, tries = 6 } = this.#options;
    open.timer = clock.after(timeout * (open.request.patience ?? 1), () => {
      if (open.tries >= tries) {
        this.unanswered++;
        return this.#settle(slot, Uint8Array.of(CC.Timeout));
      }
      if (isRevoked(open.request.cause, open.privilege))
        return this.#settle(slot, Uint8Array.of(CC.InsufficientPrivilege));
      open.tries++;
      this.repeated++;
      // A refused repetition is a lost one: the next try, or the end of all of them, is already on its way.
      void settled(Promise.resolve(this.#options.write(open.frame, responder, open.request.cause)));
      this.#await(slot, open, responder);
    });
  }

  #settle(slot: Slot, answer: Answer): void {
    const { open } = slot;
    if (!open) return;
    open.timer?.cancel();
    slot.open = undefined;
    const { clock, lag = 0, timeout = TIMEOUT } = this.#options;
    const now = clock.monotonic();
    // Answers to repetitions are still on their way; from a silent responder, anything may be.
    if (answer[0] === CC.Timeout) slot.restUntil = Math.max(now + lag, open.began + SEQUENCE_EXPIRATION);
    else slot.restUntil = now + lag + (open.tries > 1 ? timeout + lag : 0);
    open.resolve(answer);
  }

  /** Waits for a number. Rejects with C0h where too many wait already, or none comes free in time. */
  async #turn(responder: number, party: number | undefined): Promise<Numbered> {
    if (!this.#queued.take(party)) throw busy(responder);
    try {
      for (let i = 0; i < QUEUE.tries; i++) {
        await new Promise<void>((resolve) => void this.#options.clock.after(QUEUE.pause, resolve));
        const numbered = this.#number(responder);
        if (numbered) return numbered;
      }
      throw busy(responder);
    } finally {
      this.#queued.give(party);
    }
  }

  #number(responder: number): Numbered | undefined {
    const now = this.#options.clock.monotonic();
    const begun = this.#begun.get(responder) ?? { count: 0, next: 0 };
    this.#begun.set(responder, begun);
    for (let seq = 0; seq < NUMBERS; seq++) {
      const slot = this.#slots.get((responder << 6) | seq);
      if (slot?.open && begun.count - slot.index >= WINDOW) return undefined;
    }
    for (let i = 0; i < NUMBERS; i++) {
      const seq = (begun.next + i) % NUMBERS;
      const slot = this.#slots.get((responder << 6) | seq);
      if (slot && (slot.open || slot.restUntil > now || begun.count - slot.index < APART)) continue;
      begun.next = (seq + 1) % NUMBERS;
      return { seq, index: begun.count++ };
    }
    return undefined;
  }
}

interface Numbered {
  readonly seq: number;
  readonly index: number;
}

/**
 * What its cause may do was lowered since, or its session has ended: the bytes would be obeyed out there all
 * the same.
 */
const isRevoked = (cause: Context | undefined, privilege: number): boolean =>
  cause !== undefined && cause.privilege < privilege;

/** Throws D4h. */
export function refuseRevoked(cause: Context | undefined, privilege: number): void {
  if (isRevoked(cause, privilege))
    throw new IpmiError(CC.InsufficientPrivilege, 'what asked for it may no longer');
}

const busy = (responder: number): IpmiError =>
  new IpmiError(CC.NodeBusy, `all sequence numbers to ${responder.toString(16)}h are in use`);

/**
 * Writes until the medium takes the frame, with pauses that double; the last refusal where it never does.
 */
export async function writeAgain(
  clock: Clock,
  write: () => WriteResult | Promise<WriteResult>,
): Promise<WriteResult> {
  for (let i = 0; ; i++) {
    const result = await write();
    if (result === 'taken' || i === WRITE_TRIES - 1) return result;
    await new Promise<void>((resolve) => clock.after(WRITE_BACK_OFF * 2 ** i, resolve));
  }
}

/** Throws IpmiError 81h, 82h or 83h for a frame that was not taken. */
export function checkWritten(result: WriteResult): void {
  if (result !== 'taken') throw new IpmiError(FAILURES[result], result);
}
