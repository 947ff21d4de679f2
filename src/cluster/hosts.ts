import type { Clock, Random } from '../world/world.ts';
import { Listeners } from '../state/listeners.ts';
import type { Bucket, BucketEntry, Watch } from './bus.ts';
import { BucketLease, type LeaseTimes } from './lease.ts';
import { nameOfToken, tokenOf } from './names.ts';
import type { HostPlace } from './placement.ts';

/** A host that lives, as all see it. */
export interface LivingHost extends HostPlace {
  /** Of its lease: what it took before is nobody's. */
  readonly epoch: number;
  readonly version?: string;
}

/** What a host writes of itself with its lease. */
interface Written extends HostPlace {
  readonly version?: string;
  /** Of the entry that its lease began with; absent in that one itself. */
  readonly epoch?: number;
}

/** The hosts that live, by name: this one's lease, and what all others say of theirs. */
export class Hosts {
  readonly lease: BucketLease;
  readonly #bucket: Bucket;
  readonly #living = new Map<string, LivingHost>();
  readonly #changed = new Listeners<[]>();
  readonly #written: Omit<Written, 'epoch'>;
  #watch: Watch | undefined;

  constructor(
    bucket: Bucket,
    name: string,
    place: HostPlace & { readonly version?: string },
    surroundings: { readonly clock: Clock; readonly random: Random },
    times?: LeaseTimes,
  ) {
    this.#bucket = bucket;
    this.#written = place;
    this.lease = new BucketLease(bucket, tokenOf(name), surroundings, place, times);
  }

  /** Resolves when all that live now are known. */
  async watch(): Promise<void> {
    this.#watch = await this.#bucket.watch((token, entry) => {
      const name = nameOfToken(token);
      if (entry === undefined) this.#living.delete(name);
      else this.#living.set(name, livingOf(entry));
      this.#changed.tell();
    });
    await this.#watch.isComplete;
  }

  /** False: another process is this host. */
  async take(): Promise<boolean> {
    await this.lease.tell(this.#written);
    if (!(await this.lease.take())) return false;
    await this.lease.tell({ ...this.#written, epoch: this.lease.epoch });
    return true;
  }

  /** Gives away what it has, and takes nothing, or not any more. */
  async drain(isDraining: boolean): Promise<void> {
    await this.lease.tell({ ...this.#written, isDraining, epoch: this.lease.epoch });
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
    this.#watch?.stop();
  }
}

/** Its first entry is its epoch; the later ones say it. */
export function livingOf({ value, revision }: BucketEntry): LivingHost {
  const written = JSON.parse(new TextDecoder().decode(value)) as Written;
  return { ...written, epoch: written.epoch ?? revision };
}
