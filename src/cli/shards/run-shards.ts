import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isMap, parseDocument } from 'yaml';
import { Front } from '../../control/front/front.ts';
import { ControlError } from '../../control/problem.ts';
import { nameOf, summaryOf } from '../../fleet/index.ts';
import type { Log } from '../../state/setup.ts';
import { lockDirectory } from '../../storage/state-directory.ts';
import { nodeWorld } from '../../world/node.ts';
import { parseUdpPlace } from '../../world/endpoint-forms.ts';
import { loadWhole } from '../load.ts';
import { openControl } from '../control.ts';
import { CliError, problemOf } from '../errors.ts';
import type { FileSettings } from '../file-settings.ts';
import { greeting } from '../greeting.ts';
import { makeLog } from '../log.ts';
import { openMetrics } from '../metrics.ts';
import { checkNamed } from '../named-secrets.ts';
import { loadPlugins } from '../plugin.ts';
import { announce, withdraw } from '../ready-file.ts';
import type { RunOptions } from '../run-options.ts';
import { settingsToRun } from '../settings-to-run.ts';
import { onSignals } from '../signals.ts';
import { stateOf, type StatePlace } from '../state-place.ts';
import { feedWatchdog, notifySystemd } from '../systemd.ts';
import { PlacementFile } from './placement-file.ts';
import { carryFirmware, placed, stateOfShard } from './rehome.ts';
import { ShardError, Supervisor } from './supervisor.ts';

/** What one process writes, and several cannot write together. */
const ALONE = ['pcap', 'record'] as const;

/**
 * Serves the BMCs of a file by several processes, each with its part of them, until SIGTERM or SIGINT: one
 * ready line, one log, one control API. Rejects with CliError.
 */
export async function runShards(
  file: string | undefined,
  options: RunOptions,
  count: number,
): Promise<number> {
  const write = (line: string): void => void process.stderr.write(line);
  const log = makeLog({
    format: options.logFormat ?? (options.json ? 'json' : 'text'),
    level: options.logLevel ?? 'info',
    write,
    now: () => Date.now(),
  });
  const serving: Serving = {};
  const signals = onSignals({
    reload: () =>
      serving.reload === undefined
        ? log.warn('SIGHUP: the config is read again when everything listens, and not before')
        : serving.reload(),
    counters: () => serving.supervisor?.signal('SIGUSR1'),
    reopen: () => serving.supervisor?.signal('SIGUSR2'),
  });
  try {
    return await serve(file, options, count, { log, write, serving, stopped: signals.stopped });
  } finally {
    signals.off();
  }
}

interface Serving {
  supervisor?: Supervisor;
  reload?: () => void;
}

interface Process {
  readonly log: Log;
  readonly write: (line: string) => void;
  readonly serving: Serving;
  readonly stopped: ReturnType<typeof onSignals>['stopped'];
}

async function serve(
  file: string | undefined,
  options: RunOptions,
  count: number,
  { log, write, serving, stopped }: Process,
): Promise<number> {
  if (file === undefined) throw new CliError('--workers shares out the BMCs of a file: name one');
  const stray = ALONE.find((name) => options[name] !== undefined);
  if (stray !== undefined)
    throw new CliError(`--${stray} is for one process: leave out --workers, or capture one BMC`);
  const { kinds } = await loadPlugins(options.plugin);
  const read = loadWhole(file, kinds);
  checkNamed(read, file, (line) => log.warn(line));
  const state = stateOf(file, read, options);
  if (options.readyFile !== undefined) withdraw(options.readyFile);
  const settings = settingsToRun(read, file, options, state !== undefined);
  refusePrefixes(settings);
  const world = nodeWorld();
  const names = settings.bmcs.map(nameOf);
  const placements = await placementsOf(world, state, count, new Set(names), log);
  const lock = state && (await lockDirectory(world.files, state.directory));
  const folder = mkdtempSync(join(tmpdir(), 'shards-'));
  const socket = (index: number): string => join(folder, `${index}.sock`);
  const supervisor = new Supervisor({
    placements,
    log,
    write,
    socket,
    args: (index) => {
      const own = state ? ['--state', stateOfShard(state.directory, index)] : [];
      return ['--control', socket(index), ...own];
    },
    carry: (bmc, from, to) => {
      if (state) carryFirmware(bmc, stateOfShard(state.directory, from), stateOfShard(state.directory, to));
    },
    keeps: state !== undefined,
  });
  serving.supervisor = supervisor;
  const front = new Front({
    shards: supervisor,
    log,
    clock: world.clock,
    pid: process.pid,
    stateDirectory: state?.directory,
    nameIn,
  });
  const surroundings = { flags: options, inFile: settings.control, console: settings.console, file, log };
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    await supervisor.stop(signal);
    rmSync(folder, { recursive: true, force: true });
    await lock?.release();
  };
  try {
    const control = await openControl({ serving: front, stateDirectory: state?.directory }, surroundings);
    const metrics = await openMetrics(front, settings.metrics).catch(async (error: unknown) => {
      await control.close();
      throw error;
    });
    const close = async (): Promise<void> => {
      await metrics.close();
      await control.close();
    };
    const early = await Promise.race([supervisor.start().then(() => undefined), stopped]).catch(
      async (error: unknown) => {
        await close();
        throw error;
      },
    );
    const order = new Map(names.map((name, i) => [name, i] as const));
    const readyNow = () => ({
      ready: true,
      engine: supervisor.engine,
      state: state?.directory ?? null,
      control: control.addresses,
      ...(metrics.address !== undefined && { metrics: metrics.address }),
      shards: supervisor.rows.map(({ shard, pid }) => ({ shard, pid })),
      interfaces: [...supervisor.interfaces].sort(
        (a, b) => (order.get(a.bmc) ?? names.length) - (order.get(b.bmc) ?? names.length),
      ),
    });
    const announceNow = (): void => {
      if (options.readyFile !== undefined) announce(options.readyFile, JSON.stringify(readyNow()));
    };
    if (early === undefined) {
      announceNow();
      supervisor.onChanged(announceNow);
      const ready = readyNow();
      process.stdout.write(
        options.json
          ? `${JSON.stringify(ready)}\n`
          : greeting(settings.bmcs, ready.interfaces, state?.directory, [], metrics.address) +
              `${count} shard(s): ${ready.shards.map(({ pid }) => pid).join(', ')}\n`,
      );
      serving.reload = () => void reload(front, file, log);
      notifySystemd('READY=1');
    }
    const endFeeding = feedWatchdog();
    const how = await stopped;
    notifySystemd('STOPPING=1');
    serving.reload = undefined;
    if (options.readyFile !== undefined) withdraw(options.readyFile);
    await close();
    await ended(how === 'machines' ? 'SIGQUIT' : 'SIGTERM');
    endFeeding();
    return 0;
  } catch (error) {
    await ended('SIGTERM');
    // It has told why itself.
    if (error instanceof ShardError) return error.exit;
    throw error instanceof CliError ? error : new CliError(problemOf(error), { cause: error });
  }
}

async function placementsOf(
  world: ReturnType<typeof nodeWorld>,
  state: StatePlace | undefined,
  count: number,
  names: ReadonlySet<string>,
  log: Log,
): Promise<PlacementFile> {
  if (state === undefined) return PlacementFile.of(count);
  try {
    return await placed(world, state, count, names, log);
  } catch (error) {
    throw error instanceof CliError ? error : new CliError(problemOf(error), { cause: error });
  }
}

/** A prefix is one socket's, and that is one process's. */
function refusePrefixes({ bmcs, place }: FileSettings): void {
  for (const [i, { interfaces = [] }] of bmcs.entries())
    for (const [at, options] of interfaces.entries()) {
      const listen = 'listen' in options && typeof options.listen === 'string' ? options.listen : '';
      if (options.type !== 'lan' || parseUdpPlace(listen)?.prefix === undefined) continue;
      throw new CliError(
        `${place?.(i, ['interfaces', at, 'listen']) ?? listen}: one process has the socket of a prefix: run it without --workers, or give each BMC an address of its own`,
      );
    }
}

/** The name in settings of one BMC, YAML or JSON; undefined: there is none. */
function nameIn(settings: string): string | undefined {
  const { contents } = parseDocument(settings, { logLevel: 'silent' });
  const name: unknown = isMap(contents) ? contents.get('name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** SIGHUP, as one line. Never rejects. */
async function reload(front: Front, file: string, log: Log): Promise<void> {
  try {
    const { plan, problems } = await front.reload();
    const { added, removed, changed, unchanged } = plan;
    const all = { added, removed, changed, unchanged: { length: unchanged } };
    log.info(`SIGHUP: ${resolve(file)} is read again: ${summaryOf(all)}`, {
      added: added.length,
      removed: removed.length,
      changed: changed.length,
      unchanged,
    });
    for (const problem of problems) log.error(`SIGHUP: ${problem}; that BMC is as it was before`);
  } catch (error) {
    const lines =
      error instanceof ControlError ? (error.problem.problems ?? [error.problem.detail]) : [problemOf(error)];
    for (const line of lines) log.error(`SIGHUP: nothing is changed: ${line}`);
  }
}
