import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ClusterOptions } from '../config/options.ts';
import type { Bus } from '../cluster/bus.ts';
import { natsBus, type NatsOptions } from '../cluster/nats-bus.ts';
import { EndedWaitingError } from '../cluster/nats-retries.ts';
import type { World } from '../world/world.ts';
import { natsProblem } from './cluster-problem.ts';
import { CliError, reading } from './errors.ts';
import { loadWhole } from './load.ts';

/** How the command line names a cluster: all else stands in the `cluster` section of a file. */
export interface ClusterFlags {
  /** `nats://host:4222`, a comma between several. */
  readonly cluster?: string;
  readonly host?: string;
}

/** The cluster that the flags or the file name; undefined: none. */
export function clusterOf(
  flags: ClusterFlags,
  inFile: ClusterOptions | undefined,
): ClusterOptions | undefined {
  const servers = flags.cluster?.split(',').map((url) => url.trim()) ?? inFile?.servers;
  if (servers === undefined) {
    if (flags.host !== undefined) throw new CliError('--host is for --cluster');
    return undefined;
  }
  for (const url of servers)
    if (!/^(nats|tls):\/\/[^\s/]+$/.test(url))
      throw new CliError(`--cluster ${url}: expected nats://host:port or tls://host:port`);
  return { ...inFile, servers, ...(flags.host !== undefined && { host: flags.host }) };
}

/** How a command reaches a cluster. */
export interface ClusterReach {
  readonly cluster?: string;
  /** A file with a `cluster` section. */
  readonly config?: string;
}

/** The cluster that a command is about, by its flags, the environment or a file. Throws CliError: none. */
export function clusterToReach({ cluster, config }: ClusterReach): ClusterOptions {
  const inFile = config === undefined ? undefined : loadWhole(config).cluster;
  const urls = cluster ?? (inFile ? undefined : process.env.IPMI_BMC_CLUSTER);
  const found = clusterOf({ cluster: urls }, inFile);
  if (found === undefined)
    throw new CliError('which cluster? --cluster nats://host:4222, IPMI_BMC_CLUSTER, or --config FILE');
  return found;
}

/** What a host is called that nobody has given a name. */
export const hostOf = ({ host = hostname() }: ClusterOptions): string => host;

interface Connecting {
  /** Paths are named from beside it. */
  readonly file?: string;
  readonly world: Pick<World, 'clock' | 'stream'>;
  /** What lists of the server's connections show. */
  readonly name?: string;
  /** For requests alone. */
  readonly isPlain?: boolean;
  /**
   * Servers that are not there yet, or have not chosen who leads, are waited for until this; without it for
   * some seconds.
   */
  readonly until?: Promise<unknown>;
  /** Told what this user may not do, and what is waited for. */
  readonly warn: (message: string) => void;
}

/** Rejects with CliError, and with EndedWaitingError where what it was waited until came first. */
export async function connectCluster(
  options: ClusterOptions,
  { file, world, name = hostOf(options), isPlain, until, warn }: Connecting,
): Promise<Bus> {
  const { servers, prefix, replicas, user, tls, inbox } = options;
  const text = (path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    const whole = resolve(file === undefined ? '.' : dirname(file), path);
    return reading(whole, () => readFileSync(whole, 'utf8'));
  };
  const over = new AbortController();
  const nats: NatsOptions = {
    clock: world.clock,
    stream: world.stream,
    ...(until && {
      waiting: {
        limit: Infinity,
        signal: over.signal,
        tell: (error) => warn(`waiting for NATS: ${natsProblem(error, options)}`),
      },
    }),
    servers,
    name: `ipmi-bmc ${name}`,
    prefix,
    replicas,
    inbox,
    isPlain,
    warn: (message) => warn(natsProblem(new Error(message), options)),
    user,
    password: text(options.passwordFile)?.split(/\r?\n/)[0],
    nkeySeed: text(options.nkeyFile),
    credentials: text(options.credentialsFile),
    ...(tls && { tls: { ca: text(tls.ca), certificate: text(tls.certificate), key: text(tls.key) } }),
  };
  // Between two tries there is nothing else that keeps the process.
  const alive = setInterval(() => undefined, 60_000);
  void until?.then(() => over.abort());
  try {
    return await natsBus(nats);
  } catch (error) {
    if (error instanceof EndedWaitingError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND')
      throw new CliError(
        'a cluster needs the packages @nats-io/transport-node, jetstream and kv: npm install',
        {
          cause: error,
        },
      );
    throw new CliError(natsProblem(error, options), { cause: error });
  } finally {
    clearInterval(alive);
  }
}
