import { AuthType, parse15, parse20 } from '../wire/index.ts';
import { endsOf, type CapturedDatagram } from './conversations.ts';

/**
 * Microseconds within which the same bytes between the same ends are one datagram that was captured twice.
 * In a session no two have the same sequence number; outside of any a console may well say the same again,
 * though none is that impatient.
 */
const IN_SESSION = 2_000_000;
const OUTSIDE = 100_000;
/** Datagrams that are remembered. */
const MOST = 1024;

/**
 * Tells datagrams that are in a capture twice: of a port that is mirrored in both directions, or of Linux'
 * interface `any`, which shows what passes several interfaces at each. A request that a console repeats is
 * none: it has another sequence number.
 */
export class Duplicates {
  /** By ends and bytes: the time, oldest first. */
  readonly #seen = new Map<string, number>();

  /** Whether it was there before. */
  isOne(datagram: CapturedDatagram): boolean {
    const { bytes, time } = datagram;
    const key = `${endsOf(datagram).join(' ')} ${Buffer.from(bytes).toString('latin1')}`;
    const before = this.#seen.get(key);
    if (before !== undefined && Math.abs(time - before) <= (isOfSession(bytes) ? IN_SESSION : OUTSIDE))
      return true;
    this.#seen.delete(key);
    this.#seen.set(key, time);
    if (this.#seen.size > MOST) for (const [oldest] of this.#seen) return !this.#seen.delete(oldest);
    return false;
  }
}

/** It has a sequence number of a session, which none has twice. */
function isOfSession(bytes: Uint8Array): boolean {
  const packet = bytes[4] === AuthType.RmcpPlus ? parse20(bytes) : parse15(bytes);
  return packet !== undefined && packet.sessionId !== 0 && packet.sequence !== 0;
}
