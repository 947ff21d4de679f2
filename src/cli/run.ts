import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Bmc } from '../bmc.ts';
import { Daemon } from '../control/daemon.ts';
import { metricsOf } from '../control/metrics-server.ts';
import { servingOf } from '../control/server.ts';
import type { BmcOptions, ClusterOptions } from '../config/options.ts';
import { Fleet, nameOf } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { fileNameOf } from '../storage/file-name.ts';
import { KeptFile } from '../storage/kept-file.ts';
import { Storage } from '../storage/storage.ts';
import type { World } from '../world/world.ts';
import { nodeWorld } from '../world/node.ts';
import { openControl } from './control.ts';
import { defaultServer } from './default-server.ts';
import { checkDescriptors } from './descriptors.ts';
import { tellCounters } from './counter-lines.ts';
import { CliError, problemOf } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { greeting, logInsOf } from './greeting.ts';
import { loadWhole } from './load.ts';
import { makeLog } from './log.ts';
import type { Onlooker } from './onlooker.ts';
import { openTrace } from './tracing.ts';
import { loadPlugins, registerPlugins } from './plugin.ts';
import { showProgress } from './progress.ts';
import { reload } from './reload.ts';
import { sleepAfterOf, type Process, type RunOptions, type Serving } from './run-options.ts';
import { CommandLineSource, writtenAt } from './settings-source.ts';
import { SHARD } from './shards/messages.ts';
import { checkNamed } from './named-secrets.ts';
import { settingsToRun } from './settings-to-run.ts';
import { syncTimes } from '../metrics/process-metrics.ts';
import { openMetrics, processFigures } from './metrics.ts';
import { onSignals } from './signals.ts';
import { auditFleet, auditPlace, auditRestored, openAudit } from './audit.ts';
import { announce, withdraw } from './ready-file.ts';
import { feedWatchdog, notifySystemd } from './systemd.ts';
import { stateOf, type StatePlace } from './state-place.ts';
import { version } from './version.ts';
import { yamlBeside } from './yaml-beside.ts';

/** Serves until SIGTERM or SIGINT; the exit code is then 0. */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
  const shard = process.env[SHARD] === undefined ? undefined : await (await shards()).shardSide();
  if (options.workers !== undefined && shard === undefined)
    return (await import('./shards/run-shards.ts')).runShards(file, options, options.workers);
  const write = (line: string): void => void process.stderr.write(line);
  // Logs go to standard error, so that standard output is the ready line alone.
  const log = makeLog({
    format: options.logFormat ?? (options.json ? 'json' : 'text'),
    level: options.logLevel ?? 'info',
    write,
    now: () => Date.now(),
  });
  const trouble = (where: string, error: unknown): void => log.error(where, error);
  const world = nodeWorld({ trouble, engine: options.engine ?? 'batch' });
  // The last wall: work that nobody waits for failed. It is a bug, but of one request: the other BMCs of the
  // process serve on.
  process.on('unhandledRejection', (error) => world.wall.failed('unhandled rejection', undefined, error));
  const serving: Serving = {};
  // Before anything that takes time: a signal that comes early must not be the system's.
  const signals = onSignals({
    reload: () =>
      serving.reload === undefined
        ? log.warn('SIGHUP: the config is read again when everything listens, and not before')
        : serving.reload(),
    reopen: () => serving.audit?.reopen(),
    counters: () => tellCounters(serving.fleet, log),
  });
  try {
    const stopped = shard
      ? Promise.race([signals.stopped, shard.orphaned.then(() => 'plain' as const)])
      : signals.stopped;
    return await serve(file, options, { world, log, write, serving, shard, stopped });
  } finally {
    signals.off();
    shard?.end();
  }
}

/** A directory that several processes share out: each has a part of it, and this one would have nothing. */
function refuseShards(directory: string | undefined): void {
  if (directory === undefined || !existsSync(join(directory, 'shards.json'))) return;
  throw new CliError(`${directory}: its BMCs are shared out: use --workers N (1 for one process)`);
}

const shards = (): Promise<typeof import('./shards/shard-side.ts')> => import('./shards/shard-side.ts');

async function serve(
  file: string | undefined,
  options: RunOptions,
  { world, log, write, serving, shard, stopped }: Process,
): Promise<number> {
  const plugins = await loadPlugins(options.plugin);
  const { kinds } = plugins;
  const { served } = options;
  const read: FileSettings =
    file === undefined
      ? { bmcs: [(served?.settings ?? defaultServer)(world.random)] }
      : loadWhole(file, kinds);
  // Nobody steers it: what the file says of that is not looked at.
  const steered = options.control === false ? { ...read, control: undefined, console: undefined } : read;
  if (!shard) checkNamed(steered, file, (line) => log.warn(line));
  const cluster = await clusterIn(options, read);
  if (cluster !== undefined) {
    const { serveCluster } = await import('./cluster-run.ts');
    return serveCluster(cluster, { file, read, options }, { world, log, write, serving, stopped, shard });
  }
  const state = stateOf(file, read, options);
  const readyFile = shard ? undefined : options.readyFile;
  if (readyFile !== undefined) withdraw(readyFile);
  if (!shard) refuseShards(state?.directory);
  const settings = settingsToRun(read, file, options, state !== undefined);
  const isOwn = (bmc: BmcOptions): boolean => shard?.owns(nameOf(bmc)) ?? true;
  checkDescriptors(settings.bmcs.filter(isOwn));
  const syncs = state && syncTimes();
  const storage = state && (await openStorage(world, state, log, (took) => syncs?.observe(took / 1000)));
  const tracing = openTrace(options, world, write);
  const onlookers = await onlookersOf(options, settings.bmcs, world, log);
  const audited = auditPlace(file, settings.audit, options.audit, shard?.index);
  const audit = audited && (await openAudit(audited, world, log, write));
  serving.audit = audit;
  const fleet = new Fleet({
    world,
    log,
    folder: file === undefined ? undefined : resolve(dirname(file)),
    storage,
    kinds,
    firmwareDirectory: state && ((name) => resolve(state.directory, 'firmware', fileNameOf(name))),
    sleepAfter: sleepAfterOf(settings.sleepAfter),
  });
  serving.fleet = fleet;
  if (audit) {
    auditFleet(fleet, audit, file);
    auditRestored(audit, storage, state?.directory);
  }
  if (tracing !== undefined) fleet.onMade((bmc) => tracing.add(bmc));
  for (const onlooker of onlookers) fleet.onMade((bmc) => onlooker.add(bmc));
  if (plugins.handlers.length > 0) fleet.onMade((bmc) => registerPlugins(bmc, plugins));
  if (served !== undefined) fleet.onMade(served.onMade);
  const source = new CommandLineSource({
    file,
    flags: options,
    state,
    ofProcess: settings,
    kinds,
    log,
    world,
    yaml: yamlBeside(world),
  });
  const daemon = new Daemon({
    world,
    log,
    fleet,
    version,
    pid: process.pid,
    file: file && resolve(file),
    stateDirectory: state?.directory,
    settings: source,
    kept: state && new KeptFile(world.files, state.directory, 'fleet.json', state.sealKey),
    audit: audit?.audit,
    owns: shard && ((name) => shard.owns(name)),
    figures: processFigures(),
    syncs,
    metricsPerBmc: settings.metrics?.perBmc,
  });
  const surroundings = {
    flags: options,
    inFile: shard ? undefined : settings.control,
    console: shard ? undefined : settings.console,
    file,
    log,
  };
  const toSteer = {
    serving: servingOf(daemon),
    stateDirectory: state?.directory,
    isBehind: shard !== undefined,
  };
  // From the start on: whoever waits for a thousand BMCs can ask whether they are ready.
  const giveUp = async (error: unknown): Promise<never> => {
    await fleet.close();
    for (const onlooker of onlookers) await onlooker.close();
    await audit?.close();
    throw error;
  };
  const control = await openControl(toSteer, surroundings).catch(giveUp);
  const metrics = await openMetrics(metricsOf(daemon), shard ? undefined : settings.metrics).catch(
    async (error: unknown) => {
      await control.close();
      return giveUp(error);
    },
  );
  const endProgress = showProgress(fleet, settings.bmcs.filter(isOwn).length);
  try {
    const written = file === undefined ? new Date(world.clock.now()).toISOString() : writtenAt(file);
    const { lines } = await daemon.begin(source.loaded(settings, written));
    if (lines.length > 0) throw new CliError(lines.join('\n'));
  } catch (error) {
    await metrics.close();
    await control.close();
    return await giveUp(error instanceof CliError ? error : new CliError(problemOf(error), { cause: error }));
  } finally {
    endProgress();
  }
  for (const [name, count] of storage?.strangers(new Set([...daemon.wanted.keys(), ...daemon.removed])) ?? [])
    log.warn(
      `${state?.directory}: keeps ${count} value(s) of a BMC '${name}', which the config does not have; was it renamed?`,
    );
  const { engine, problem } = world.udp;
  // Who asked for nothing gets what there is.
  if (options.engine === 'batch' && problem !== undefined) log.warn(`no datagrams in batches: ${problem}`);
  const listening = (): Bmc['interfaces'] => [...fleet.names].flatMap((name) => fleet.interfacesOf(name));
  const readyNow = () => ({
    ready: true,
    engine,
    state: state?.directory ?? null,
    control: control.addresses,
    ...(control.console !== undefined && { console: control.console }),
    ...(metrics.address !== undefined && { metrics: metrics.address }),
    interfaces: listening(),
  });
  const ready = readyNow();
  const logIns =
    file === undefined && served?.tellsPasswords !== false
      ? [...fleet.awake].slice(0, 1).flatMap((bmc) => logInsOf(settings.bmcs[0], bmc))
      : [];
  const announceNow = (): void => {
    if (readyFile !== undefined) announce(readyFile, JSON.stringify(readyNow()));
    shard?.announce({ engine: world.udp.engine, interfaces: listening() });
  };
  daemon.isReady = true;
  shard?.serve(daemon);
  announceNow();
  // Passwords that hold for this start are for whoever started it: they are in no file and in no log.
  process.stdout.write(
    options.json
      ? `${JSON.stringify(logIns.length > 0 ? { ...ready, logIns } : ready)}\n`
      : greeting(settings.bmcs, ready.interfaces, state?.directory, logIns, metrics.address),
  );
  if (control.console !== undefined && !options.json)
    process.stdout.write(`web console: ${control.console}\n`);
  const noMore = daemon.onChanged(announceNow);
  serving.reload = (): void => void reload(daemon);
  notifySystemd('READY=1');
  const endFeeding = feedWatchdog();
  // A BMC on a bus in memory has nothing else that keeps the process.
  const alive = setInterval(() => undefined, 60_000);
  const how = await stopped;
  clearInterval(alive);
  notifySystemd('STOPPING=1');
  if (readyFile !== undefined) withdraw(readyFile);
  serving.reload = undefined;
  noMore();
  daemon.isReady = false;
  await metrics.close();
  await control.close();
  await fleet.close({ endMachines: how === 'machines' });
  for (const onlooker of onlookers) await onlooker.close();
  audit?.audit.tell({ actor: { by: 'process' }, what: 'stop', fields: { endMachines: how === 'machines' } });
  await audit?.close();
  endFeeding();
  return 0;
}

/** The cluster that the process is to be a host of; what knows of clusters is loaded where there is one. */
async function clusterIn(
  options: RunOptions,
  { cluster }: FileSettings,
): Promise<ClusterOptions | undefined> {
  if (options.cluster === undefined && options.host === undefined && cluster === undefined) return undefined;
  const { clusterOf } = await import('./cluster-place.ts');
  return clusterOf(options, cluster);
}

/** Who looks at the BMCs from the start; loaded where it is asked for. */
async function onlookersOf(
  options: RunOptions,
  settings: readonly { readonly name?: string }[],
  world: World,
  log: Log,
): Promise<Onlooker[]> {
  const { pcap, keys, pcapSize, pcapOn, pcapFilter, pcapProfile, record, recordSize } = options;
  const stray = [
    pcap === undefined && keys === true ? '--keys is for --pcap' : '',
    pcap === undefined && pcapSize !== undefined ? '--pcap-size is for --pcap' : '',
    pcap === undefined && pcapOn !== undefined ? '--pcap-on is for --pcap' : '',
    pcap === undefined && pcapFilter !== undefined ? '--pcap-filter is for --pcap' : '',
    pcap === undefined && pcapProfile !== undefined ? '--pcap-profile is for --pcap' : '',
    record === undefined && recordSize !== undefined ? '--record-size is for --record' : '',
  ].find(Boolean);
  if (stray) throw new CliError(stray);
  const names = settings.map(({ name }) => name ?? 'bmc');
  const onlookers: Onlooker[] = [];
  if (record !== undefined) {
    const { openRecording } = await import('./recording.ts');
    onlookers.push(await openRecording({ record, recordSize }, names, world, log));
  }
  if (pcap !== undefined) {
    const { openPcap } = await import('./pcap.ts');
    onlookers.push(await openPcap({ ...options, pcap }, names, world, log));
  }
  return onlookers;
}

async function openStorage(
  { files, clock }: World,
  { directory, sealKey }: StatePlace,
  log: Log,
  took: (milliseconds: number) => void,
): Promise<Storage> {
  try {
    const timing = { monotonic: () => clock.monotonic(), took };
    return await Storage.open(files, directory, { warn: (message) => log.warn(message), sealKey, timing });
  } catch (error) {
    throw new CliError(problemOf(error), { cause: error });
  }
}
