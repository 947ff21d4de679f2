import type { Context, SessionView } from './message.ts';

/**
 * Places that several parties share, none of which shall take them all. A party may have as many as are free
 * at the time: one alone has half of them, two have a third each, and the next one finds some. Costs nothing
 * while no party has any.
 */
export class Shares {
  readonly #limit: number;
  #held: Map<unknown, number> | undefined;
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many a party has. */
  held(party: unknown): number {
    return this.#held?.get(party) ?? 0;
  }

  /**
   * False: all are taken, or the party has its share. Undefined as a party: nobody who could have too much.
   */
  hasPlace(party: unknown): boolean {
    const free = this.#limit - this.#total;
    return free > 0 && (party === undefined || this.held(party) < free);
  }

  /** Takes a place; false: there is none, see `hasPlace`. */
  take(party: unknown): boolean {
    if (!this.hasPlace(party)) return false;
    this.add(party);
    return true;
  }

  /** Takes a place that is not refused. */
  add(party: unknown): void {
    this.#total++;
    if (party !== undefined) (this.#held ??= new Map()).set(party, this.held(party) + 1);
  }

  /** Gives back a place that `take` gave. */
  give(party: unknown): void {
    this.#total--;
    if (party === undefined) return;
    const held = this.held(party) - 1;
    if (held > 0) this.#held?.set(party, held);
    else this.#held?.delete(party);
  }

  clear(): void {
    this.#held = undefined;
    this.#total = 0;
  }
}

/** One account is one party, however many sessions it has. */
export const accountOf = ({ channel, userId }: SessionView): number => (channel.number << 8) | userId;

/** Who a request is done for: the account it began with; undefined: no session's. */
export const partyOf = ({ origin: { session } }: Context): number | undefined =>
  session && accountOf(session);

/**
 * Whose share a request has: without an account, a controller's, or that of all who have not logged in;
 * undefined: of those who need none.
 */
export function sharerOf(context: Context): number | string | undefined {
  const { origin } = context;
  if (origin.session !== undefined) return accountOf(origin.session);
  const { medium, number } = origin.channel;
  if (medium === 'ipmb' || medium === 'icmb') return `${number} ${origin.requester}`;
  // Addresses of datagrams can be made up, as many as one likes.
  return origin.privilege === 0 ? `${number}` : undefined;
}
