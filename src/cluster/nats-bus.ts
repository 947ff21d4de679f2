import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { Clock, StreamNetwork } from '../world/world.ts';
import { NobodyError, type BucketEntry, type Bus, type EventLog } from './bus.ts';
import { natsBucket } from './nats-bucket.ts';
import { wantsCertificate } from './nats-door.ts';
import { natsObjects } from './nats-objects.ts';
import { natsInbox, served, tellRefusals } from './nats-requests.ts';
import { PATIENCE, Retries, type Waiting } from './nats-retries.ts';

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
  /** Begins the subjects where its answers come. Default `inbox` behind the prefix. */
  readonly inbox?: string;
  /** Requests alone, for who keeps nothing: it needs no rights of JetStream. Buckets and logs reject. */
  readonly isPlain?: boolean;
  /** Told once of each subject that this user may not publish or hear. */
  readonly warn?: (message: string) => void;
  /** For servers that begin at the same time as this process, and choose a leader first. Default: seconds. */
  readonly waiting?: Waiting;
  /** Where a server shuts the door without a word, this asks it what it wants. */
  readonly stream?: Pick<StreamNetwork, 'connect'>;
}

const NO_STREAM = 10059;
/** A stream of this name has other settings. */
const NAME_IN_USE = 10058;
/** In a millisecond. */
const NANOSECONDS = 1e6;
/** Milliseconds that the mark of what a bucket has forgotten stays. */
const MARKERS = 1000;

/**
 * Connects; what it needs is made where it is not there. Rejects where no server lets us in, or none answers
 * for as long as is waited; once connected it comes back by itself for ever. The libraries are loaded now,
 * and only now.
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
    inbox = `${prefix}.inbox`,
    isPlain = false,
  } = options;
  const retries = new Retries(options.clock, options.waiting);
  const connecting: ConnectionOptions = {
    servers: [...servers],
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A server that is cut off says nothing: whoever asked it has to go to another one before its lease ends.
    pingInterval: 1000,
    maxPingOut: 2,
    inboxPrefix: inbox,
    timeout: 2 * PATIENCE,
    ...(user !== undefined && { user, pass: password }),
    ...(nkeySeed !== undefined && { authenticator: core.nkeyAuthenticator(bytes(nkeySeed.trim())) }),
    ...(credentials !== undefined && { authenticator: core.credsAuthenticator(bytes(credentials)) }),
    ...(tls && { tls: { ca: tls.ca, cert: tls.certificate, key: tls.key } }),
  };
  const isShut = (): Promise<boolean> =>
    tls?.certificate === undefined
      ? wantsCertificate(servers, options.stream, options.clock)
      : Promise.resolve(false);
  const connection = await retries.connected(() => node.connect(connecting), isShut);
  void tellRefusals(connection, options.warn);
  const manager = isPlain
    ? undefined
    : await retries
        .patiently(() => jetstream.jetstreamManager(connection, { timeout: 5 * PATIENCE }))
        .catch(async (error: unknown) => {
          await connection.close();
          throw error;
        });
  const kept = (): JetStreamManager => {
    if (!manager) throw new Error('this connection keeps nothing: it was made for requests alone');
    return manager;
  };
  const client = jetstream.jetstream(connection, { timeout: PATIENCE });
  // Who reads asks again soon: a question to a leader that is gone is answered by nobody.
  const reading = { timeout: PATIENCE, checkAPI: false };
  const reader = isPlain ? undefined : await jetstream.jetstreamManager(connection, reading);
  const buckets = new kv.Kvm(client);
  // Who begins a lease, or asks whose one is, asks again soon: servers that choose a leader say nothing.
  const leases = new kv.Kvm(jetstream.jetstream(connection, { timeout: PATIENCE / 2 }));
  // Servers that have just begun take their time to make one; what is written to it has to be known sooner.
  const makers = new kv.Kvm(connection);
  return {
    async bucket(bucket, { ttl } = {}) {
      kept();
      const making = {
        history: 1,
        replicas,
        // A bucket that forgets tells of it only where it leaves markers.
        ...(ttl !== undefined && { ttl, markerTTL: MARKERS }),
      };
      await retries.patiently(() => makers.create(`${prefix}_${bucket}`, making));
      const opening = ttl === undefined ? buckets : leases;
      const shared = await opening.open(`${prefix}_${bucket}`);
      // One that was there already has the time that it was made with, maybe by another version.
      const forgetsAfter = ttl === undefined ? 0 : (await retries.patiently(() => shared.status())).ttl;
      return natsBucket(shared, connection, retries, forgetsAfter > 0 ? forgetsAfter : undefined);
    },
    async entries(bucket) {
      kept();
      const found = new Map<string, BucketEntry>();
      const shared = await buckets.open(`${prefix}_${bucket}`);
      const isThere = await retries.patiently(async () => {
        try {
          await shared.status();
          return true;
        } catch (error) {
          if ((error as { code?: unknown }).code === NO_STREAM) return false;
          throw error;
        }
      });
      if (!isThere) return found;
      const watch = await natsBucket(shared, connection, retries, undefined).watch((key, entry) => {
        if (entry) found.set(key, entry);
        else found.delete(key);
      });
      await watch.isComplete;
      watch.stop();
      return found;
    },
    log: async (log) =>
      natsLog({ manager: kept(), reader: reader!, client }, retries, {
        stream: `${prefix}_${log}`,
        subject: `${prefix}.${log}`,
        replicas,
      }),
    // Who asks for one has a client in front of it: a leader is not waited for without an end.
    objects: (name) =>
      natsObjects(kept(), client, new Retries(options.clock), {
        bucket: `${prefix}_${name}`,
        replicas,
        clock: options.clock,
      }),
    async keep(stream, subject, ms) {
      const keeping = {
        subjects: [`${prefix}.${subject}`],
        num_replicas: replicas,
        max_age: ms * NANOSECONDS,
      };
      const { streams } = kept();
      await retries.patiently(async () => {
        try {
          await streams.add({ name: `${prefix}_${stream}`, ...keeping });
        } catch (error) {
          if ((error as { code?: unknown }).code !== NAME_IN_USE) throw error;
          await streams.update(`${prefix}_${stream}`, keeping);
        }
      });
    },
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
    inbox: (hear) => natsInbox(connection, core, { inbox, prefix }, hear),
    publish: (subject, data) => connection.publish(`${prefix}.${subject}`, data),
    whole: (subject) => `${prefix}.${subject}`,
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

async function ended(connection: NatsConnection): Promise<void> {
  if (!connection.isClosed()) await connection.close();
}

interface LogPlace {
  readonly stream: string;
  readonly subject: string;
  readonly replicas: number;
}

interface LogWays {
  readonly manager: JetStreamManager;
  readonly reader: JetStreamManager;
  readonly client: Pick<ReturnType<typeof import('@nats-io/jetstream').jetstream>, 'publish'>;
}

async function natsLog(
  { manager, reader, client }: LogWays,
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
    async forget(subject) {
      await retries.known(() => manager.streams.purge(stream, { filter: `${root}.${subject}` }), subject);
    },
    async read(subject, behind = 0) {
      const found = [];
      for (let next = behind + 1; ;) {
        // The library's type knows this of reads that any server answers only.
        const query = { seq: next, next_by_subj: `${root}.${subject}` };
        const message = await retries.known(() => reader.streams.getMessage(stream, query), subject);
        if (message === null) return found;
        found.push({ sequence: message.seq, bytes: message.data });
        next = message.seq + 1;
      }
    },
  };
}
