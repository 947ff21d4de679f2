import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { BmcOptions } from '../bmc.ts';
import { Fleet } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { endpointOf, ipmiEnvironment } from '../testing/environment.ts';
import { settingsOf, type Credentials } from '../testing/options.ts';
import { TestBmc } from '../testing/test-bmc.ts';
import { nodeWorld } from '../world/node.ts';
import type { World } from '../world/world.ts';
import { loadWhole } from './check.ts';
import { CliError, problemOf, systemProblem } from './errors.ts';
import type { Given } from './given.ts';
import { MemoryPcap } from './memory-pcap.ts';
import { plain } from './output.ts';
import { overridden } from './overrides.ts';
import { problemsOf, settingsToRun } from './settings-to-run.ts';

export interface WithOptions {
  /** YAML file of one or many BMCs. */
  readonly file?: string;
  /** BMCs of the default server, where there is no file. */
  readonly count?: number;
  /** The system chooses the ports of the file's LAN interfaces. */
  readonly freePorts?: boolean;
  /** Where the capture is written when the command fails; false: nowhere. */
  readonly pcap: string | false;
}

/** Exit codes of a shell for what cannot be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
/** What a shell adds to the number of a signal. */
const SIGNALLED = 128;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Starts BMCs, runs a command with them in its environment, and stops them: its exit code. What passed is
 * told where it fails.
 */
export async function runWith(command: readonly string[], options: WithOptions): Promise<number> {
  const world = nodeWorld();
  const seed = world.random.u32();
  const given = givenOf(options, seed);
  const names = given.bmcs.map(({ name = 'bmc' }) => name);
  const pcap = options.pcap === false ? undefined : new MemoryPcap(names, world.clock);
  const served: TestBmc[] = [];
  const fleet = new Fleet({
    world,
    log: logOf(served),
    folder: options.file === undefined ? undefined : resolve(dirname(options.file)),
  });
  const settings = new Map(given.bmcs.map((one) => [one.name ?? 'bmc', one]));
  fleet.onMade((bmc) => {
    served.push(new TestBmc({ bmc, world, account: accountOf(settings.get(bmc.name) ?? {}) }));
    pcap?.add(bmc);
  });
  // From the first to the last: a signal is the command's, and what has begun is ended.
  const signals = new Signals();
  try {
    await opened(fleet, given);
    const { code, why } = await ran(command, environmentOf(served), signals);
    if (code !== 0 && why !== undefined) await failed(served, `${command[0]} ${why}`, options, pcap, world);
    return code;
  } finally {
    await fleet.close();
    signals.off();
  }
}

function givenOf({ file, count = 1, freePorts }: WithOptions, seed: number): Given {
  if (file === undefined) {
    const bmcs = Array.from({ length: count }, (_, i) => ({
      ...settingsOf({}, seed + i).settings,
      ...(count > 1 && { name: `bmc-${i}` }),
    }));
    return { bmcs };
  }
  if (count > 1)
    throw new CliError('--count is for the default server; a file says itself how many there are');
  const whole = loadWhole(file);
  const bmcs = freePorts ? whole.bmcs.map(withFreePorts) : whole.bmcs;
  return settingsToRun({ ...whole, bmcs }, file, {}, false);
}

const withFreePorts = (bmc: BmcOptions): BmcOptions => {
  const port = '127.0.0.1:0';
  return overridden(bmc, bmc.interfaces?.some(({ type }) => type === 'lan') ? { lan: port } : {});
};

async function opened(fleet: Fleet, given: Given): Promise<void> {
  const { refused, failed: those } = await fleet.apply(given.bmcs);
  const problems = problemsOf([...refused, ...those], given, {});
  if (problems.length > 0) throw new CliError(problems.join('\n'));
}

/** What the command finds in its environment: the first BMC as single values, all of them as JSON. */
function environmentOf(served: readonly TestBmc[]): Record<string, string> {
  const reachable = served.flatMap(({ bmc, name, user, password }) => {
    const at = endpointOf(bmc);
    return at ? [{ name, host: at.host, port: at.port, user, password }] : [];
  });
  const [first] = reachable;
  return { ...(first && ipmiEnvironment(first)), IPMI_BMCS: JSON.stringify(reachable) };
}

/** Who logs in: the first user that can. */
function accountOf({ users = [] }: BmcOptions): Credentials {
  const canLogIn = ({ enabled, name, password }: (typeof users)[number]): boolean =>
    enabled !== false && name !== undefined && password !== undefined;
  const { name = '', password = '' } = users.find(canLogIn) ?? {};
  return { user: name, password };
}

/**
 * Runs it to its end; what it has left running in the background ends with it, where there is no terminal.
 */
async function ran(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  signals: Signals,
): Promise<{ readonly code: number; readonly why?: string }> {
  // At a terminal it stays in the foreground, where a key's signal reaches it without us.
  const hasTerminal = process.stdin.isTTY;
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    detached: !hasTerminal,
  });
  signals.to(child, hasTerminal);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code === null
      ? { code: SIGNALLED + constants.signals[signal ?? 'SIGKILL'], why: `was ended by ${signal}` }
      : { code, why: `ended with ${code}` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`ipmi-bmc: ${systemProblem(error, program) ?? problemOf(error)}\n`);
    return { code: code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE };
  } finally {
    if (!hasTerminal) endGroup(child);
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/** Signals of this process go to the command; the one that comes before there is one ends it at once. */
class Signals {
  #child: ChildProcess | undefined;
  #hasTerminal = false;
  #early: NodeJS.Signals | undefined;
  readonly #forward = (signal: NodeJS.Signals): void => {
    if (this.#child === undefined) this.#early = signal;
    // A terminal has sent it to the command as well.
    else if (!this.#hasTerminal || signal === 'SIGTERM' || signal === 'SIGHUP') this.#child.kill(signal);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#forward);
  }

  to(child: ChildProcess, hasTerminal: boolean): void {
    this.#child = child;
    this.#hasTerminal = hasTerminal;
    if (this.#early !== undefined) child.kill(this.#early);
  }

  off(): void {
    for (const signal of SIGNALS) process.off(signal, this.#forward);
  }
}

async function failed(
  served: readonly TestBmc[],
  why: string,
  { pcap: path }: WithOptions,
  pcap: MemoryPcap | undefined,
  { files }: World,
): Promise<void> {
  const lines = [`ipmi-bmc: ${why}`];
  for (const { report } of served) lines.push(...report.split('\n').map(plain));
  if (pcap !== undefined && path !== false && pcap.packets > 0)
    try {
      await pcap.write(files, path);
      lines.push(`ipmi-bmc: ${pcap.packets} packets in ${path} (docs/capture.md)`);
    } catch (error) {
      lines.push(`ipmi-bmc: --pcap: ${problemOf(error)}`);
    }
  process.stderr.write(`${lines.join('\n')}\n`);
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
