import type { BmcState } from '../../bmc-state.ts';
import type { Channel } from '../../router/index.ts';
import type { Endpoint } from '../../world/world.ts';
import type { DropReason } from '../../state/app/drops.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { IpmiMessage } from '../../wire/index.ts';
import type { RepeatedRequests } from '../repeated.ts';

/** A session's end of the wire: what turns an answer into a datagram. */
export interface Link {
  readonly session: Session;
  readonly repeated: RepeatedRequests;
  /** The datagram that carries the message; valid until the next one is made. */
  seal(message: Uint8Array): Uint8Array;
  /** As `seal`, of the response that carries an answer (completion code and data). */
  respond(request: IpmiMessage, answer: Uint8Array): Uint8Array;
}

/** The datagram that carries a message outside of any session. */
export type Wrap = (message: Uint8Array) => Uint8Array;

/** What the two kinds of sessions need of the interface that they share. */
export interface LanServer {
  readonly bmc: BmcState;
  readonly channel: Channel;
  readonly address: Endpoint;
  send(datagram: Uint8Array, to: Endpoint): void;
  /** To where the session's last authentic message came from. */
  sendInto(link: Link, datagram: Uint8Array): void;
  /** A datagram has no answer. */
  dropped(reason: DropReason, from: Endpoint): void;
  /**
   * Answers the request in datagram[start..end), outside of any session: only commands that need no privilege
   * are served.
   */
  serveOutside(datagram: Uint8Array, start: number, end: number, from: Endpoint, wrap: Wrap): void;
  /** Answers a request of a session; `ceiling` is the highest privilege that this one message may use. */
  serve(datagram: Uint8Array, start: number, end: number, from: Endpoint, link: Link, ceiling: number): void;
}
