import type { SessionView } from '../../joint/message.ts';
import type { CloseReason } from '../../state/app/sessions.ts';

/** What a payload type needs to be served. A handler set registers its own with `bmc.payloads.register`. */
export interface PayloadDefinition {
  /** Who serves it, for conflicts and for people. */
  readonly owner: string;
  readonly name: string;
  /** 01h SOL, 20h..27h OEM. */
  readonly type: number;
  /** Of an OEM payload: the IANA enterprise number of its maker, and that maker's number for it. */
  readonly iana?: number;
  readonly payloadId?: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** How many can be active at once, 1..15. */
  readonly instances: number;
  /** Most bytes of a payload to the BMC and from it. */
  readonly inboundSize: number;
  readonly outboundSize: number;
  /** Least privilege to activate and deactivate it on a channel. */
  privilege(channel: number): number;
  /** False: 81h. Default: always. */
  enabled?(channel: number): boolean;
  /** Whether its encryption may not be suspended on a channel. Default: it may. */
  forceEncryption?(channel: number): boolean;
  /** Throws IpmiError to refuse. */
  activate(activation: PayloadActivation): PayloadEnd;
  /** The answer to a payload of a session in which it is not active; undefined: none. */
  inactive?(payload: Uint8Array): Uint8Array | undefined;
}

/** What an activation asks for, and what the payload then has of its session. */
export interface PayloadActivation {
  readonly instance: number;
  readonly session: SessionView;
  readonly channel: number;
  /** Four bytes, as the payload type defines them. */
  readonly auxiliary: Uint8Array;
  /** Whether the session can encrypt, and sign. */
  readonly canEncrypt: boolean;
  readonly canAuthenticate: boolean;
  /** To the remote console. */
  readonly send: (payload: Uint8Array) => void;
}

/** An active payload as its owner made it. */
export interface PayloadEnd {
  /** Four bytes for the response. Default zeros. */
  readonly auxiliary?: Uint8Array;
  /** Whether payloads are to be encrypted both ways. Default: where the session can. */
  readonly encrypted?: boolean;
  /** Eight bytes of Get Payload Instance Info. Default zeros. */
  readonly information?: Uint8Array;
  /** `payload` is valid during the call; `order`: sequence number in the session, 0 where there is none. */
  receive(payload: Uint8Array, order: number): void;
  /**
   * It is over. `closed`: its session wanted so; `deactivated`: somebody else did, and the session lives on.
   */
  closed(reason: CloseReason | 'deactivated'): void;
}

/** An interface that carries payloads: RMCP+ on one channel. */
export interface PayloadCarrier {
  /** UDP port that consoles talk to. */
  readonly port: number;
  /** Undefined: the session is none that carries payloads. */
  abilities(
    session: SessionView,
  ): { readonly encrypts: boolean; readonly authenticates: boolean } | undefined;
  send(session: SessionView, type: number, payload: Uint8Array, encrypted: boolean): void;
}

/** Payload types that a user may activate, as bits (§24.6): standard types 1..7, OEM types 20h..27h. */
export interface PayloadAccess {
  readonly standard: number;
  readonly oem: number;
}

/** A type, and where it was registered. */
export interface Registered {
  readonly definition: PayloadDefinition;
  readonly place: string;
}

/** The BMC of payloads. */
export interface PayloadsOwner {
  /** False where the firewall keeps Activate Payload from a channel: what is active there ends. */
  mayBeActive(channel: number): boolean;
  /** Makes the type that is there from the start, when somebody first looks for one. */
  first(): Registered;
}

export interface PayloadsOptions {
  /** Users who may not activate SOL until a client lets them. */
  readonly withoutSol?: readonly number[];
  /** See SolOptions. */
  readonly port?: number;
  /** What there is of it is known to its BMC. Default: nothing, and all may be active. */
  readonly bmc?: PayloadsOwner;
}
