import { readFileSync } from 'node:fs';
import { ConflictError, NobodyError, type Bus } from '../cluster/bus.ts';
import { sealOf } from '../cluster/cluster-seal.ts';
import { checkSchema, FLEET_KEY, SCHEMA_KEY } from '../cluster/desired.ts';
import { handlersOf, type HandlersSeen } from '../cluster/handler-view.ts';
import { drainSubject } from '../cluster/names.ts';
import { saidBy } from '../cluster/unserved.ts';
import { fleetOf, viewOf } from '../cluster/view.ts';
import { errorCodeOf } from '../codec/error-codes.ts';
import { checkedFleet } from './cluster-fleet.ts';
import { nodeWorld } from '../world/node.ts';
import { clusterToReach, connectCluster, type ClusterReach } from './cluster-place.ts';
import { natsProblem } from './cluster-problem.ts';
import { CliError, reading } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { sealKey } from './state-place.ts';
import { table, tell, type Column } from './steering/tell.ts';

/** How a command reaches the cluster, and says what it found. */
export interface ClusterOptions extends ClusterReach {
  readonly json?: boolean;
}

/** Milliseconds that a host may take to answer. */
const PATIENCE = 5000;

async function withCluster<T>(options: ClusterOptions, work: (bus: Bus) => Promise<T>): Promise<T> {
  const found = clusterToReach(options);
  // What is refused rejects, and is told then.
  const bus = await connectCluster(found, {
    file: options.config,
    world: nodeWorld(),
    name: 'command',
    warn: () => undefined,
  });
  try {
    return await work(bus);
  } catch (error) {
    if (errorCodeOf(error) !== undefined) throw error;
    throw new CliError(natsProblem(error, found), {
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
  const read = checkedFleet(text, name);
  return withCluster(options, async (bus) => {
    const seal = await sealOf(bus, sealKey(options.sealKey));
    const bytes = new TextEncoder().encode(text);
    const sealed = seal ? seal.close(bytes) : bytes;
    const bucket = await bus.bucket('desired');
    try {
      checkSchema(await bucket.get(SCHEMA_KEY));
    } catch (error) {
      throw new CliError(`the cluster: ${(error as Error).message}`, { cause: error, exit: EXIT.failed });
    }
    const fleet = await fleetOf(bus);
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
    const rows = [...hosts].map(([host, { isDraining = false, problem, version, ...place }]) => ({
      host,
      bmcs: [...owners.values()].filter((owner) => owner === host).length,
      state: isDraining ? 'draining' : problem === undefined ? 'serving' : 'behind',
      version,
      capacity: place.capacity,
      labels: place.labels,
      networks: place.networks,
      problem,
    }));
    const sorted = rows.toSorted((a, b) => (a.host < b.host ? -1 : 1));
    const columns: readonly Column<(typeof rows)[number]>[] = [
      { name: 'HOST', of: ({ host }) => host },
      { name: 'BMCS', right: true, of: ({ bmcs }) => bmcs },
      { name: 'STATE', of: ({ state }) => state },
      { name: 'VERSION', of: ({ version }) => version },
      ...(rows.some(({ problem }) => problem !== undefined)
        ? [{ name: 'PROBLEM', of: ({ problem }: (typeof rows)[number]) => problem }]
        : []),
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

/** What the hosts say together: BMCs, and of those that nobody serves why. */
export function clusterStatus(options: ClusterOptions): Promise<number> {
  return withCluster(options, async (bus) => {
    const { hosts, owners } = await viewOf(bus);
    const names = [...hosts.keys()].toSorted();
    const told = await Promise.allSettled(names.map((host) => saidBy(bus, host)));
    const answers = told.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const silent = names.filter((_, i) => told[i].status === 'rejected');
    const behind = names.filter((host) => hosts.get(host)?.problem !== undefined);
    const why = new Map(answers.flatMap(({ unserved }) => Object.entries(unserved)));
    const unserved = Array.from(why, ([bmc, problem]) => ({ bmc, problem })).toSorted((a, b) =>
      a.bmc.localeCompare(b.bmc, 'en', { numeric: true }),
    );
    const bmcs = Math.max(0, ...answers.map((answer) => answer.bmcs));
    const stopped = [...new Set(answers.flatMap((answer) => answer.stopped))].toSorted();
    const served = [...owners.keys()].filter((bmc) => !why.has(bmc)).length;
    const problems = [
      ...(names.length === 0 ? ['no host lives'] : []),
      ...silent.map((host) => `host ${host} does not say what it has`),
      ...behind.map((host) => `host ${host}: ${hosts.get(host)?.problem}`),
    ];
    const columns: readonly Column<(typeof unserved)[number]>[] = [
      { name: 'BMC', of: ({ bmc }) => bmc },
      { name: 'PROBLEM', of: ({ problem }) => problem },
    ];
    const counts = `${names.length} host(s); ${served} of ${bmcs} BMC(s) are served, ${stopped.length} stopped\n`;
    await tell(
      options,
      { hosts: names.length, bmcs, served, stopped, unserved, problems },
      () =>
        counts +
        problems.map((line) => `${line}\n`).join('') +
        (unserved.length > 0 ? table(columns, unserved) : ''),
    );
    return unserved.length + problems.length > 0 ? EXIT.failed : EXIT.done;
  });
}

/** Handlers that processes on the bus have, and whom hosts refuse. */
export function listBusHandlers(options: ClusterOptions): Promise<number> {
  return withCluster(options, async (bus) => {
    const rows = await handlersOf(bus, PATIENCE);
    const columns: readonly Column<HandlersSeen>[] = [
      { name: 'OWNER', of: ({ owner }) => owner },
      { name: 'BMCS', right: true, of: ({ bmcs }) => bmcs },
      { name: 'REQUESTS', right: true, of: ({ counters }) => counters.requests },
      { name: 'CLAIMS', of: ({ claims = [] }) => fewOf(claims) },
      { name: 'FROM', of: ({ from, shared }) => (from && shared ? `${from}, shared` : from) },
      { name: 'PROBLEM', of: ({ problems }) => problems.join('; ') },
    ];
    await tell(options, rows, () => table(columns, rows));
    return EXIT.done;
  });
}

/** Names that a line has room for. */
const FEW = 3;
const fewOf = (names: readonly string[]): string =>
  names.length <= FEW ? names.join(', ') : `${names.slice(0, FEW).join(', ')} and ${names.length - FEW} more`;

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
