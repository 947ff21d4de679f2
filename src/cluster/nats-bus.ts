import type { ConnectionOptions, Msg, NatsConnection } from '@nats-io/nats-core';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { Clock } from '../world/world.ts';
import {
  ConflictError,
  NobodyError,
  type Bucket,
  type BucketEntry,
  type Bus,
  type EventLog,
  type Watch,
} from './bus.ts';

/** How a host reaches NATS. */
export interface NatsOptions {
  readonly clock: Clock;
  /** `nats://host:4222` or `tls://...`, one or more of a cluster. */
  readonly servers: readonly string[];
  /** Shown by the server's lists of connections. */
  readonly name: string;
  /** Begins all subjects, streams and buckets. Default `ipmi`. */
  readonly prefix?: string;
  /** Copies of what is kept, on so many servers: 1, 3 or 5. Default 1. */
  readonly replicas?: number;
  readonly user?: string;
  readonly password?: string;
  /** Of an NKey, as `nk -gen user` writes it. */
  readonly nkeySeed?: string;
  /** JWT and seed, as `nsc` writes them: the text of a `.creds` file. */
  readonly credentials?: string;
  readonly tls?: { readonly ca?: string; readonly certificate?: string; readonly key?: string };
}

/** Milliseconds until what was written counts as unheard of; a lease lives for several of these. */
const PATIENCE = 1000;
/** JetStream's "wrong last sequence", of a stream and of a subject. */
const WRONG_SEQUENCE: readonly unknown[] = [10071, 10164];
/** Milliseconds between two looks at whether all changes were heard of. */
const LOOK = 1500;
/** How often what is not there yet is asked for again. */
const TRIES = 20;
/** Of a server that may not be there at all. */
const FEW = 4;
const NO_STREAM = 10059;
/** Milliseconds that the mark of what a bucket has forgotten stays. */
const MARKERS = 1000;

/**
 * Connects; what it needs is made where it is not there. Rejects where no server answers or lets us in; once
 * connected it comes back by itself for ever. The libraries are loaded now, and only now.
 */
export async function natsBus(options: NatsOptions): Promise<Bus> {
  const [core, node, jetstream, kv] = await Promise.all([
    import('@nats-io/nats-core'),
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
  ]);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const {
    servers,
    name,
    user,
    password,
    nkeySeed,
    credentials,
    tls,
    prefix = 'ipmi',
    replicas = 1,
  } = options;
  const retries = new Retries(options.clock);
  const connecting: ConnectionOptions = {
    servers: [...servers],
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    pingInterval: 5000,
    maxPingOut: 2,
    ...(user !== undefined && { user, pass: password }),
    ...(nkeySeed !== undefined && { authenticator: core.nkeyAuthenticator(bytes(nkeySeed.trim())) }),
    ...(credentials !== undefined && { authenticator: core.credsAuthenticator(bytes(credentials)) }),
    ...(tls && { tls: { ca: tls.ca, cert: tls.certificate, key: tls.key } }),
  };
  const connection = await retries.patiently(() => node.connect(connecting), FEW);
  const manager = await retries.patiently(
    () => jetstream.jetstreamManager(connection, { timeout: 5 * PATIENCE }),
    FEW,
  );
  const buckets = new kv.Kvm(connection);
  const client = jetstream.jetstream(connection);
  return {
    async bucket(bucket, { ttl } = {}) {
      const making = {
        history: 1,
        replicas,
        timeout: PATIENCE,
        // A bucket that forgets tells of it only where it leaves markers.
        ...(ttl !== undefined && { ttl, markerTTL: MARKERS }),
      };
      return natsBucket(
        await retries.patiently(() => buckets.create(`${prefix}_${bucket}`, making)),
        connection,
        retries,
      );
    },
    async entries(bucket) {
      const found = new Map<string, BucketEntry>();
      const shared = await buckets.open(`${prefix}_${bucket}`);
      try {
        await shared.status();
      } catch (error) {
        if ((error as { code?: unknown }).code === NO_STREAM) return found;
        throw error;
      }
      const watch = await natsBucket(shared, connection, retries).watch((key, entry) => {
        if (entry) found.set(key, entry);
        else found.delete(key);
      });
      await watch.isComplete;
      watch.stop();
      return found;
    },
    log: (log) =>
      natsLog(manager, client, retries, {
        stream: `${prefix}_${log}`,
        subject: `${prefix}.${log}`,
        replicas,
      }),
    async request(subject, data, { timeout, headers = {} }) {
      const sent = core.headers();
      for (const [key, value] of Object.entries(headers)) sent.set(key, value);
      try {
        return (await connection.request(`${prefix}.${subject}`, data, { timeout, headers: sent })).data;
      } catch (error) {
        if (error instanceof core.RequestError && error.isNoResponders())
          throw new NobodyError(subject, { cause: error });
        throw error;
      }
    },
    publish: (subject, data) => connection.publish(`${prefix}.${subject}`, data),
    serve(subject, answer, queue) {
      const whole = subject.startsWith('$') ? subject : `${prefix}.${subject}`;
      const subscription = connection.subscribe(whole, {
        queue,
        callback: (error, message) => {
          if (!error) void served(message, prefix, answer);
        },
      });
      return () => subscription.unsubscribe();
    },
    close: () => ended(connection),
  };
}

async function served(message: Msg, prefix: string, answer: Parameters<Bus['serve']>[1]): Promise<void> {
  const headers: Record<string, string> = {};
  for (const key of message.headers?.keys() ?? []) headers[key] = message.headers?.get(key) ?? '';
  const subject = message.subject.startsWith(`${prefix}.`)
    ? message.subject.slice(prefix.length + 1)
    : message.subject;
  const data = await answer({ subject, bytes: message.data, headers });
  if (data !== undefined) message.respond(data);
}

async function ended(connection: NatsConnection): Promise<void> {
  if (!connection.isClosed()) await connection.close();
}

/** How often what failed is tried again, and when: a moment later, by the clock. */
class Retries {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pause(ms = PATIENCE / 2): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** Servers that have just begun choose a leader first, and say no until then. */
  async patiently<T>(make: () => Promise<T>, tries = TRIES): Promise<T> {
    try {
      return await make();
    } catch (error) {
      if (tries === 0) throw error;
      if (error instanceof Error && /authorization|authentication/i.test(error.message)) throw error;
      await this.pause();
      return this.patiently(make, tries - 1);
    }
  }

  /**
   * Rejects with ConflictError where JetStream says that the last sequence is another one. Where nobody heard
   * of it, as of a bucket that was made a moment ago, it is said again: it was surely not done.
   */
  async known<T>(work: () => Promise<T>, what: string, tries = TRIES): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code, name, message } = error as { code?: unknown; name?: unknown; message?: string };
      if (WRONG_SEQUENCE.includes(code)) throw new ConflictError(what, { cause: error });
      const isUnheard = name === 'JetStreamNotEnabled' || /no responders/i.test(message ?? '');
      if (!isUnheard || tries === 0) throw error;
      await this.pause();
      return this.known(work, what, tries - 1);
    }
  }
}

function natsBucket(shared: KV, connection: NatsConnection, retries: Retries): Bucket {
  return {
    create: (key, value) => retries.known(() => shared.create(key, value), key),
    update: (key, value, revision) => retries.known(() => shared.update(key, value, revision, PATIENCE), key),
    remove: (key, revision) => retries.known(() => shared.delete(key, { previousSeq: revision }), key),
    async get(key) {
      const entry = await retries.known(() => shared.get(key), key);
      return entry ? entryOf(entry) : undefined;
    },
    watch: (hear) => watched(shared, connection, retries, hear),
  };
}

type Hear = Parameters<Bucket['watch']>[0];

/**
 * Hears of all, and of all again where the connection was gone meanwhile, or the server that told of it: what
 * was missed is in it, and what is not in it any more is gone.
 */
async function watched(shared: KV, connection: NatsConnection, retries: Retries, hear: Hear): Promise<Watch> {
  const known = new Set<string>();
  /** The last change that was heard of. */
  let heard = 0;
  let isOver = false;
  let complete: () => void = () => undefined;
  const isComplete = new Promise<void>((resolve) => (complete = resolve));
  let watching: Awaited<ReturnType<KV['watch']>> | undefined;
  const listen = async (): Promise<void> => {
    const { values } = await retries.patiently(() => shared.status());
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
    if (values === 0) all();
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
        () => 0,
      );
      behind = last > before && heard === before ? behind + 1 : 0;
      if (behind > 1) watching?.stop();
    }
  };
  void again();
  void reconnected();
  void looksAfter();
  return {
    isComplete,
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

interface LogPlace {
  readonly stream: string;
  readonly subject: string;
  readonly replicas: number;
}

async function natsLog(
  manager: JetStreamManager,
  client: Pick<ReturnType<typeof import('@nats-io/jetstream').jetstream>, 'publish'>,
  retries: Retries,
  { stream, subject: root, replicas }: LogPlace,
): Promise<EventLog> {
  const { headers } = await import('@nats-io/nats-core');
  const making = {
    name: stream,
    subjects: [`${root}.>`],
    num_replicas: replicas,
    // Read from the leader alone: what is read to take a BMC has to be all that there is.
    allow_direct: false,
    allow_rollup_hdrs: true,
  };
  await retries.patiently(() => manager.streams.add(making));
  return {
    async append(subject, bytes, last, replacing = false) {
      const told = headers();
      if (replacing) told.set('Nats-Rollup', 'sub');
      const place = { timeout: PATIENCE, headers: told, expect: { lastSubjectSequence: last } };
      return (await retries.known(() => client.publish(`${root}.${subject}`, bytes, place), subject)).seq;
    },
    async read(subject, behind = 0) {
      const found = [];
      for (let next = behind + 1; ;) {
        // The library's type knows this of reads that any server answers only.
        const query = { seq: next, next_by_subj: `${root}.${subject}` };
        const message = await retries.known(() => manager.streams.getMessage(stream, query), subject);
        if (message === null) return found;
        found.push({ sequence: message.seq, bytes: message.data });
        next = message.seq + 1;
      }
    },
  };
}
