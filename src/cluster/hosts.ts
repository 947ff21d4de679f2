import type { Clock, Random, Timer } from '../world/world.ts';
import { Listeners } from '../state/listeners.ts';
import type { Bucket, BucketEntry, Watch } from './bus.ts';
import { BucketLease, LEASE_TIMES, type LeaseTimes } from './lease.ts';
import { nameOfToken, tokenOf } from './names.ts';
import type { HostPlace } from './placement.ts';

/** A host that lives, as all see it. */
export interface LivingHost extends HostPlace {
  /** Of its lease: what it took before is nobody's. */
  readonly epoch: number;
  readonly version?: string;
}

/** The kind of what hosts write for one another. A larger one is a later version's: it is not half read. */
export const SCHEMA = 1;

/** What a host writes of itself with its lease. */
interface Written extends HostPlace {
  /** Default: 1. */
  readonly schema?: number;
  readonly version?: string;
  /** Of the entry that its lease began with; absent in that one itself. */
  readonly epoch?: number;
}

/** Milliseconds between two looks at who has been silent for longer than a lease. */
const LOOK = 500;

/** What was heard of a host last, and when (monotonic): how often it is told again does not count. */
interface Heard {
  readonly revision: number;
  readonly at: number;
}

/** The hosts that live, by name: this one's lease, and what all others say of theirs. */
export class Hosts {
  readonly lease: BucketLease;
  readonly #bucket: Bucket;
  readonly #living = new Map<string, LivingHost>();
  readonly #changed = new Listeners<[]>();
  #written: Omit<Written, 'epoch'>;
  readonly #heard = new Map<string, Heard>();
  readonly #name: string;
  readonly #clock: Clock;
  readonly #ttl: number;
  #watch: Watch | undefined;
  #look: Timer | undefined;

  constructor(
    bucket: Bucket,
    name: string,
    place: HostPlace & { readonly version?: string },
    surroundings: { readonly clock: Clock; readonly random: Random },
    times: LeaseTimes = LEASE_TIMES,
  ) {
    this.#bucket = bucket;
    this.#name = name;
    this.#clock = surroundings.clock;
    // Whoever goes by a longer time is sure of himself for longer.
    this.#ttl = Math.max(times.ttl, bucket.ttl ?? 0);
    this.#written = { ...place, schema: SCHEMA };
    this.lease = new BucketLease(bucket, tokenOf(name), surroundings, this.#written, times);
  }

  /** Resolves when all that live now are known. */
  async watch(wentBack?: () => void): Promise<void> {
    this.#watch = await this.#bucket.watch(
      (token, entry) => {
        const name = nameOfToken(token);
        this.#hear(name, entry);
        this.#changed.tell();
      },
      () => {
        // Revisions are used again: what was heard of them says nothing of those to come.
        this.#heard.clear();
        wentBack?.();
      },
    );
    await this.#watch.isComplete;
    this.#lookSoon();
  }

  #hear(name: string, entry: BucketEntry | undefined): void {
    if (entry === undefined) {
      this.#living.delete(name);
      this.#heard.delete(name);
      return;
    }
    this.#living.set(name, livingOf(entry));
    const { revision } = entry;
    if (this.#heard.get(name)?.revision !== revision)
      this.#heard.set(name, { revision, at: this.#clock.monotonic() });
  }

  #lookSoon(): void {
    this.#look = this.#clock.after(LOOK, () => {
      this.#lookSoon();
      if (this.lease.isHeld) void this.#removeSilent();
    });
  }

  /**
   * Servers that have no leader as an entry is to be forgotten look at it again after a whole lease. Whoever
   * heard of an entry a lease ago or earlier removes it, if it is still the one that he heard of: its host
   * counted from before it was written, and is sure of nothing any more.
   */
  async #removeSilent(): Promise<void> {
    const silentFrom = this.#clock.monotonic() - this.#ttl - LOOK;
    for (const [name, { revision, at }] of this.#heard) {
      if (name === this.#name || at > silentFrom) continue;
      try {
        await this.#bucket.remove(tokenOf(name), revision);
      } catch {
        // It is another one by now, or nobody can say: what is heard later tells.
        continue;
      }
      if (this.#heard.get(name)?.revision !== revision) continue;
      this.#hear(name, undefined);
      this.#changed.tell();
    }
  }

  /** False: another process is this host. */
  async take(): Promise<boolean> {
    await this.lease.tell(this.#written);
    const wasHeld = this.lease.isHeld;
    if (!(await this.lease.take())) return false;
    // What took the lease away may have taken who tells of others, too.
    if (!wasHeld) this.#watch?.again();
    await this.lease.tell({ ...this.#written, epoch: this.lease.epoch });
    return true;
  }

  /** Gives away what it has, and takes nothing, or not any more. */
  async drain(isDraining: boolean): Promise<void> {
    await this.#say({ isDraining });
  }

  /** Takes nothing, and keeps what it has, for a reason that all see; undefined: or not any more. */
  async say(problem: string | undefined): Promise<void> {
    if (problem !== this.#written.problem) await this.#say({ problem });
  }

  /** It holds for the leases after this one, too. */
  async #say(more: Pick<Written, 'isDraining' | 'problem'>): Promise<void> {
    this.#written = { ...this.#written, ...more };
    if (this.lease.isHeld) await this.lease.tell({ ...this.#written, epoch: this.lease.epoch });
  }

  get living(): ReadonlyMap<string, LivingHost> {
    return this.#living;
  }

  /** As the bucket has it now: what was heard of others comes by another way, and may come before it. */
  async isLiving(host: string, epoch: number): Promise<boolean> {
    const entry = await this.#bucket.get(tokenOf(host));
    return entry !== undefined && livingOf(entry).epoch === epoch;
  }

  onChanged(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  stop(): void {
    this.#look?.cancel();
    this.#watch?.stop();
  }
}

/** Its first entry is its epoch; the later ones say it. Of a later kind only that it lives is known. */
export function livingOf({ value, revision }: BucketEntry): LivingHost {
  const written = JSON.parse(new TextDecoder().decode(value)) as Written;
  const { schema = SCHEMA, epoch = revision, version } = written;
  return schema > SCHEMA ? { epoch, version, problem: newerThan(schema) } : { ...written, epoch };
}

/** What is said of what a later version wrote. */
export const newerThan = (schema: unknown): string =>
  `it is of a later version of ipmi-bmc (schema ${String(schema)}, this one knows ${SCHEMA}): upgrade`;
