import { Listeners } from '../state/listeners.ts';
import { ConflictError, type Bucket, type Watch } from './bus.ts';
import type { Hosts, LivingHost } from './hosts.ts';
import { nameOfToken, tokenOf } from './names.ts';

/** Whose a BMC is. */
export interface Owner {
  readonly host: string;
  /** Of the host's lease as it took it. */
  readonly epoch: number;
  readonly revision: number;
}

/** Which host has which BMC, as all see it: an entry is written once when a BMC is taken. */
export class Owners {
  readonly #bucket: Bucket;
  readonly #owners = new Map<string, Owner>();
  readonly #changed = new Listeners<[bmc: string]>();
  #watch: Watch | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Resolves when all that there are now are known. */
  async watch(): Promise<void> {
    this.#watch = await this.#bucket.watch((token, entry) => {
      const bmc = nameOfToken(token);
      const known = this.#owners.get(bmc);
      // What we wrote ourselves is known before it is heard of.
      if (entry && known && known.revision >= entry.revision) return;
      if (entry === undefined) this.#owners.delete(bmc);
      else this.#owners.set(bmc, ownerOf(entry));
      this.#changed.tell(bmc);
    });
    await this.#watch.isComplete;
  }

  /** Undefined: it is nobody's, or that host does not live any more. */
  of(bmc: string, living: ReadonlyMap<string, LivingHost>): Owner | undefined {
    const owner = this.#owners.get(bmc);
    return owner && living.get(owner.host)?.epoch === owner.epoch ? owner : undefined;
  }

  /** Of this host and lease, whoever else thinks what. */
  ownedBy(host: string, epoch: number): string[] {
    return [...this.#owners].flatMap(([bmc, owner]) =>
      owner.host === host && owner.epoch === epoch ? [bmc] : [],
    );
  }

  /** False: another host was faster. Rejects where nobody can say. */
  async claim(bmc: string, { host, epoch }: Omit<Owner, 'revision'>, hosts: Hosts): Promise<boolean> {
    const token = tokenOf(bmc);
    const value = new TextEncoder().encode(JSON.stringify({ host, epoch }));
    const known = this.#owners.get(bmc);
    if (known?.host === host && known.epoch === epoch) return true;
    // What this host had by a lease before this one is its own to replace.
    if (known && known.host !== host && (await hosts.isLiving(known.host, known.epoch))) return false;
    try {
      const revision =
        known === undefined
          ? await this.#bucket.create(token, value)
          : await this.#bucket.update(token, value, known.revision);
      this.#owners.set(bmc, { host, epoch, revision });
      return true;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // What is there is heard of soon, and may be what we wrote in a try that nobody answered.
      const entry = await this.#bucket.get(token);
      const owner = entry && ownerOf(entry);
      if (owner) this.#owners.set(bmc, owner);
      else this.#owners.delete(bmc);
      return owner?.host === host && owner.epoch === epoch;
    }
  }

  /** It is anybody's, if it was this host's. */
  async release(bmc: string, host: string): Promise<void> {
    const owner = this.#owners.get(bmc);
    if (owner?.host !== host) return;
    try {
      await this.#bucket.remove(tokenOf(bmc), owner.revision);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
    this.#owners.delete(bmc);
  }

  onChanged(listener: (bmc: string) => void): () => void {
    return this.#changed.add(listener);
  }

  stop(): void {
    this.#watch?.stop();
  }
}

export const ownerOf = ({ value, revision }: { value: Uint8Array; revision: number }): Owner => ({
  ...(JSON.parse(new TextDecoder().decode(value)) as Omit<Owner, 'revision'>),
  revision,
});
