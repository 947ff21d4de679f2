import { noCounts, reasonTable, type Counts } from '../../joint/counters.ts';
import { Listeners } from '../listeners.ts';
import type { Sleeper } from '../sleeper.ts';
import type { Peer } from './half-open.ts';

/** Why a datagram has no answer. */
export const DROP_REASONS = [
  'malformed',
  'unknown session',
  'session closed',
  'another address than the log-in',
  'bad signature',
  'not encrypted as agreed',
  'replayed or out of the window',
  'payload type nobody takes',
  'message malformed',
  'message not for the BMC',
  'response outside of a session',
  'BMC is restarting',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** By reason. */
export const dropCounters = reasonTable('datagrams', DROP_REASONS);

const NONE: Counts<DropReason> = noCounts(dropCounters);

/**
 * Datagrams that were thrown away: how many and, for whoever listens, why and from whom. Nothing is made
 * where nobody does.
 */
export class Drops implements Sleeper<Record<DropReason, number>> {
  /** Made with the first. */
  #counts: Record<DropReason, number> | undefined;
  /** Made with the first who listens. */
  #listeners: Listeners<[reason: DropReason, channel: number, peer: Peer]> | undefined;

  /** By reason, since the start. */
  get counters(): Counts<DropReason> {
    return this.#counts ?? NONE;
  }

  dropped(reason: DropReason, channel: number, from: { readonly host: string; readonly port: number }): void {
    (this.#counts ??= noCounts(dropCounters))[reason]++;
    if (this.#listeners?.any) this.#listeners.tell(reason, channel, { address: from.host, port: from.port });
  }

  memento(): Record<DropReason, number> | undefined {
    return this.#counts;
  }

  recall(counts: Record<DropReason, number>): void {
    this.#counts = counts;
  }

  /** Returns what takes the listener away again. */
  onDropped(listener: (reason: DropReason, channel: number, peer: Peer) => void): () => void {
    return (this.#listeners ??= new Listeners()).add(listener);
  }
}
