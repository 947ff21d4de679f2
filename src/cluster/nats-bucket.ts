import type { NatsConnection } from '@nats-io/nats-core';
import type { KV, KvStatus } from '@nats-io/kv';
import type { Bucket, BucketEntry, Watch } from './bus.ts';
import { PATIENCE, type Retries } from './nats-retries.ts';

/** Milliseconds between two looks at whether all changes were heard of. */
const LOOK = 1500;
/** Until whoever wrote a change himself has to have heard of it, or of any other one. */
const UNHEARD = 500;

/** Values by key, of a bucket that is there; `ttl`: milliseconds, if it forgets. */
export function natsBucket(
  shared: KV,
  connection: NatsConnection,
  retries: Retries,
  ttl: number | undefined,
): Bucket {
  const watches = new Set<Expecting>();
  /** Who watches has to hear of it. */
  const written = (revision: number): number => {
    for (const watch of watches) watch.expect(revision);
    return revision;
  };
  return {
    ttl,
    create: async (key, value) => written(await retries.known(() => shared.create(key, value), key)),
    update: async (key, value, revision) =>
      written(await retries.known(() => shared.update(key, value, revision, PATIENCE), key)),
    remove: (key, revision) => retries.known(() => shared.delete(key, { previousSeq: revision }), key),
    async get(key) {
      const entry = await retries.known(() => shared.get(key), key);
      return entry ? entryOf(entry) : undefined;
    },
    async watch(hear, wentBack) {
      const watch = await watched(shared, connection, retries, { hear, wentBack });
      watches.add(watch);
      return {
        ...watch,
        stop() {
          watches.delete(watch);
          watch.stop();
        },
      };
    },
  };
}

interface Expecting extends Watch {
  /** This process has made a change of this revision. */
  expect(revision: number): void;
}

interface Hearing {
  readonly hear: Parameters<Bucket['watch']>[0];
  readonly wentBack: Parameters<Bucket['watch']>[1];
}

/**
 * Hears of all, and of all again where the connection was gone meanwhile, or the server that told of it: what
 * was missed is in it, and what is not in it any more is gone.
 */
async function watched(
  shared: KV,
  connection: NatsConnection,
  retries: Retries,
  { hear, wentBack }: Hearing,
): Promise<Expecting> {
  const known = new Set<string>();
  /** The last change that was heard of. */
  let heard = 0;
  let isOver = false;
  let complete: () => void = () => undefined;
  const isComplete = new Promise<void>((resolve) => (complete = resolve));
  let watching: Awaited<ReturnType<KV['watch']>> | undefined;
  const listen = async (): Promise<void> => {
    const look = () => retries.patiently(() => retries.first(() => shared.status()));
    const isOlder = ({ streamInfo }: KvStatus): boolean => streamInfo.state.last_seq < heard;
    let status = await look();
    // A server that was cut off while it led says less than there is until it hears of the next one.
    if (isOlder(status)) {
      await retries.pause(LOOK);
      status = await look();
    }
    if (isOlder(status)) {
      heard = 0;
      wentBack?.();
    }
    watching = await shared.watch();
    const seen = new Set<string>();
    let isFirst = true;
    const all = (): void => {
      if (!isFirst) return;
      isFirst = false;
      for (const key of known)
        if (!seen.has(key)) {
          known.delete(key);
          hear(key, undefined);
        }
      complete();
    };
    if (status.values === 0) all();
    for await (const entry of watching) {
      const told = entryOf(entry);
      if (told) known.add(entry.key);
      else known.delete(entry.key);
      seen.add(entry.key);
      heard = Math.max(heard, entry.revision);
      hear(entry.key, told);
      if (entry.isUpdate || entry.delta === 0) all();
    }
  };
  const again = async (): Promise<void> => {
    while (!isOver && !connection.isClosed())
      try {
        await listen();
      } catch {
        // The server is away: the next one, or the same one later, knows all.
        await retries.pause();
      }
  };
  const reconnected = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (isOver) return;
      if (type === 'reconnect') watching?.stop();
    }
  };
  // A server that goes takes what told us with it, and the library finds that out much later.
  const looksAfter = async (): Promise<void> => {
    for (let behind = 0; !isOver && !connection.isClosed(); await retries.pause(LOOK)) {
      const before = heard;
      const last = await shared.status().then(
        ({ streamInfo }) => streamInfo.state.last_seq,
        () => before,
      );
      behind = last !== before && heard === before ? behind + 1 : 0;
      if (behind > 1) watching?.stop();
    }
  };
  void again();
  void reconnected();
  void looksAfter();
  let isExpecting = false;
  return {
    isComplete,
    again: () => watching?.stop(),
    // What this process wrote itself it hears of, or whoever tells of changes is gone.
    expect(revision) {
      if (isExpecting) return;
      isExpecting = true;
      const before = heard;
      void retries.pause(UNHEARD).then(() => {
        isExpecting = false;
        if (heard === before && heard < revision) watching?.stop();
      });
    },
    stop() {
      isOver = true;
      watching?.stop();
    },
  };
}

const entryOf = ({
  operation,
  value,
  revision,
}: {
  readonly operation: string;
  readonly value: Uint8Array;
  readonly revision: number;
}): BucketEntry | undefined => (operation === 'PUT' ? { value, revision } : undefined);
