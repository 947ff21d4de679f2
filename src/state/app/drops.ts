import { Listeners } from '../listeners.ts';
import type { Peer } from './half-open.ts';

/** Why a datagram has no answer. */
export type DropReason =
  | 'malformed'
  | 'unknown session'
  | 'session closed'
  | 'another address than the log-in'
  | 'bad signature'
  | 'not encrypted as agreed'
  | 'replayed or out of the window'
  | 'payload type nobody takes'
  | 'message malformed'
  | 'message not for the BMC'
  | 'response outside of a session'
  | 'BMC is restarting';

const NONE: ReadonlyMap<DropReason, number> = new Map();

/**
 * Datagrams that were thrown away: how many and, for whoever listens, why and from whom. Nothing is made
 * where nobody does.
 */
export class Drops {
  /** Made with the first. */
  #counts: Map<DropReason, number> | undefined;
  readonly #listeners = new Listeners<[reason: DropReason, channel: number, peer: Peer]>();

  /** By reason, since the start. */
  get counts(): ReadonlyMap<DropReason, number> {
    return this.#counts ?? NONE;
  }

  dropped(reason: DropReason, channel: number, from: { readonly host: string; readonly port: number }): void {
    this.#counts ??= new Map();
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (this.#listeners.any) this.#listeners.tell(reason, channel, { address: from.host, port: from.port });
  }

  /** Returns what takes the listener away again. */
  onDropped(listener: (reason: DropReason, channel: number, peer: Peer) => void): () => void {
    return this.#listeners.add(listener);
  }
}
