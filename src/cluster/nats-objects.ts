import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { Digest, hashes } from '../crypto/hash.ts';
import type { Clock } from '../world/world.ts';
import type { Objects } from './bus.ts';
import { PATIENCE, type Retries } from './nats-retries.ts';

/** Bytes of a message of an object, as other clients of object stores have it. */
const CHUNK = 128 * 1024;

interface ObjectsPlace {
  readonly bucket: string;
  readonly replicas: number;
  readonly clock: Clock;
}

/** What is said of an object, as clients of NATS have it (ADR-20). */
interface ObjectInfo {
  readonly name: string;
  readonly bucket: string;
  /** Names its chunks: here, as its name does. */
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  /** `SHA-256=` and base64url. */
  readonly digest: string;
  readonly mtime: string;
  readonly options: { readonly max_chunk_size: number };
}

/**
 * An object store of NATS, which `nats object ls` shows: chunks below `$O.BUCKET.C`, and a message for each object
 * below `$O.BUCKET.M`, which comes last. Only what is never replaced is put here, so nothing has to be told
 * from what was there before.
 */
export async function natsObjects(
  manager: JetStreamManager,
  client: Pick<JetStreamClient, 'publish'>,
  retries: Retries,
  { bucket, replicas, clock }: ObjectsPlace,
): Promise<Objects> {
  const { headers } = await import('@nats-io/nats-core');
  const stream = `OBJ_${bucket}`;
  const chunksOf = (name: string): string => `$O.${bucket}.C.${tokenOf(name)}`;
  const infoOf = (name: string): string => `$O.${bucket}.M.${tokenOf(name)}`;
  await retries.patiently(() =>
    manager.streams.add({
      name: stream,
      subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
      num_replicas: replicas,
      allow_rollup_hdrs: true,
      // What is read is all that there is, also where a server is behind the others.
      allow_direct: false,
    }),
  );
  /** Said again until it is heard of: a message that is there already by its id is not there twice. */
  const publish = async (subject: string, data: Uint8Array, msgID: string, isLast = false): Promise<void> => {
    const told = headers();
    if (isLast) told.set('Nats-Rollup', 'sub');
    await retries.patiently(() =>
      client.publish(subject, data, { msgID, headers: told, timeout: 2 * PATIENCE }),
    );
  };
  const purge = async (subject: string): Promise<void> => {
    await retries.patiently(() => manager.streams.purge(stream, { filter: subject }));
  };
  const message = (query: Parameters<typeof manager.streams.getMessage>[1]) =>
    retries.patiently(() => manager.streams.getMessage(stream, query));
  const find = async (name: string): Promise<ObjectInfo | undefined> => {
    const found = await message({ last_by_subj: infoOf(name) });
    return found === null ? undefined : found.json<ObjectInfo>();
  };
  return {
    async put(name, pieces) {
      const nuid = tokenOf(name);
      const digest = new Digest(hashes.sha256);
      let size = 0;
      let chunks = 0;
      // One after the other: chunks have no numbers.
      for (const chunk of inChunks(pieces)) {
        digest.update(chunk);
        size += chunk.length;
        await publish(chunksOf(name), chunk, `${nuid}-${chunks++}`);
      }
      const info: ObjectInfo = {
        name,
        bucket,
        nuid,
        size,
        chunks,
        digest: digestText(digest),
        mtime: new Date(clock.now()).toISOString(),
        options: { max_chunk_size: CHUNK },
      };
      await publish(infoOf(name), new TextEncoder().encode(JSON.stringify(info)), `${nuid}-info`, true);
    },
    async get(name) {
      const info = await find(name);
      if (!info) return undefined;
      const whole = new Uint8Array(info.size);
      let at = 0;
      let next = 1;
      for (let left = info.chunks; left > 0; left--) {
        const query = { seq: next, next_by_subj: chunksOf(name) };
        const chunk = await message(query);
        if (chunk === null || at + chunk.data.length > whole.length) return undefined;
        whole.set(chunk.data, at);
        at += chunk.data.length;
        next = chunk.seq + 1;
      }
      const digest = new Digest(hashes.sha256);
      digest.update(whole);
      return at === whole.length && digestText(digest) === info.digest ? whole : undefined;
    },
    async remove(name) {
      await purge(infoOf(name));
      await purge(chunksOf(name));
    },
  };
}

const tokenOf = (name: string): string => Buffer.from(name).toString('base64url');
/** With what fills it up to fours, as other clients write it. */
const digestText = (digest: Digest): string =>
  `SHA-256=${Buffer.from(digest.finish()).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;

/** Pieces as they come, in messages of one length. */
function* inChunks(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let chunk = new Uint8Array(CHUNK);
  let fill = 0;
  for (const piece of pieces)
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + CHUNK - fill);
      chunk.set(part, fill);
      fill += part.length;
      at += part.length;
      if (fill < CHUNK) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK);
      fill = 0;
    }
  if (fill > 0) yield chunk.subarray(0, fill);
}
