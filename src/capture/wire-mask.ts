import type { Message } from '../joint/message.ts';
import { AuthType, parse15, parse20, PayloadType, rmcpClass, RmcpClass } from '../wire/index.ts';
import { maskMessage, type Names } from './mask.ts';

/** Whose message it is, for finding what is secret in it. */
export interface Hide {
  readonly names: Names;
  readonly channel: number;
  readonly direction: 'in' | 'out';
  /** What a response answers, where it is known. */
  readonly request: Message | undefined;
}

/** Of SOL: sequence number, acknowledged number and count, status; then characters. */
const SOL_HEADER = 4;
/** Of a message: addresses, NetFn, sequence number, command. */
const MESSAGE_HEADER = 6;

/**
 * Hides secrets in a datagram, in place, as far as it is in the clear; what is encrypted stays as it was
 * sent.
 */
export function maskWire(hide: Hide, datagram: Uint8Array): void {
  if (rmcpClass(datagram) !== RmcpClass.Ipmi) return;
  if (datagram[4] === AuthType.RmcpPlus) {
    const packet = parse20(datagram);
    if (packet === undefined) datagram.fill(0, Math.min(datagram.length, 16));
    else if (!packet.encrypted)
      maskPayload(hide, packet.payloadType, datagram.subarray(packet.start, packet.end));
    return;
  }
  const packet = parse15(datagram);
  if (packet === undefined) return void datagram.fill(0, Math.min(datagram.length, 13));
  // The code of this type is the password itself.
  if (packet.authType === AuthType.Password) datagram.fill(0, packet.authCode, packet.authCode + 16);
  maskPayload(hide, PayloadType.Ipmi, datagram.subarray(packet.start, packet.end));
}

/**
 * The same in what a datagram holds. What is typed into a console may be a password; what it shows, it
 * shows.
 */
export function maskPayload(hide: Hide, type: number, payload: Uint8Array): void {
  if (type === PayloadType.Sol) {
    if (hide.direction === 'in') payload.fill(0, SOL_HEADER);
    return;
  }
  if (type === PayloadType.Ipmi && !maskMessage(hide.names, hide.channel, payload, hide.request))
    payload.fill(0, MESSAGE_HEADER);
}
