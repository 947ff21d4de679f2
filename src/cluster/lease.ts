import type { Clock, Random, Timer } from '../world/world.ts';
import { Listeners } from '../state/listeners.ts';
import { ConflictError, type Bucket } from './bus.ts';

/**
 * The right to be somebody, of which one process at a time is sure. It is lost before another one can have
 * it: whoever holds it counts its time from before each renewal was sent.
 */
export interface Lease {
  readonly isHeld: boolean;
  /** Tells the present holder from all before it: each is larger than the last. 0: it was never held. */
  readonly epoch: number;
  /** False: somebody else has it. Rejects where nobody can say. */
  take(): Promise<boolean>;
  /** Told once each time it is lost, not when it is given back. */
  onLost(listener: (why: string) => void): () => void;
  /** Gives it back, so that others need not wait. */
  release(): Promise<void>;
}

/** Milliseconds. */
export interface LeaseTimes {
  /** After which the bucket forgets a holder that is silent; of one that is there its own time, if less. */
  readonly ttl: number;
  /** From one renewal to the next. */
  readonly renewal: number;
  /** So long before its end the lease is taken for lost: clocks differ, and closing takes time. */
  readonly margin: number;
}

/**
 * Long enough for most elections of NATS (4 to 9 s), short enough for the BMCs of a host that died to be
 * with others in ten seconds. Between the end of what a host is sure of and that of its lease is the
 * margin for clocks that differ alone: no datagram passes from the first on.
 */
export const LEASE_TIMES: LeaseTimes = { ttl: 7000, renewal: 1000, margin: 500 };

/** What of a process is written into the bucket. */
interface Held {
  readonly instance: string;
}

/** A lease in a bucket whose values are forgotten after `ttl`. */
export class BucketLease implements Lease {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  /** Tells what this one wrote from what another one did under the same name. */
  readonly #instance: string;
  readonly #lost = new Listeners<[why: string]>();
  #info: object;
  #epoch = 0;
  #revision = 0;
  /** Monotonic: it is surely ours until then. */
  #until = -Infinity;
  #timers: Timer[] = [];
  #renewing: Promise<void> | undefined;

  /** `info`: told to whoever watches the bucket. */
  constructor(
    bucket: Bucket,
    key: string,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    info: object = {},
    times = LEASE_TIMES,
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#clock = clock;
    this.#times = times;
    this.#info = info;
    this.#instance = Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  /** A process that was stopped for a while knows it by the clock, whether its timers have run or not. */
  get isHeld(): boolean {
    return this.#clock.monotonic() < this.#until;
  }

  get epoch(): number {
    return this.#epoch;
  }

  async take(): Promise<boolean> {
    if (this.isHeld) return true;
    this.end();
    let sent = this.#clock.monotonic();
    try {
      this.#revision = await this.#bucket.create(this.#key, this.#value());
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      const mine = await this.#written();
      if (mine === undefined) return false;
      // Of an earlier try, nobody knows from when: it is ours, and counts from now on.
      sent = this.#clock.monotonic();
      this.#revision = await this.#bucket.update(this.#key, this.#value(), mine);
    }
    this.#epoch = this.#revision;
    this.#confirmed(sent);
    return this.isHeld;
  }

  /** It is over, though no timer has said so yet: whoever holds it anew is another one. */
  end(): void {
    if (!this.isHeld) this.#lose('no renewal was confirmed in time');
  }

  /** As if it had run out: what it was taken by is not what is there. */
  abandon(why: string): void {
    this.#lose(why);
  }

  /** From the next renewal on, which is now. */
  async tell(info: object): Promise<void> {
    this.#info = info;
    if (this.isHeld) await this.#renew();
  }

  onLost(listener: (why: string) => void): () => void {
    return this.#lost.add(listener);
  }

  async release(): Promise<void> {
    if (this.#until === -Infinity) return;
    this.#stopHolding();
    // One that is on its way would make what is removed another revision.
    await this.#renewing;
    await this.#bucket.remove(this.#key, this.#revision);
  }

  #value(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ ...this.#info, instance: this.#instance }));
  }

  #confirmed(sent: number): void {
    const { renewal, margin } = this.#times;
    // A bucket that another version made may forget sooner.
    const ttl = Math.min(this.#times.ttl, this.#bucket.ttl ?? Infinity);
    const now = this.#clock.monotonic();
    this.#until = sent + ttl - margin;
    this.#stop();
    if (now >= this.#until) return this.#lose('its confirmation came too late');
    this.#timers = [
      this.#clock.after(Math.max(0, sent + renewal - now), () => void this.#renew()),
      this.#clock.after(this.#until - now, () => this.#lose('no renewal was confirmed in time')),
    ];
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewal().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renewal(): Promise<void> {
    const sent = this.#clock.monotonic();
    try {
      this.#revision = await this.#bucket.update(this.#key, this.#value(), this.#revision);
    } catch (error) {
      if (this.#until === -Infinity) return;
      // Nobody heard what became of it: it is said once more. If it was done, that is refused, and what
      // stands there says by whom.
      if (error instanceof ConflictError) {
        const written = await this.#written().catch(() => 'unknown' as const);
        if (this.#until === -Infinity) return;
        if (written === undefined) return this.#lose('somebody else has it');
        // Of a try of which nobody heard, nobody knows from when on it counts: once more.
        if (written !== 'unknown') this.#revision = written;
      }
      this.#timers.push(this.#clock.after(this.#times.renewal / 8, () => void this.#renew()));
      return;
    }
    if (this.#until !== -Infinity) this.#confirmed(sent);
  }

  /** The revision of what this one wrote, if that stands there. */
  async #written(): Promise<number | undefined> {
    const entry = await this.#bucket.get(this.#key);
    if (entry === undefined) return undefined;
    const { instance } = JSON.parse(new TextDecoder().decode(entry.value)) as Held;
    return instance === this.#instance ? entry.revision : undefined;
  }

  #lose(why: string): void {
    if (this.#until === -Infinity) return;
    this.#stopHolding();
    this.#lost.tell(why);
  }

  #stopHolding(): void {
    this.#until = -Infinity;
    this.#stop();
  }

  #stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
  }
}

/** Who holds what in one process. */
export class LocalLeases {
  readonly #holders = new Map<string, object>();
  #epoch = 0;

  lease(key: string): Lease {
    const holders = this.#holders;
    const next = (): number => ++this.#epoch;
    let epoch = 0;
    const lease: Lease = {
      get isHeld() {
        return holders.get(key) === lease;
      },
      get epoch() {
        return epoch;
      },
      take: async () => {
        const holder = holders.get(key);
        if (holder !== undefined) return holder === lease;
        holders.set(key, lease);
        epoch = next();
        return true;
      },
      // A process does not lose what it has of itself.
      onLost: () => () => undefined,
      release: async () => {
        if (holders.get(key) === lease) holders.delete(key);
      },
    };
    return lease;
  }
}
