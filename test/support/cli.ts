import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lanplusTo, type Ran, runTool } from './tools.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = `${root}bin/ipmi-bmc`;
/** What is tried: the package, or the binary that IPMI_BMC_BIN names. `spawn(program, [...before, 'run'])`. */
export const [program, ...before] =
  process.env.IPMI_BMC_BIN === undefined ? [process.execPath, bin] : [process.env.IPMI_BMC_BIN];
/** The platform that the client matrix judges: users, sensors, FRUs of every kind. */
export const judged = `${root}test/clients/bmc.yaml`;

export interface RunningBmc {
  readonly child: ChildProcess;
  /** UDP port of the LAN interface. */
  readonly port: string;
  /** Through LAN, as the judged platform's administrator unless `login` says otherwise. */
  readonly ipmitool: (args: string, login?: string) => Promise<Ran>;
  /** What the BMC has written to standard error so far. */
  readonly log: () => string;
  /** Ends it and waits for that. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** The first line that a program writes to its standard output. */
export const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const hear = (data: Buffer): void => {
      said += String(data);
      const end = said.indexOf('\n');
      if (end < 0) return;
      child.stdout!.off('data', hear);
      resolve(said.slice(0, end + 1));
    };
    child.stdout!.on('data', hear);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it said anything`)));
  });

export async function stopped(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** `ipmi-bmc run` in a process of its own, on a port that the system chooses. */
export async function startBmc(file: string, ...flags: string[]): Promise<RunningBmc> {
  const child = spawn(program, [...before, 'run', file, '--lan', '127.0.0.1:0', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (data: Buffer) => (log += String(data)));
  const port = /"address":"127\.0\.0\.1:(\d+)"/.exec(await firstLine(child))![1];
  const ipmitool = (args: string, login = '-U admin -P AdminPass123'): Promise<Ran> =>
    runTool('ipmitool', [...lanplusTo(port), ...login.split(' '), ...args.split(' ')]);
  return { child, port, ipmitool, log: () => log, stop: (signal) => stopped(child, signal) };
}
