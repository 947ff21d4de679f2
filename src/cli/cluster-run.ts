import { resolve } from 'node:path';
import { Audit } from '../audit/index.ts';
import type { BmcState } from '../bmc.ts';
import { AddressHooks } from '../cluster/address-hooks.ts';
import type { Bus, Objects } from '../cluster/bus.ts';
import { BusHandlers } from '../cluster/bus-handlers.ts';
import { ClusterControl } from '../cluster/control.ts';
import { fencedUdp } from '../cluster/fenced-udp.ts';
import { ClusterHost } from '../cluster/host.ts';
import { sealOf } from '../cluster/cluster-seal.ts';
import { drainSubject } from '../cluster/names.ts';
import { EndedWaitingError } from '../cluster/nats-retries.ts';
import { serveDiscovery } from '../cluster/service.ts';
import { Unserved } from '../cluster/unserved.ts';
import { StreamStorage } from '../cluster/stream-storage.ts';
import type { ClusterOptions } from '../config/options.ts';
import { askedConsole, joinConsole, ownConsole } from '../control/console-attach.ts';
import { Daemon } from '../control/daemon.ts';
import { metricsOf } from '../control/metrics-server.ts';
import { refusal } from '../control/problem.ts';
import { servingOf } from '../control/server.ts';
import type { SettingsSource } from '../control/settings-source.ts';
import { Fleet } from '../fleet/index.ts';
import { standard } from '../handlers/standard.ts';
import { auditFleet, auditPlace, openAudit, type AuditLog } from './audit.ts';
import { ClusterFleet } from './cluster-fleet.ts';
import { handlerFamilies } from './cluster-metrics.ts';
import { tellAudit, tellBus, tellUnserved } from './cluster-tell.ts';
import { connectCluster, hostOf } from './cluster-place.ts';
import { openControl } from './control.ts';
import { CliError } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { openMetrics, processFigures } from './metrics.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';
import { announce, withdraw } from './ready-file.ts';
import { sleepAfterOf, type Process, type RunOptions } from './run-options.ts';
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

interface Asked {
  readonly file: string | undefined;
  readonly read: FileSettings;
  readonly options: RunOptions;
}

/**
 * Is one host of a cluster until SIGTERM or SIGINT; the exit code is then 0. Servers of NATS that are not
 * there yet are waited for.
 */
export async function serveCluster(cluster: ClusterOptions, asked: Asked, process: Process): Promise<number> {
  try {
    return await beHost(cluster, asked, process);
  } catch (error) {
    if (error instanceof EndedWaitingError) return 0;
    throw error;
  }
}

async function beHost(
  cluster: ClusterOptions,
  { file, read, options }: Asked,
  { world, log, stopped, serving }: Process,
): Promise<number> {
  const stray = ALONE.find((flag) => options[flag] !== undefined);
  if (stray)
    throw new CliError(`--${stray.replaceAll(/[A-Z]/g, '-$&').toLowerCase()} is not for a host of a cluster`);
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  const plugins = await loadPlugins(options.plugin);
  const name = hostOf(cluster);
  const bus = await connectCluster(cluster, {
    file,
    world,
    until: stopped,
    warn: (message) => log.warn(message),
  });
  const key = cluster.sealKeyFile ?? options.sealKey;
  const seal = await sealOf(bus, sealKey(key === undefined ? undefined : resolve(file ?? '.', '..', key)));
  let host: ClusterHost | undefined;
  let images: Promise<Objects> | undefined;
  // One that could not be made is tried by who asks next.
  const openImages = (): Promise<Objects> =>
    bus.objects('images').catch((error: unknown) => {
      images = undefined;
      throw error;
    });
  const storage = new StreamStorage(await bus.log('state'), {
    clock: world.clock,
    host: name,
    seal,
    objects: () => (images ??= openImages()),
    warn: (message) => log.warn(message),
    onFenced: (bmc) => {
      log.warn(`${bmc}: another host has taken it`);
      host?.fenced(bmc);
    },
  });
  const udp = fencedUdp(world.udp, () => host?.mayServe === true);
  const fleet = new Fleet({
    world: { ...world, udp },
    log,
    storage,
    kinds: plugins.kinds,
    sleepAfter: sleepAfterOf(read.sleepAfter),
  });
  serving.fleet = fleet;
  if (plugins.handlers.length > 0) fleet.onMade((bmc) => registerPlugins(bmc, plugins));
  const audit = await auditOf(cluster, { file, read, flag: options.audit }, { bus, name, world, log });
  serving.audit = audit;
  if (audit) auditFleet(fleet, audit, file);
  let busHandlers: BusHandlers<BmcState> | undefined;
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
    audit: audit?.audit,
    families: () => (busHandlers ? handlerFamilies(busHandlers) : []),
  });
  const steered = { serving: servingOf(daemon), stateDirectory: undefined };
  const control = await openControl(steered, {
    flags: options,
    inFile: read.control,
    console: read.console,
    file,
    log,
  });
  const metrics = await openMetrics(metricsOf(daemon), read.metrics);
  const { labels, networks, capacity, onLost, moves, hooks } = cluster;
  const labelled = (bmc: string) => ({ name: bmc, labels: host?.desired.all.get(bmc)?.labels });
  const handlers = await BusHandlers.open<BmcState>({
    bus,
    host: name,
    clock: world.clock,
    warn: (message) => log.warn(`cluster: ${message}`),
    standard,
    bmcs: () => Array.from(host?.desired.all.keys() ?? [], labelled),
  });
  busHandlers = handlers;
  fleet.onWoken(({ name: bmc, router }) =>
    handlers.put({
      name: bmc,
      router,
      get labels() {
        return labelled(bmc).labels;
      },
    }),
  );
  fleet.onSlept((bmc) => handlers.drop(bmc));
  fleet.onGone((bmc) => handlers.drop(bmc));
  fleet.onApplied(() => handlers.settle());
  const member = await ClusterHost.join({
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
    ...(hooks && { hooks: new AddressHooks(hooks, { programs: world.programs, log, host: name }) }),
  });
  host = member;
  const here = await import('../control/app.ts').then(({ controlApp }) => controlApp(daemon));
  const unserved = new Unserved({
    bus,
    host: member,
    clock: world.clock,
    problemOf: (bmc) => daemon.failures.of(bmc),
    tell: (bmcs, why) => tellUnserved(bmcs, why, { log, events: daemon.events }),
  });
  const desired = new ClusterFleet(await bus.bucket('desired'), {
    clock: world.clock,
    seal,
    host: member,
    unserved,
  });
  const everywhere = new ClusterControl(
    bus,
    member,
    {
      answer: async (request, caller) => here.fetch(request, { caller: () => caller, isForwarded: true }),
      console(path, caller) {
        const line = ownConsole(daemon, askedConsole(path, caller));
        return (stream) => joinConsole(line, stream);
      },
    },
    { clock: world.clock, random: world.random, fleet: desired, unserved },
  );
  daemon.elsewhere = everywhere;
  const undo = [
    bus.serve(drainSubject(name), async ({ bytes }) => {
      await member.drain(bytes[0] !== 0);
      return Uint8Array.of(1);
    }),
    serveDiscovery(bus, member, new Date(world.clock.now()), version),
    await tellBus(bus, daemon, { clock: world.clock, host: name, log }, cluster),
  ];
  daemon.isReady = true;
  const ready = {
    ready: true,
    cluster: { host: name, servers: cluster.servers },
    control: control.addresses,
    ...(control.console !== undefined && { console: control.console }),
    ...(metrics.address !== undefined && { metrics: metrics.address }),
  };
  if (options.readyFile !== undefined) announce(options.readyFile, JSON.stringify(ready));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(ready)}\n`
      : `host ${name} of the cluster at ${cluster.servers.join(', ')}\n`,
  );
  if (control.console !== undefined && !options.json)
    process.stdout.write(`web console: ${control.console}\n`);
  notifySystemd('READY=1');
  const endFeeding = feedWatchdog();
  await stopped;
  notifySystemd('STOPPING=1');
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  daemon.isReady = false;
  for (const off of undo) off();
  unserved.close();
  everywhere.close();
  await metrics.close();
  await control.close();
  await member.leave();
  handlers.close();
  await fleet.close();
  await audit?.close();
  await bus.close();
  endFeeding();
  return 0;
}

/** Where changes are told: in the file that the process has for them, on the bus, or both; else nowhere. */
async function auditOf(
  { audit: isTold = false }: ClusterOptions,
  { file, read, flag }: { readonly file?: string; readonly read: FileSettings; readonly flag?: string },
  { bus, name, world, log }: { readonly bus: Bus; readonly name: string } & Pick<Process, 'world' | 'log'>,
): Promise<AuditLog | undefined> {
  const place = auditPlace(file, read.audit, flag, undefined);
  const tell = isTold ? tellAudit(bus, name) : undefined;
  if (place) return openAudit(place, world, log, (line) => void process.stderr.write(line), tell);
  if (!tell) return undefined;
  const audit = new Audit(world.clock, (make) => tell(make(0)));
  return { audit, reopen: () => undefined, close: () => Promise.resolve() };
}
