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
  /** It is being removed, and nobody has heard whether it was. */
  readonly isDoubtful?: boolean;
}

/** Which host has which BMC, as all see it: an entry is written once when a BMC is taken. */
export class Owners {
  readonly #bucket: Bucket;
  readonly #owners = new Map<string, Owner>();
  /** Those that are being claimed; true: something was heard of it since. */
  readonly #claiming = new Map<string, boolean>();
  readonly #changed = new Listeners<[bmc: string]>();
  #watch: Watch | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Resolves when all that there are now are known, and nothing else: what was known before is forgotten.
   * `wentBack`: what is there is older than that was.
   */
  async watch(wentBack?: () => void): Promise<void> {
    this.#watch?.stop();
    this.#owners.clear();
    const hear: Parameters<Bucket['watch']>[0] = (token, entry) => {
      const bmc = nameOfToken(token);
      if (this.#claiming.has(bmc)) this.#claiming.set(bmc, true);
      const known = this.#owners.get(bmc);
      // What we wrote ourselves is known before it is heard of.
      if (entry && known && known.revision >= entry.revision) return;
      if (entry === undefined) this.#owners.delete(bmc);
      else this.#owners.set(bmc, ownerOf(entry));
      this.#changed.tell(bmc);
    };
    this.#watch = await this.#bucket.watch(hear, () => {
      this.#owners.clear();
      wentBack?.();
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

  /** False: another host was faster, or what is known is not what is there. Rejects where nobody can say. */
  async claim(bmc: string, { host, epoch }: Omit<Owner, 'revision'>, hosts: Hosts): Promise<boolean> {
    const known = this.#owners.get(bmc);
    // One that may be removed yet is ours by a revision of its own, or not at all.
    if (known?.host === host && known.epoch === epoch && !known.isDoubtful) return true;
    this.#claiming.set(bmc, false);
    try {
      // What this host had by a lease before this one is its own to replace.
      if (known && known.host !== host && (await hosts.isLiving(known.host, known.epoch))) return false;
      const answered = await this.#write(bmc, { host, epoch }, known);
      // An answer may come when what it says has long been replaced: what was heard since holds.
      if (!this.#claiming.get(bmc)) this.#learn(bmc, answered);
    } finally {
      this.#claiming.delete(bmc);
    }
    const owner = this.#owners.get(bmc);
    return owner?.host === host && owner.epoch === epoch && !owner.isDoubtful;
  }

  #learn(bmc: string, owner: Owner | undefined): void {
    if (owner === undefined) this.#owners.delete(bmc);
    // Who answers may be behind who tells of changes.
    else if (owner.revision >= (this.#owners.get(bmc)?.revision ?? 0)) this.#owners.set(bmc, owner);
  }

  /** What stands there then. */
  async #write(
    bmc: string,
    own: Omit<Owner, 'revision'>,
    known: Owner | undefined,
  ): Promise<Owner | undefined> {
    const token = tokenOf(bmc);
    const value = new TextEncoder().encode(JSON.stringify(own));
    try {
      const revision =
        known === undefined
          ? await this.#bucket.create(token, value)
          : await this.#bucket.update(token, value, known.revision);
      return { ...own, revision };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // It may be what we wrote in a try that nobody answered.
      const entry = await this.#bucket.get(token);
      const owner = entry && ownerOf(entry);
      const isOurs = owner?.host === own.host && owner.epoch === own.epoch;
      return isOurs ? { ...owner, isDoubtful: known?.isDoubtful } : owner;
    }
  }

  /** It is anybody's, if it was this host's. */
  async release(bmc: string, host: string): Promise<void> {
    const owner = this.#owners.get(bmc);
    if (owner?.host !== host) return;
    this.#owners.set(bmc, { ...owner, isDoubtful: true });
    try {
      await this.#bucket.remove(tokenOf(bmc), owner.revision);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
    // Somebody else's, if it was heard of meanwhile.
    if (this.#owners.get(bmc)?.revision === owner.revision) this.#owners.delete(bmc);
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
