import type { Clock } from '../../world/world.ts';

/** A remote console's address. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** The address of this machine that it talks to, where there are several. */
  readonly asked?: string;
}

export const equalPeers = (
  { address, port }: Peer,
  from: { readonly host: string; readonly port: number },
): boolean => port === from.port && address === from.host;

/** A log-in under way, as the table that keeps it sees it. */
export interface UnderWay {
  readonly id: number;
  /** Whose it is: see `sourceOf`. */
  readonly source: string;
  /** Monotonic milliseconds of its beginning. */
  readonly began: number;
}

/**
 * Log-ins under way, apart from sessions: what floods this table costs no session its place. It is bounded; a
 * full one gives up the oldest log-in of the source that has most, so that a flood pushes out its own and
 * nobody else's.
 */
export class HalfOpen<T extends UnderWay> {
  readonly #places: number;
  readonly #lifetime: number;
  readonly #clock: Clock;
  readonly #dropped: ((opening: T) => void) | undefined;
  /** Oldest first. Both tables are made with the first log-in. */
  #byId: Map<number, T> | undefined;
  #sources: Sources<T> | undefined;
  #sweeping = false;

  /**
   * `lifetime`: milliseconds from its beginning after which a log-in ends. `dropped`: called with those that
   * end unasked.
   */
  constructor(clock: Clock, places: number, lifetime: number, dropped?: (opening: T) => void) {
    this.#clock = clock;
    this.#places = places;
    this.#lifetime = lifetime;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#byId?.size ?? 0;
  }

  add(opening: T): void {
    this.#byId ??= new Map();
    this.#sources ??= new Sources();
    if (this.#byId.size >= this.#places) this.#drop(this.#sources.oldestOfMost());
    this.#byId.set(opening.id, opening);
    this.#sources.add(opening);
    if (!this.#sweeping) this.#clock.after(this.#lifetime, () => this.#expire());
    this.#sweeping = true;
  }

  get(id: number): T | undefined {
    return this.#byId?.get(id);
  }

  has(id: number): boolean {
    return this.#byId?.has(id) ?? false;
  }

  /** Oldest first. */
  values(): Iterable<T> {
    return this.#byId?.values() ?? [];
  }

  /** True if it was there. */
  delete(opening: T): boolean {
    if (this.#byId?.get(opening.id) !== opening) return false;
    this.#byId.delete(opening.id);
    this.#sources?.delete(opening);
    return true;
  }

  clear(): void {
    for (const opening of this.values()) this.#drop(opening);
  }

  #drop(opening: T | undefined): void {
    if (opening && this.delete(opening)) this.#dropped?.(opening);
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    let wait: number | undefined;
    for (const opening of this.values()) {
      wait = opening.began + this.#lifetime - now;
      if (wait > 0) break;
      this.#drop(opening);
    }
    // A timer runs only while somebody is logging in; a second's slack gathers those of a flood.
    this.#sweeping = this.size > 0;
    if (this.#sweeping) this.#clock.after(Math.max(wait ?? 0, 1000), () => this.#expire());
  }
}

/**
 * Log-ins by source, and sources by how many they have: adding, deleting and finding who has most cost the
 * same however many there are.
 */
class Sources<T extends UnderWay> {
  readonly #bySource = new Map<string, Set<T>>();
  /** At n: the sources with n log-ins, the one that has been at n longest first. */
  readonly #byCount: (Set<string> | undefined)[] = [];
  #most = 0;

  add(opening: T): void {
    let own = this.#bySource.get(opening.source);
    if (!own) this.#bySource.set(opening.source, (own = new Set()));
    this.#move(opening.source, own.size, own.size + 1);
    own.add(opening);
  }

  delete(opening: T): void {
    const own = this.#bySource.get(opening.source);
    if (!own?.delete(opening)) return;
    this.#move(opening.source, own.size + 1, own.size);
    if (own.size === 0) this.#bySource.delete(opening.source);
  }

  oldestOfMost(): T | undefined {
    const [source] = this.#byCount[this.#most] ?? [];
    const [oldest] = (source === undefined ? undefined : this.#bySource.get(source)) ?? [];
    return oldest;
  }

  #move(source: string, from: number, to: number): void {
    this.#byCount[from]?.delete(source);
    if (to > 0) (this.#byCount[to] ??= new Set()).add(source);
    this.#most = Math.max(this.#most, to);
    while (this.#most > 0 && !this.#byCount[this.#most]?.size) this.#most--;
  }
}

/**
 * Who counts as one source: an IPv4 address, or the /64 of an IPv6 address, within which a single machine has
 * as many addresses as it likes. Ports say nothing.
 */
export function sourceOf(host: string): string {
  if (!host.includes(':')) return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped) return mapped[1];
  const [front, back] = host.split('%')[0].split('::');
  const groups = front === '' ? [] : front.split(':');
  const rest = back === undefined || back === '' ? 0 : back.split(':').length;
  while (back !== undefined && groups.length + rest < 8) groups.push('0');
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
