import { Seal } from '../storage/seal.ts';
import { StorageError } from '../storage/journal-head.ts';
import { ConflictError, type Bus } from './bus.ts';

const KEY = 'seal';
/** Of a second each: servers may take so long to agree on who leads. */
const TRIES = 60;
/** In front of what stands in a cluster that is not sealed. */
const OPEN = new Uint8Array(0);

/**
 * The seal of all that the cluster stores, by the key that its first host had; undefined: it is not sealed.
 * Rejects with StorageError for another key, or none where there has to be one.
 */
export async function sealOf(bus: Bus, secret: string | undefined): Promise<Seal | undefined> {
  const bucket = await bus.bucket('desired');
  const fresh = secret === undefined ? undefined : Seal.create(secret);
  for (let tries = TRIES; ; tries--)
    try {
      await bucket.create(KEY, fresh?.header ?? OPEN);
      return fresh;
    } catch (error) {
      if (error instanceof ConflictError) break;
      // Of servers that have just begun nobody hears. It may be there all the same: then it is found next.
      if (tries === 0) throw error;
    }
  const header = (await bucket.get(KEY))?.value ?? OPEN;
  if (header.length === 0 && secret === undefined) return undefined;
  const seal = secret === undefined ? undefined : Seal.read(secret, header);
  if (seal) return seal;
  throw new StorageError(
    header.length === 0
      ? 'what the cluster stores is not sealed: run without a key, or in a cluster of its own (prefix)'
      : 'what the cluster stores is sealed with another key (sealKeyFile)',
  );
}
