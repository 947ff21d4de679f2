import { readFileSync } from 'node:fs';
import { ConflictError, NobodyError, type Bus } from '../cluster/bus.ts';
import { sealOf } from '../cluster/cluster-seal.ts';
import { FLEET_KEY } from '../cluster/host.ts';
import { drainSubject } from '../cluster/names.ts';
import { viewOf } from '../cluster/view.ts';
import { errorCodeOf } from '../codec/error-codes.ts';
import { checkTogether, loadText, loadWhole } from './load.ts';
import { nodeWorld } from '../world/node.ts';
import { clusterOf, connectCluster } from './cluster-place.ts';
import { CliError, problemOf, reading } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { sealKey } from './state-place.ts';
import { table, tell, type Column } from './steering/tell.ts';

/** How a command reaches the cluster, and says what it found. */
export interface ClusterOptions {
  readonly cluster?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Milliseconds that a host may take to answer. */
const PATIENCE = 5000;

async function withCluster<T>(options: ClusterOptions, work: (bus: Bus) => Promise<T>): Promise<T> {
  const { config } = options;
  const inFile = config === undefined ? undefined : loadWhole(config).cluster;
  const given = options.cluster ?? (inFile ? undefined : process.env.IPMI_BMC_CLUSTER);
  const found = clusterOf({ cluster: given }, inFile);
  if (found === undefined)
    throw new CliError('which cluster? --cluster nats://host:4222, IPMI_BMC_CLUSTER, or --config FILE');
  const bus = await connectCluster(found, config, nodeWorld().clock, 'command');
  try {
    return await work(bus);
  } catch (error) {
    if (errorCodeOf(error) !== undefined) throw error;
    throw new CliError(`${found.servers.join(', ')}: ${problemOf(error)}`, {
      cause: error,
      exit: EXIT.failed,
    });
  } finally {
    await bus.close();
  }
}

/** Puts a fleet file in the place of the one before. Rejects with CliError: nothing is changed. */
export function applyFleet(
  file: string,
  options: ClusterOptions & { readonly sealKey?: string },
): Promise<number> {
  const name = file === '-' ? 'standard input' : file;
  const text = file === '-' ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  const read = loadText(text, name, undefined, Date.now());
  checkTogether(read, undefined, false);
  return withCluster(options, async (bus) => {
    const seal = await sealOf(bus, sealKey(options.sealKey));
    const bytes = new TextEncoder().encode(text);
    const sealed = seal ? seal.close(bytes) : bytes;
    const bucket = await bus.bucket('desired');
    const { fleet } = await viewOf(bus);
    try {
      if (fleet) await bucket.update(FLEET_KEY, sealed, fleet.revision);
      else await bucket.create(FLEET_KEY, sealed);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new CliError(
        'somebody else has applied a file at this moment: look at it, and apply yours again',
        {
          exit: EXIT.failed,
        },
      );
    }
    await tell(
      options,
      { applied: true, bmcs: read.bmcs.length },
      () => `${read.bmcs.length} BMC(s) are to be served`,
    );
    return EXIT.done;
  });
}

export function listHosts(options: ClusterOptions): Promise<number> {
  return withCluster(options, async (bus) => {
    const { hosts, owners } = await viewOf(bus);
    const rows = [...hosts].map(([host, { isDraining = false, version, capacity, labels, networks }]) => ({
      host,
      bmcs: [...owners.values()].filter((owner) => owner === host).length,
      state: isDraining ? 'draining' : 'serving',
      version,
      capacity,
      labels,
      networks,
    }));
    const sorted = rows.toSorted((a, b) => (a.host < b.host ? -1 : 1));
    const columns: readonly Column<(typeof rows)[number]>[] = [
      { name: 'HOST', of: ({ host }) => host },
      { name: 'BMCS', right: true, of: ({ bmcs }) => bmcs },
      { name: 'STATE', of: ({ state }) => state },
      { name: 'VERSION', of: ({ version }) => version },
    ];
    await tell(options, sorted, () => table(columns, sorted));
    return EXIT.done;
  });
}

export function listBmcs(options: ClusterOptions): Promise<number> {
  return withCluster(options, async (bus) => {
    const rows = [...(await viewOf(bus)).owners]
      .map(([bmc, host]) => ({ bmc, host }))
      .toSorted((a, b) => a.bmc.localeCompare(b.bmc, 'en', { numeric: true }));
    const columns: readonly Column<(typeof rows)[number]>[] = [
      { name: 'BMC', of: ({ bmc }) => bmc },
      { name: 'HOST', of: ({ host }) => host },
    ];
    await tell(options, rows, () => table(columns, rows));
    return EXIT.done;
  });
}

export function drainHost(
  host: string,
  options: ClusterOptions & { readonly undo?: boolean },
): Promise<number> {
  return withCluster(options, async (bus) => {
    const isDraining = options.undo !== true;
    try {
      await bus.request(drainSubject(host), Uint8Array.of(Number(isDraining)), { timeout: PATIENCE });
    } catch (error) {
      if (!(error instanceof NobodyError)) throw error;
      const known = [...(await viewOf(bus)).hosts.keys()].toSorted().join(', ');
      throw new CliError(`no host '${host}' lives: ${known || 'there is none'}`, { cause: error });
    }
    await tell(options, { host, draining: isDraining }, () =>
      isDraining ? `${host} gives its BMCs away` : `${host} takes BMCs`,
    );
    return EXIT.done;
  });
}
