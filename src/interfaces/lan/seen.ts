import type { BmcState } from '../../bmc-state.ts';
import type { Channel, SessionView } from '../../router/index.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { Direction, Payload, SealedOtherwise } from '../../taps/index.ts';
import { PayloadType } from '../../wire/index.ts';
import { endpointName, type Endpoint } from '../../world/world.ts';

/** What a session's end of the wire shows to taps, and lets be tampered with. */
export type LinkTaps = Pick<BmcState['taps'], 'payload' | 'sealed' | 'frame' | 'tampers'>;

/** Somebody looks at what such a packet of the session carries, or may put another one in its place. */
export const isSeen = (taps: LinkTaps, session: Session, type: number = PayloadType.Ipmi): boolean =>
  taps.payload !== undefined ||
  taps.frame !== undefined ||
  (taps.sealed !== undefined && taps.tampers(type, session));

interface PayloadParts {
  /** Default: a message. */
  readonly type?: number;
  readonly session?: SessionView;
  readonly sequence?: number;
}

/** A payload as taps see it. Only made where one looks. */
export function payloadSeen(
  direction: Direction,
  channel: Channel,
  peer: Endpoint,
  bytes: Uint8Array,
  parts: PayloadParts = {},
): Payload {
  const { type = PayloadType.Ipmi, session, sequence = 0 } = parts;
  return { direction, channel, peer: endpointName(peer), bytes, type, session, sequence };
}

/** Shows taps what was sealed; returns the packet, or what somebody puts in its place. */
export function tapped(
  taps: LinkTaps,
  session: Session,
  bytes: Uint8Array,
  sequence: number,
  sealed: Uint8Array,
  reseal: (otherwise: SealedOtherwise) => Uint8Array,
  type: number = PayloadType.Ipmi,
): Uint8Array {
  const { channel, peer } = session;
  const payload = payloadSeen('out', channel, { host: peer.address, port: peer.port }, bytes, {
    type,
    session,
    sequence,
  });
  taps.payload?.(payload);
  return taps.sealed === undefined ? sealed : taps.sealed(sealed, payload, reseal);
}
