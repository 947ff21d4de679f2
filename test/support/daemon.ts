import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, firstLine, stopped } from './cli.ts';
import { lanplus, type Ran, runTool } from './tools.ts';

export interface RunningDaemon {
  /** Where its file is, and in which commands run. */
  readonly folder: string;
  readonly socket: string;
  /** Environment in which the commands of `ipmi` run. */
  readonly env: Readonly<Record<string, string>>;
  /** `ipmi-bmc` with these words. */
  readonly ipmi: (args: readonly string[], options?: { input?: string }) => Promise<Ran>;
  /** A script of bash in which `ipmi-bmc` is this one. */
  readonly bash: (script: string) => Promise<Ran>;
  /** What ipmitool is told for it to log in as the administrator `admin`. */
  readonly logIn: (bmc: string) => readonly string[];
  /** By LAN, as the administrator `admin`. */
  readonly ipmitool: (bmc: string, args: string) => Promise<Ran>;
  /** Where it serves numbers, if its file says so: `host:port`. */
  readonly metrics: string | undefined;
  /** Where its control API is by TCP, if its file says so: `host:port`. */
  readonly tcp: string | undefined;
  /** Where its web console is, if its file says so. */
  readonly console: string | undefined;
  /** UDP port of a BMC's LAN interface. */
  readonly port: (bmc: string) => number;
  readonly stop: () => Promise<void>;
}

export const PASSWORD = 'AdminPass123';

/** `ipmi-bmc run rack.yaml` with this text, made for the folder where that lies, which no other daemon of this machine is taken for. */
export async function startDaemon(
  text: string | ((folder: string) => string),
  ...flags: string[]
): Promise<RunningDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  const socket = join(folder, 'control.sock');
  writeFileSync(join(folder, 'rack.yaml'), typeof text === 'string' ? text : text(folder));
  const env = { IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run'), NO_COLOR: '1' };
  const child = spawn(process.execPath, [bin, 'run', 'rack.yaml', '--json', '--control', socket, ...flags], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ready = JSON.parse(await firstLine(child)) as {
    readonly interfaces: readonly {
      readonly bmc: string;
      readonly type: string;
      readonly address: string;
    }[];
    readonly control: readonly string[];
    readonly metrics?: string;
    readonly console?: string;
  };
  const ports = new Map(
    ready.interfaces
      .filter(({ type }) => type === 'lan')
      .map(({ bmc, address }) => [bmc, address.split(':')[1]]),
  );
  const bins = join(folder, 'bin');
  mkdirSync(bins);
  writeFileSync(join(bins, 'ipmi-bmc'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, {
    mode: 0o755,
  });
  const script = `PATH='${bins}':$PATH\nset -e -o pipefail\ncd '${folder}'\n`;
  const logIn = (bmc: string): readonly string[] => lanplus(ports.get(bmc) ?? 0, PASSWORD);
  return {
    folder,
    socket,
    env,
    metrics: ready.metrics,
    tcp: ready.control.find((place) => place !== socket),
    console: ready.console,
    ipmi: (args, { input } = {}) => runTool(process.execPath, [bin, ...args], { env, input }),
    bash: (text) => runTool('bash', ['-c', script + text], { env }),
    logIn,
    ipmitool: (bmc, args) => runTool('ipmitool', [...logIn(bmc), ...args.split(' ')]),
    port: (bmc) => Number(ports.get(bmc)),
    stop: () => stopped(child),
  };
}
