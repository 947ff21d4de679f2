import { dirname, resolve } from 'node:path';
import type { BmcOptions } from '../bmc.ts';
import { Daemon } from '../control/daemon.ts';
import { servingOf } from '../control/server.ts';
import { Fleet } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { endpointOf, ipmiEnvironment, type Reachable } from '../testing/environment.ts';
import { settingsOf, type Credentials, type TestBmcOptions } from '../testing/options.ts';
import { expectationsOf } from '../testing/outside.ts';
import { TestBmc } from '../testing/test-bmc.ts';
import { nodeWorld } from '../world/node.ts';
import type { World } from '../world/world.ts';
import { loadText, loadWhole } from './load.ts';
import { openControl, type OpenControl } from './control.ts';
import { CliError, problemOf } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { MemoryPcap } from './memory-pcap.ts';
import { plain } from './output.ts';
import { overridden } from './overrides.ts';
import { CommandLineSource, writtenAt } from './settings-source.ts';
import { settingsToRun } from './settings-to-run.ts';
import { onEndOfInput } from './with-input.ts';
import { ran, Signals, type Ended } from './with-program.ts';
import { version } from './version.ts';

export interface WithOptions {
  /** YAML file of one or many BMCs. */
  readonly file?: string;
  /** BMCs of the default server, where there is no file. */
  readonly count?: number;
  /** What each of them is, in JSON: a list of what `startBmc` takes. */
  readonly options?: string;
  /** The system chooses the ports of the file's LAN interfaces. */
  readonly freePorts?: boolean;
  /** Where the capture is written when the command fails; false: nowhere. */
  readonly pcap: string | false;
  /** No command: it serves until standard input ends. */
  readonly untilEof?: boolean;
}

/** BMCs that run for a command. */
interface Serving {
  readonly served: readonly TestBmc[];
  readonly control: OpenControl;
  readonly pcap: MemoryPcap | undefined;
  readonly world: World;
  close(): Promise<void>;
}

/**
 * Starts BMCs, runs a command with them in its environment, and stops them: its exit code. What passed is
 * told where it fails.
 */
export async function runWith(command: readonly string[], options: WithOptions): Promise<number> {
  if (command.length === 0 && !options.untilEof)
    throw new CliError('with: expected a command behind --, or --until-eof');
  if (command.length > 0 && options.untilEof) throw new CliError('--until-eof is for no command');
  // From the first to the last: a signal is the command's, and what has begun is ended.
  const signals = new Signals();
  try {
    const serving = await serve(options);
    try {
      const { code, why } = options.untilEof
        ? await kit(serving, signals)
        : await ran(command, environmentOf(serving), signals);
      if (code !== 0 && why !== undefined)
        await failed(serving, options.untilEof ? why : `${command[0]} ${why}`, options);
      return options.untilEof ? 0 : code;
    } finally {
      await serving.close();
    }
  } finally {
    signals.off();
  }
}

async function serve(options: WithOptions): Promise<Serving> {
  const { file } = options;
  const world = nodeWorld();
  const wanted = givenOf(options, world);
  const pcap =
    options.pcap === false
      ? undefined
      : new MemoryPcap(
          wanted.bmcs.map(({ name = 'bmc' }) => name),
          world.clock,
        );
  const served: TestBmc[] = [];
  const log = logOf(served);
  const folder = file === undefined ? undefined : resolve(dirname(file));
  const fleet = new Fleet({ world, log, folder });
  const settings = new Map(wanted.bmcs.map((bmc) => [bmc.name ?? 'bmc', bmc]));
  fleet.onMade((bmc) => {
    served.push(new TestBmc({ bmc, world, account: accountOf(settings.get(bmc.name) ?? {}) }));
    pcap?.add(bmc);
  });
  const source = new CommandLineSource({
    file,
    flags: {},
    state: undefined,
    ofProcess: {},
    kinds: {},
    log,
    world,
  });
  const expectations = (name: string) => {
    const found = served.findLast((bmc) => bmc.name === name);
    return found && expectationsOf(found);
  };
  const daemon = new Daemon({
    world,
    log,
    fleet,
    version,
    pid: process.pid,
    settings: source,
    expectations,
    file: file && resolve(file),
  });
  const control = await openControl(
    { serving: servingOf(daemon), stateDirectory: undefined },
    { flags: {}, inFile: undefined, file, log },
  );
  const close = async (): Promise<void> => {
    await control.close();
    await fleet.close();
  };
  try {
    const written = file === undefined ? new Date(world.clock.now()).toISOString() : writtenAt(file);
    const { lines } = await daemon.begin(source.loaded(wanted, written));
    if (lines.length > 0) throw new CliError(lines.join('\n'));
  } catch (error) {
    await close();
    throw error instanceof CliError ? error : new CliError(problemOf(error), { cause: error });
  }
  daemon.isReady = true;
  return { served, control, pcap, world, close };
}

function givenOf(
  { file, count = 1, options, freePorts }: WithOptions,
  { random, clock }: World,
): FileSettings {
  if (file === undefined) {
    const seed = random.u32();
    const each = options === undefined ? optionsFor(count) : optionsOf(options);
    const bmcs = each.map((options, i) => ({
      ...settingsOf(options, options.seed ?? (seed + i) >>> 0).settings,
      ...(each.length > 1 && { name: options.name ?? `bmc-${i}` }),
    }));
    // To read the default server takes as long as to start it.
    if (each.every((options) => Object.keys(options).length === 0)) return { bmcs };
    // Through the eyes of whoever reads a file: what makes no sense is one line that says where.
    const read = loadText(JSON.stringify({ bmcs }), '--options', undefined, clock.now(), {});
    return settingsToRun(read, undefined, {}, false, '--options');
  }
  if (count > 1 || options !== undefined)
    throw new CliError('--count and --options are for the default server; a file says itself what there is');
  const whole = loadWhole(file);
  const bmcs = freePorts ? whole.bmcs.map(withFreePorts) : whole.bmcs;
  return settingsToRun({ ...whole, bmcs }, file, {}, false);
}

const optionsFor = (count: number): TestBmcOptions[] => Array.from({ length: count }, () => ({}));

function optionsOf(text: string): readonly TestBmcOptions[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(`--options: ${problemOf(error)}`, { cause: error });
  }
  const isObject = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) return value as TestBmcOptions[];
  throw new CliError('--options: expected a list of objects, as [{ "power": "off" }]');
}

const withFreePorts = (bmc: BmcOptions): BmcOptions => {
  const port = '127.0.0.1:0';
  return overridden(bmc, bmc.interfaces?.some(({ type }) => type === 'lan') ? { lan: port } : {});
};

interface Named extends Reachable {
  readonly name: string;
}

const reachable = (served: readonly TestBmc[]): Named[] =>
  served.flatMap(({ bmc, name, user, password }) => {
    const at = endpointOf(bmc);
    return at ? [{ name, host: at.host, port: at.port, user, password }] : [];
  });

/** What the command finds in its environment: the first BMC as single values, all of them as JSON. */
function environmentOf({ served, control }: Serving): Record<string, string> {
  const all = reachable(served);
  const [socket] = control.addresses;
  return {
    ...(all.length > 0 && ipmiEnvironment(all[0])),
    IPMI_BMCS: JSON.stringify(all),
    ...(socket !== undefined && { IPMI_BMC_SOCKET: socket }),
  };
}

/** For test kits of other languages: a line of JSON, and then it serves for as long as they want. */
async function kit({ served, control: { addresses } }: Serving, signals: Signals): Promise<Ended> {
  const [control] = addresses;
  if (control === undefined) throw new CliError('with: nobody could steer it: no place for its socket');
  const over = onEndOfInput(signals);
  const ready = { ready: true, version, pid: process.pid, control, bmcs: reachable(served) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  return (await over) ? { code: 0 } : { code: 1, why: 'the test has failed' };
}

/** Who logs in: the first user that can. */
function accountOf({ users = [] }: BmcOptions): Credentials {
  const canLogIn = ({ enabled, name, password }: (typeof users)[number]): boolean =>
    enabled !== false && name !== undefined && password !== undefined;
  const { name = '', password = '' } = users.find(canLogIn) ?? {};
  return { user: name, password };
}

async function failed(
  { served, pcap, world: { files } }: Serving,
  why: string,
  { pcap: path, untilEof }: WithOptions,
): Promise<void> {
  const lines = untilEof ? [] : [`ipmi-bmc: ${why}`];
  if (!untilEof) for (const { report } of served) lines.push(...report.split('\n').map(plain));
  if (pcap !== undefined && path !== false && pcap.packets > 0)
    try {
      await pcap.write(files, path);
      lines.push(`ipmi-bmc: ${pcap.packets} packets in ${path} (docs/capture.md)`);
    } catch (error) {
      lines.push(`ipmi-bmc: --pcap: ${problemOf(error)}`);
    }
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`);
}

/** Lines of the log stand between the requests. */
function logOf(served: readonly TestBmc[]): Log {
  const say = (message: string): void => {
    const mine = served.find(({ name }) => message.startsWith(`${name}: `)) ?? served[0];
    mine?.note(`log  ${message}`);
  };
  return {
    debug: () => undefined,
    info: say,
    warn: say,
    error: (message, error) => say(error instanceof Error ? `${message}: ${error.message}` : message),
  };
}
