import type { BmcState } from '../../bmc-state.ts';
import type { Channel, SessionView } from '../../router/index.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { Direction, Payload, SealedOtherwise } from '../../taps/index.ts';
import { PayloadType } from '../../wire/index.ts';
import type { Endpoint } from '../../world/world.ts';
import { INCOMING, OUTGOING } from './outgoing.ts';

/** A call for more than that costs less than a loop. */
const FEW = 64;

/** What a session's end of the wire shows to taps, and lets be tampered with. */
export type LinkTaps = Pick<BmcState['taps'], 'payload' | 'sealed' | 'tampers' | 'peerName'>;

/** Somebody may put another packet in place of such a one of the session. */
export const isTampered = (taps: LinkTaps, session: Session, type: number = PayloadType.Ipmi): boolean =>
  taps.sealed !== undefined && taps.tampers(type, session);

/** Shows taps the payload that came in datagram[start..end). */
export function showReceived(
  taps: LinkTaps,
  channel: Channel,
  { host, port }: Endpoint,
  datagram: Uint8Array,
  start: number,
  end: number,
  type: number = PayloadType.Ipmi,
  session?: SessionView,
  sequence = 0,
): void {
  if (taps.payload === undefined) return;
  const bytes = INCOMING.take(end - start);
  if (bytes.length > FEW) bytes.set(datagram.subarray(start, end));
  else for (let i = 0; i < bytes.length; i++) bytes[i] = datagram[start + i];
  const payload = payloadOf('in', taps, channel, host, port, bytes, type, session, sequence);
  INCOMING.shown(taps.payload, payload);
}

/** Shows taps what is sent outside of any session. */
export function showOutside(
  taps: LinkTaps,
  channel: Channel,
  { host, port }: Endpoint,
  bytes: Uint8Array,
  type: number = PayloadType.Ipmi,
): void {
  taps.payload?.(payloadOf('out', taps, channel, host, port, bytes, type, undefined, 0));
}

/** Shows taps the payload of a datagram that is to be sealed where it lies, start to start+length. */
export function showInPlace(
  taps: LinkTaps,
  session: Session,
  datagram: Uint8Array,
  start: number,
  length: number,
  sequence: number,
  type: number = PayloadType.Ipmi,
): void {
  if (taps.payload === undefined) return;
  const { channel, peer } = session;
  const bytes = OUTGOING.window(datagram, start, length);
  const payload = payloadOf('out', taps, channel, peer.address, peer.port, bytes, type, session, sequence);
  OUTGOING.shown(taps.payload, payload);
}

const payloadOf = (
  direction: Direction,
  taps: LinkTaps,
  channel: Channel,
  host: string,
  port: number,
  bytes: Uint8Array,
  type: number,
  session: SessionView | undefined,
  sequence: number,
): Payload => ({ direction, channel, peer: taps.peerName(host, port), bytes, type, session, sequence });

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
  const payload = payloadOf('out', taps, channel, peer.address, peer.port, bytes, type, session, sequence);
  taps.payload?.(payload);
  return taps.sealed === undefined ? sealed : taps.sealed(sealed, payload, reseal);
}
