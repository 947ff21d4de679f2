import type { Answer, Channel, Context, Message, SessionView } from '../joint/message.ts';
import type { DropReason } from '../state/app/drops.ts';
import type { Peer } from '../state/app/half-open.ts';

/** Seen from the BMC. */
export type Direction = 'in' | 'out';

/** Bytes as they were received or are sent. Valid during the call: who keeps them copies them. */
export interface Frame {
  readonly direction: Direction;
  readonly channel: Channel;
  /** As `Context.requester` names it; empty on a bus, where frames name both ends themselves. */
  readonly peer: string;
  readonly bytes: Uint8Array;
}

/**
 * What a packet of a LAN carries, with keys applied: messages, SOL, OEM payloads, and what opens sessions.
 * Valid during the call.
 */
export interface Payload extends Frame {
  /** Payload type, IPMI 2.0 table 13-16; 0 is a message. */
  readonly type: number;
  /** Undefined outside of any session. */
  readonly session: SessionView | undefined;
  /** The session's sequence number, 0 outside of any. */
  readonly sequence: number;
}

/** A request on its way to a handler, whichever way it came; bridged ones pass too. */
export interface Asked {
  /** `Router.idOf`: what log and audit call it. Only the answer to it has the same. */
  readonly id: number;
  /** The handler's name, or the numbers of what nobody serves. */
  readonly name: string;
  /** Its data is valid until the answer. */
  readonly message: Message;
  readonly context: Context;
}

/** A datagram that has no answer. */
export interface Dropped {
  readonly reason: DropReason;
  readonly channel: number;
  readonly peer: Peer;
}

/**
 * Sees what passes a BMC and changes nothing. What one throws is a line of the log and costs nobody an
 * answer. Frames and payloads hold secrets: who writes them down says so.
 */
export interface Tap {
  frame?(frame: Frame): void;
  payload?(payload: Payload): void;
  message?(asked: Asked): void;
  /**
   * `answer`: completion code and data, as the handler gave them; after a deadline they are nobody's
   * (`asked.context.expired`).
   */
  answer?(asked: Asked, answer: Answer): void;
  dropped?(dropped: Dropped): void;
  fault?(hit: FaultHit): void;
}

/** A fault rule did what it says, to something that passed or to the BMC itself. */
export interface FaultHit {
  /** The rule's id. */
  readonly rule: string;
  /** How often it has done so, this time included. */
  readonly count: number;
  readonly layer: 'datagram' | 'session' | 'command' | 'condition';
  /** What was done to what, for people: `loss of a datagram out`. */
  readonly what: string;
}

/** What is sealed otherwise than a session's state has it, with a signature that is right all the same. */
export interface SealedOtherwise {
  readonly payload?: Uint8Array;
  readonly sequence?: number;
  readonly sessionId?: number;
  /** The bytes that fill an encrypted block are wrong (RMCP+, IPMI 2.0 §13.29). */
  readonly badPadding?: boolean;
}

/**
 * Replaces a sealed LAN packet before it is sent: wrong codes, bits, lengths. `payload` is what was sealed;
 * `reseal` seals it once more, otherwise.
 */
export type Tamper = (
  sealed: Uint8Array,
  payload: Payload,
  reseal: (otherwise: SealedOtherwise) => Uint8Array,
) => Uint8Array;

/** Whether a packet of a payload type may be replaced at all: what may not is sealed without more ado. */
export type TamperWants = (type: number, session: SessionView) => boolean;

/** A payload of RMCP+ session set-up (IPMI 2.0 §13.17-13.23). */
export interface SetUpPayload {
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/** Answers a step of session set-up in place of the BMC, or has the BMC do it; undefined: no answer. */
export type SetUpWrapper = (
  step: SetUpPayload & { readonly channel: Channel },
  serve: () => SetUpPayload | undefined,
) => SetUpPayload | undefined;
