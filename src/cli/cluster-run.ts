import { resolve } from 'node:path';
import { ClusterControl } from '../cluster/control.ts';
import { ClusterHost } from '../cluster/host.ts';
import { sealOf } from '../cluster/cluster-seal.ts';
import { drainSubject, tokenOf } from '../cluster/names.ts';
import { serveDiscovery } from '../cluster/service.ts';
import { StreamStorage } from '../cluster/stream-storage.ts';
import type { ClusterOptions } from '../config/options.ts';
import { Daemon } from '../control/daemon.ts';
import { metricsOf } from '../control/metrics-server.ts';
import { refusal } from '../control/problem.ts';
import { servingOf } from '../control/server.ts';
import type { SettingsSource } from '../control/settings-source.ts';
import { Fleet } from '../fleet/index.ts';
import { connectCluster, hostOf } from './cluster-place.ts';
import { openControl } from './control.ts';
import { CliError } from './errors.ts';
import type { Given } from './given.ts';
import { openMetrics, processFigures } from './metrics.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';
import { announce, withdraw } from './ready-file.ts';
import { sleepAfterOf, type Process, type RunOptions } from './run.ts';
import { sealKey } from './state-place.ts';
import { feedWatchdog, notifySystemd } from './systemd.ts';
import { version } from './version.ts';

/** What is not for a host of a cluster: its BMCs are the cluster's. */
const ALONE = [
  'lan',
  'handlerSocket',
  'btSocket',
  'vmSocket',
  'state',
  'pcap',
  'record',
  'trace',
  'workers',
] as const;

/** In a cluster settings come by it alone. */
const NOBODYS: SettingsSource = {
  read: refused,
  whole: refused,
  one: refused,
};

function refused(): never {
  throw refusal('conflict', 'the cluster says which BMCs run', { next: 'ipmi-bmc cluster apply FILE' });
}

/** Is one host of a cluster until SIGTERM or SIGINT; the exit code is then 0. */
export async function serveCluster(
  cluster: ClusterOptions,
  {
    file,
    read,
    options,
  }: { readonly file: string | undefined; readonly read: Given; readonly options: RunOptions },
  { world, log, stopped, serving }: Process,
): Promise<number> {
  const stray = ALONE.find((flag) => options[flag] !== undefined);
  if (stray)
    throw new CliError(`--${stray.replaceAll(/[A-Z]/g, '-$&').toLowerCase()} is not for a host of a cluster`);
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  const plugins = await loadPlugins(options.plugin);
  const name = hostOf(cluster);
  const bus = await connectCluster(cluster, file, world.clock);
  const key = cluster.sealKeyFile ?? options.sealKey;
  const seal = await sealOf(bus, sealKey(key === undefined ? undefined : resolve(file ?? '.', '..', key)));
  const storage = new StreamStorage(await bus.log('state'), {
    clock: world.clock,
    host: name,
    seal,
    warn: (message) => log.warn(message),
    onFenced: (bmc) => log.warn(`${bmc}: another host has taken it`),
  });
  const fleet = new Fleet({
    world,
    log,
    storage,
    kinds: plugins.kinds,
    sleepAfter: sleepAfterOf(read.sleepAfter),
  });
  serving.fleet = fleet;
  fleet.onMade((bmc) => registerPlugins(bmc, plugins));
  const daemon = new Daemon({
    world,
    log,
    fleet,
    version,
    pid: process.pid,
    file: file && resolve(file),
    settings: NOBODYS,
    figures: processFigures(),
    metricsPerBmc: read.metrics?.perBmc,
  });
  const steered = { serving: servingOf(daemon), stateDirectory: undefined };
  const control = await openControl(steered, { flags: options, inFile: read.control, file, log });
  const metrics = await openMetrics(metricsOf(daemon), read.metrics);
  const { labels, networks, capacity, onLost, moves } = cluster;
  const host = await ClusterHost.join({
    bus,
    name,
    place: { labels, networks, capacity },
    version,
    clock: world.clock,
    random: world.random,
    log,
    runs: { run: (bmcs) => daemon.hold(bmcs) },
    storage,
    seal,
    onLost,
    moves,
  });
  const here = await import('../control/app.ts').then(({ controlApp }) => controlApp(daemon));
  const everywhere = new ClusterControl(bus, host, async (request, caller) =>
    here.fetch(request, { caller: () => caller, isForwarded: true }),
  );
  daemon.elsewhere = everywhere.elsewhere;
  const undo = [
    bus.serve(drainSubject(name), async ({ bytes }) => {
      await host.drain(bytes[0] !== 0);
      return Uint8Array.of(1);
    }),
    serveDiscovery(bus, host, new Date(world.clock.now()), version),
    daemon.events.listen({}, ({ event }) => {
      const about = event.bmc === null ? name : event.bmc;
      bus.publish(`event.${tokenOf(about)}.${event.kind}`, new TextEncoder().encode(JSON.stringify(event)));
    }),
  ];
  daemon.isReady = true;
  const ready = {
    ready: true,
    cluster: { host: name, servers: cluster.servers },
    control: control.addresses,
  };
  if (options.readyFile !== undefined) announce(options.readyFile, JSON.stringify(ready));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(ready)}\n`
      : `host ${name} of the cluster at ${cluster.servers.join(', ')}\n`,
  );
  notifySystemd('READY=1');
  const endFeeding = feedWatchdog();
  await stopped;
  notifySystemd('STOPPING=1');
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  daemon.isReady = false;
  for (const off of undo) off();
  everywhere.close();
  await metrics.close();
  await control.close();
  await host.leave();
  await fleet.close();
  await bus.close();
  endFeeding();
  return 0;
}
