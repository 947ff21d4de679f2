import { pino, type Logger } from 'pino';
import type { Bmc } from '../bmc.ts';
import type { BmcOptions } from '../config/options.ts';
import { twoSocketServer } from '../config/two-socket-server.ts';
import { IcmbNetwork } from '../interfaces/index.ts';
import { traced } from '../router/index.ts';
import { Storage } from '../storage/storage.ts';
import type { World } from '../world/world.ts';
import { endpointName } from '../world/world.ts';
import { nodeWorld } from '../world/node.ts';
import { loadWhole, makeBmc, settingsProblem, type Given } from './check.ts';
import { CliError, systemProblem } from './errors.ts';
import { announce, withdraw } from './ready-file.ts';
import { notifySystemd } from './systemd.ts';
import { stateOf, type StatePlace } from './state-place.ts';
import { bold, dim } from './colors.ts';

export interface RunOptions {
  readonly lan?: string;
  readonly handlerSocket?: string;
  readonly btSocket?: string;
  readonly vmSocket?: string;
  readonly state?: string;
  /** A file that holds the key. */
  readonly sealKey?: string;
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly readyFile?: string;
}

/** Serves until SIGTERM or SIGINT; the exit code is then 0. */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
  const given: Given = file === undefined ? { bmcs: [twoSocketServer] } : loadWhole(file);
  const state = stateOf(file, given.state, options);
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  const settings = given.bmcs.map((bmc) => withSockets(withVm(withLan(bmc, options.lan), options.vmSocket), options));
  for (const [flag, value] of [
    ['--lan', options.lan],
    ['--handler-socket', options.handlerSocket],
    ['--bt-socket', options.btSocket],
    ['--vm-socket', options.vmSocket],
  ]) {
    if (value !== undefined && settings.length > 1) throw new CliError(`${flag} is for one BMC; ${file} has ${settings.length}`);
  }
  // Sockets and busses of a file that says nothing else hold the process open; a file that says nothing at all is a mistake.
  if (settings.every((bmc) => silent(bmc))) throw new CliError(`${file}: nobody could reach it: add an entry to interfaces: or use --lan HOST:PORT`);
  // Logs go to standard error, so that standard output is the ready line alone.
  const log = pino({ name: 'ipmi-bmc', level: options.json ? 'info' : 'warn' }, pino.destination({ dest: 2, sync: true }));
  const world = nodeWorld({ trouble: (where, error) => log.error({ err: error }, where) });
  // The last wall: work that nobody waits for failed. It is a bug, but of one request: the other BMCs of the process serve on.
  process.on('unhandledRejection', (error) => world.wall.failed('unhandled rejection', undefined, error));
  const icmb = new IcmbNetwork(world);
  const bmcs: Bmc[] = [];
  const storage = state && (await openStorage(world.files, state, (message) => log.warn(message)));
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  try {
    for (const [i, one] of settings.entries()) {
      const name = one.name ?? 'bmc';
      const firmwareDirectory = state && `${state.directory}/firmware/${name}`;
      const bmc = makeBmc({ ...given, bmcs: settings }, i, { world, log: bmcLog(log), journal: storage?.journal(name), firmwareDirectory, icmb });
      if (options.trace) {
        const print = (line: string): void => void process.stderr.write(`${bmc.name}  ${line}\n`);
        bmc.router.wrap((dispatch) => traced(bmc.router, dispatch, world.clock, print));
        bmc.drops.onDropped((reason, channel, { address, port }) =>
          print(`channel ${channel}  ${endpointName({ host: address, port })}  datagram dropped: ${reason}`),
        );
      }
      bmcs.push(bmc);
      await bmc.open().catch((error: unknown) => Promise.reject(settingsProblem(error, given.place, i)));
    }
  } catch (error) {
    await Promise.all(bmcs.map((bmc) => bmc.close()));
    await storage?.close();
    throw new CliError(openProblem(error), { cause: error });
  }
  for (const [name, count] of storage?.strangers(new Set(bmcs.map((bmc) => bmc.name))) ?? [])
    log.warn(`${state?.directory}: keeps ${count} value(s) of a BMC '${name}', which the config does not have; was it renamed?`);
  const interfaces = bmcs.flatMap((bmc) => bmc.interfaces);
  const ready = JSON.stringify({ ready: true, state: state?.directory ?? null, interfaces });
  if (options.readyFile !== undefined) announce(options.readyFile, ready);
  process.stdout.write(options.json ? `${ready}\n` : greeting(settings, interfaces, state?.directory));
  notifySystemd('READY=1');
  const tell = (): void => tellCounters(bmcs, log);
  process.on('SIGUSR1', tell);
  // A BMC on a bus in memory has nothing else that keeps the process.
  const alive = setInterval(() => undefined, 60_000);
  await stopped;
  clearInterval(alive);
  process.off('SIGUSR1', tell);
  notifySystemd('STOPPING=1');
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  await Promise.all(bmcs.map((bmc) => bmc.close()));
  await storage?.close();
  return 0;
}

/** What each interface did: requests, and those that were refused busy, timed out, or answered too late. */
function tellCounters(bmcs: readonly Bmc[], log: Logger): void {
  for (const bmc of bmcs) {
    for (const { interface: one, counters } of bmc.router.attachments)
      log.warn({ bmc: bmc.name, channel: one.channel.number, medium: one.channel.medium, ...counters }, 'counters');
  }
}

async function openStorage(files: World['files'], { directory, sealKey }: StatePlace, warn: (message: string) => void): Promise<Storage> {
  try {
    return await Storage.open(files, directory, { warn, sealKey });
  } catch (error) {
    throw new CliError(systemProblem(error) ?? (error as Error).message, { cause: error });
  }
}

function withLan(settings: BmcOptions, lan: string | undefined): BmcOptions {
  if (lan === undefined) return settings;
  const interfaces = settings.interfaces ?? [{ type: 'lan' }];
  const first = interfaces.findIndex((one) => one.type === 'lan');
  if (first < 0) return { ...settings, interfaces: [...interfaces, { type: 'lan', listen: lan }] };
  return { ...settings, interfaces: interfaces.map((one, i) => (i === first ? { ...one, listen: lan } : one)) };
}

/** A socket for a machine, in place of the one that the file says. */
function withVm(settings: BmcOptions, path: string | undefined): BmcOptions {
  if (path === undefined) return settings;
  const { interfaces = [] } = settings;
  const listen = path.includes('/') ? path : `./${path}`;
  const first = interfaces.findIndex((one) => one.type === 'vm');
  if (first < 0) return { ...settings, interfaces: [...interfaces, { type: 'vm', listen }] };
  return { ...settings, interfaces: interfaces.map((one, i) => (i === first && one.type === 'vm' ? { ...one, listen, connect: undefined } : one)) };
}

const silent = ({ interfaces = [], sockets = {}, sensorFeed, satellites = [] }: BmcOptions): boolean =>
  interfaces.length + satellites.length === 0 && !(sockets.handlers ?? sockets.bt ?? sensorFeed);

function withSockets(settings: BmcOptions, { handlerSocket, btSocket }: RunOptions): BmcOptions {
  const { handlers, bt } = settings.sockets ?? {};
  return {
    ...settings,
    sockets: {
      handlers: handlerSocket === undefined ? handlers : { ...handlers, path: handlerSocket },
      bt: btSocket === undefined ? bt : { ...bt, path: btSocket },
    },
  };
}

function openProblem(error: unknown): string {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const where = address === undefined ? '' : `${address}${port ? `:${port}` : ''}: `;
  // A Unix socket, which the message names.
  if (code === 'EADDRINUSE' && port === undefined && message.includes('/')) return message;
  if (code === 'EADDRINUSE') return `${where}port in use; another BMC? choose one with --lan HOST:PORT`;
  if (code === 'EACCES' && address !== undefined && port !== undefined) return `${where}not allowed; ports below 1024 need root`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${where}no such address on this machine`;
  return systemProblem(error) ?? message;
}

function greeting(settings: readonly BmcOptions[], interfaces: Bmc['interfaces'], state: string | undefined): string {
  const lines = interfaces.map(
    ({ bmc, type, channel, address }) => `${bmc}: ${type}${channel === undefined ? '' : ` channel ${channel}`} on ${bold(address)}`,
  );
  lines.push(dim(state === undefined ? 'state is in memory only: it ends with this process' : `state is kept in ${state}`));
  const lan = interfaces.find(({ type }) => type === 'lan');
  const user = settings[0].users?.find(({ id, enabled }) => id > 1 && enabled !== false);
  if (lan && user) {
    const [, host, port] = /^(.*):(\d+)$/.exec(lan.address)!;
    // The default platform's password is public; one from a file is not ours to print.
    const password =
      settings[0] === twoSocketServer || user === twoSocketServer.users?.find(({ id }) => id === user.id) ? `-P ${user.password}` : '-a';
    lines.push('', `  ipmitool -I lanplus -H ${host.replace(/[[\]]/g, '')} -p ${port} -U ${user.name} ${password} mc info`, '');
  }
  return `${lines.join('\n')}\n`;
}

function bmcLog(log: Logger) {
  return {
    debug: (message: string) => log.debug(message),
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    error: (message: string, error?: unknown) => log.error({ err: error }, message),
  };
}
