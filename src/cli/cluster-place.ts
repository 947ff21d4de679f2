import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ClusterOptions } from '../config/options.ts';
import type { Bus } from '../cluster/bus.ts';
import { natsBus, type NatsOptions } from '../cluster/nats-bus.ts';
import type { Clock } from '../world/world.ts';
import { CliError, problemOf, reading } from './errors.ts';

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

/** What a host is called that nobody has given a name. */
export const hostOf = ({ host = hostname() }: ClusterOptions): string => host;

/** Connects; files are named from beside `file`. Rejects with CliError. */
export async function connectCluster(
  options: ClusterOptions,
  file: string | undefined,
  clock: Clock,
  name = hostOf(options),
): Promise<Bus> {
  const { servers, prefix, replicas, user, tls } = options;
  const text = (path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    const whole = resolve(file === undefined ? '.' : dirname(file), path);
    return reading(whole, () => readFileSync(whole, 'utf8'));
  };
  const nats: NatsOptions = {
    clock,
    servers,
    name: `ipmi-bmc ${name}`,
    prefix,
    replicas,
    user,
    password: text(options.passwordFile)?.split(/\r?\n/)[0],
    nkeySeed: text(options.nkeyFile),
    credentials: text(options.credentialsFile),
    ...(tls && { tls: { ca: text(tls.ca), certificate: text(tls.certificate), key: text(tls.key) } }),
  };
  // Between two tries there is nothing else that keeps the process.
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await natsBus(nats);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND')
      throw new CliError(
        'a cluster needs the packages @nats-io/transport-node, jetstream and kv: npm install',
        {
          cause: error,
        },
      );
    throw new CliError(`${servers.join(', ')}: ${problemOf(error)}`, { cause: error });
  } finally {
    clearInterval(alive);
  }
}
