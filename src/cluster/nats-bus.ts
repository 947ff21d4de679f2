import type { ConnectionOptions, Msg, NatsConnection } from '@nats-io/nats-core';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { ConflictError, NobodyError, type Bucket, type BucketEntry, type Bus, type EventLog } from './bus.ts';

/** How a host reaches NATS. All paths are of files. */
export interface NatsOptions {
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
  const connection = await node.connect(connecting);
  const manager = await jetstream.jetstreamManager(connection, { timeout: 5 * PATIENCE });
  const buckets = new kv.Kvm(connection);
  const client = jetstream.jetstream(connection);
  return {
    async bucket(bucket, { ttl } = {}) {
      const shared = await buckets.create(`${prefix}_${bucket}`, {
        history: 1,
        replicas,
        timeout: PATIENCE,
        // A bucket that forgets tells of it only where it leaves markers.
        ...(ttl !== undefined && { ttl, markerTTL: MARKERS }),
      });
      return natsBucket(shared);
    },
    log: (log) =>
      natsLog(manager, client, { stream: `${prefix}_${log}`, subject: `${prefix}.${log}`, replicas }),
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

/** Rejects with ConflictError where JetStream says that the last sequence is another one. */
async function known<T>(work: Promise<T>, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (WRONG_SEQUENCE.includes(code)) throw new ConflictError(what, { cause: error });
    throw error;
  }
}

function natsBucket(shared: KV): Bucket {
  return {
    create: (key, value) => known(shared.create(key, value), key),
    update: (key, value, revision) => known(shared.update(key, value, revision, PATIENCE), key),
    remove: (key, revision) => known(shared.delete(key, { previousSeq: revision }), key),
    async get(key) {
      const entry = await shared.get(key);
      return entry ? entryOf(entry) : undefined;
    },
    async watch(hear) {
      const { values } = await shared.status();
      const watching = await shared.watch();
      let complete: () => void = () => undefined;
      const isComplete = new Promise<void>((resolve) => (complete = resolve));
      if (values === 0) complete();
      const listening = async (): Promise<void> => {
        for await (const entry of watching) {
          hear(entry.key, entryOf(entry));
          if (entry.isUpdate || entry.delta === 0) complete();
        }
      };
      void listening();
      return { isComplete, stop: () => watching.stop() };
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
  { stream, subject: root, replicas }: LogPlace,
): Promise<EventLog> {
  const { headers } = await import('@nats-io/nats-core');
  await manager.streams.add({
    name: stream,
    subjects: [`${root}.>`],
    num_replicas: replicas,
    // Read from the leader alone: what is read to take a BMC has to be all that there is.
    allow_direct: false,
    allow_rollup_hdrs: true,
  });
  return {
    async append(subject, bytes, last, replacing = false) {
      const told = headers();
      if (replacing) told.set('Nats-Rollup', 'sub');
      const written = client.publish(`${root}.${subject}`, bytes, {
        timeout: PATIENCE,
        headers: told,
        expect: { lastSubjectSequence: last },
      });
      return (await known(written, subject)).seq;
    },
    async read(subject, behind = 0) {
      const found = [];
      for (let next = behind + 1; ;) {
        // The library's type knows this of reads that any server answers only.
        const query = { seq: next, next_by_subj: `${root}.${subject}` };
        const message = await manager.streams.getMessage(stream, query);
        if (message === null) return found;
        found.push({ sequence: message.seq, bytes: message.data });
        next = message.seq + 1;
      }
    },
  };
}
