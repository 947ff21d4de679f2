import { dirname, resolve } from 'node:path';
import { Templates, type Bmc } from '../bmc.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { trace } from '../taps/index.ts';
import type { Log } from '../state/setup.ts';
import { fileNameOf } from '../storage/file-name.ts';
import { Storage } from '../storage/storage.ts';
import { isSilent } from '../config/together.ts';
import type { World } from '../world/world.ts';
import type { UdpEngine } from '../world/node-udp.ts';
import { nodeWorld, type NodeWorld } from '../world/node.ts';
import { checkTogether, loadWhole, makeBmc } from './check.ts';
import { defaultServer } from './default-server.ts';
import { CliError, problemOf } from './errors.ts';
import type { Given } from './given.ts';
import { greeting, logInsOf } from './greeting.ts';
import { makeLog, plain, type LogFormat, type LogLevel } from './log.ts';
import { openProblem } from './open-problem.ts';
import type { Pcap } from './pcap.ts';
import { FLAGS, overridden, type Overrides } from './overrides.ts';
import { onSignals } from './signals.ts';
import { announce, withdraw } from './ready-file.ts';
import { notifySystemd } from './systemd.ts';
import { stateOf, type StatePlace } from './state-place.ts';

export interface RunOptions extends Overrides {
  readonly state?: string;
  /** A file that holds the key. */
  readonly sealKey?: string;
  readonly json?: boolean;
  /** Default: as `json` says. */
  readonly logFormat?: LogFormat;
  /** Default info. */
  readonly logLevel?: LogLevel;
  readonly trace?: boolean;
  /** Where what passes is captured. */
  readonly pcap?: string;
  /** MiB of a file of captures. */
  readonly pcapSize?: number;
  /** Captures with passwords and keys. */
  readonly keys?: boolean;
  /** Default: batches where they are to be had. */
  readonly engine?: UdpEngine;
  readonly readyFile?: string;
}

/** Serves until SIGTERM or SIGINT; the exit code is then 0. */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
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
  const bmcs: Bmc[] = [];
  // Before anything that takes time: a signal that comes early must not be the system's.
  const signals = onSignals({ log, counters: () => tellCounters(bmcs, log) });
  try {
    return await serve(file, options, { world, log, write, bmcs, stopped: signals.stopped });
  } finally {
    signals.off();
  }
}

interface Process {
  readonly world: NodeWorld;
  readonly log: Log;
  readonly write: (line: string) => void;
  readonly bmcs: Bmc[];
  readonly stopped: Promise<void>;
}

async function serve(
  file: string | undefined,
  options: RunOptions,
  { world, log, write, bmcs, stopped }: Process,
): Promise<number> {
  const given: Given = file === undefined ? { bmcs: [defaultServer(world.random)] } : loadWhole(file);
  const state = stateOf(file, given, options);
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  const settings = given.bmcs.map((bmc) => overridden(bmc, options));
  for (const [name, flag] of Object.entries(FLAGS) as [keyof Overrides, string][]) {
    if (options[name] !== undefined && settings.length > 1)
      throw new CliError(`${flag} is for one BMC; ${file} has ${settings.length}`);
  }
  // Sockets and busses of a file that says nothing else hold the process open; a file that says nothing at
  // all is a mistake.
  if (settings.every((bmc) => isSilent(bmc)))
    throw new CliError(`${file}: nobody could reach it: add an entry to interfaces: or use --lan HOST:PORT`);
  checkTogether({ ...given, bmcs: settings }, file, state !== undefined);
  const icmb = new IcmbNetwork(world);
  const templates = new Templates();
  const folder = file === undefined ? undefined : resolve(dirname(file));
  const storage = state && (await openStorage(world.files, state, (message) => log.warn(message)));
  const pcap = await pcapOf(options, settings, world, log);
  try {
    for (const [i, one] of settings.entries()) {
      const name = one.name ?? 'bmc';
      const firmwareDirectory = state && resolve(state.directory, 'firmware', fileNameOf(name));
      const bmc = makeBmc({ ...given, bmcs: settings }, i, {
        world,
        folder,
        log,
        journal: storage?.journal(name),
        firmwareDirectory,
        icmb,
        templates,
      });
      if (options.trace) {
        const print = (line: string): void => write(`${bmc.name}  ${plain(line)}\n`);
        bmc.taps.add(trace(bmc.router, world.clock, print));
      }
      pcap?.add(bmc);
      bmcs.push(bmc);
      await bmc
        .open()
        .catch((error: unknown) => Promise.reject(openProblem(error, settings, i, given.place, options)));
    }
  } catch (error) {
    await Promise.all(bmcs.map((bmc) => bmc.close()));
    await storage?.close();
    await pcap?.close();
    throw error instanceof CliError ? error : new CliError(problemOf(error), { cause: error });
  }
  for (const [name, count] of storage?.strangers(new Set(bmcs.map((bmc) => bmc.name))) ?? [])
    log.warn(
      `${state?.directory}: keeps ${count} value(s) of a BMC '${name}', which the config does not have; was it renamed?`,
    );
  const interfaces = bmcs.flatMap((bmc) => bmc.interfaces);
  const { engine, problem } = world.udp;
  // Who asked for nothing gets what there is.
  if (options.engine === 'batch' && problem !== undefined) log.warn(`no datagrams in batches: ${problem}`);
  const ready = { ready: true, engine, state: state?.directory ?? null, interfaces };
  const logIns = file === undefined ? logInsOf(settings[0], bmcs[0]) : [];
  if (options.readyFile !== undefined) announce(options.readyFile, JSON.stringify(ready));
  // Passwords that hold for this start are for whoever started it: they are in no file and in no log.
  process.stdout.write(
    options.json
      ? `${JSON.stringify(logIns.length > 0 ? { ...ready, logIns } : ready)}\n`
      : greeting(settings, interfaces, state?.directory, logIns),
  );
  notifySystemd('READY=1');
  // A BMC on a bus in memory has nothing else that keeps the process.
  const alive = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(alive);
  notifySystemd('STOPPING=1');
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  await Promise.all(bmcs.map((bmc) => bmc.close()));
  await storage?.close();
  await pcap?.close();
  return 0;
}

/** Loaded where it is asked for. */
async function pcapOf(
  options: RunOptions,
  settings: readonly { readonly name?: string }[],
  world: World,
  log: Log,
): Promise<Pcap | undefined> {
  const { pcap } = options;
  if (pcap === undefined) {
    if (options.keys || options.pcapSize !== undefined)
      throw new CliError(`${options.keys ? '--keys' : '--pcap-size'} is for --pcap`);
    return undefined;
  }
  const { openPcap } = await import('./pcap.ts');
  const names = settings.map(({ name }) => name ?? 'bmc');
  return openPcap({ ...options, pcap }, names, world, log);
}

/** What everything counted, a line a group; a text line leaves out what is nought. */
function tellCounters(bmcs: readonly Bmc[], log: Log): void {
  for (const { name, counters: groups, satellites } of bmcs) {
    for (const { name: group, channel, medium, counters } of groups) {
      const counted = Object.entries(counters).filter(([, count]) => count > 0);
      const text = counted.map(([counter, count]) => `${count} ${counter}`).join(', ');
      log.info(`${name}: counters of ${group}: ${text || 'all 0'}`, {
        bmc: name,
        group,
        channel,
        medium,
        ...counters,
      });
    }
    tellCounters(satellites, log);
  }
}

async function openStorage(
  files: World['files'],
  { directory, sealKey }: StatePlace,
  warn: (message: string) => void,
): Promise<Storage> {
  try {
    return await Storage.open(files, directory, { warn, sealKey });
  } catch (error) {
    throw new CliError(problemOf(error), { cause: error });
  }
}
