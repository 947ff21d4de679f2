// Machines on one machine: network namespaces on a bridge, each with every address that a BMC may have, and a
// client's beside them, whose routes say which machine has an address. Root's, on Linux.
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of BMCs: 198.18.0.0/15 is nobody's (RFC 2544). */
export const NETWORK = '198.18.0.0/15';
/** BMCs of one third byte. */
export const ROW = 250;
export const addressOf = (i: number): string => `198.18.${Math.floor(i / ROW)}.${i % ROW}`;
export function indexOf(address: string): number {
  const [, , row, column] = address.split('.').map(Number);
  return row * ROW + column;
}

const CLIENT = 'client';

function ip(args: string, tolerant = false): void {
  const { status, stderr } = spawnSync('ip', args.split(' '), { encoding: 'utf8' });
  if (status !== 0 && !tolerant) throw new Error(`ip ${args}: ${stderr.trim()}`);
}

/** Why there can be none here; undefined: there can. */
export function missingForMachines(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'root on Linux, for network namespaces';
  const probe = `bmc-${process.pid}-probe`;
  const made = spawnSync('ip', ['netns', 'add', probe]).status === 0;
  if (made) spawnSync('ip', ['netns', 'del', probe]);
  return made ? undefined : 'the right to make network namespaces (ip netns add)';
}

/** Those of a process that was killed: what ran in them died with it. */
function removeLeft(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of stdout.split('\n')) {
    const [, space, pid] = /^(bmc-(\d+)-\w+)/.exec(line) ?? [];
    if (space !== undefined && !isLiving(Number(pid))) ip(`netns del ${space}`, true);
  }
}

function isLiving(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export class Machines {
  readonly names: readonly string[];
  readonly #prefix = `bmc-${process.pid}-`;
  readonly #children = new Set<ChildProcess>();

  constructor(count: number) {
    removeLeft();
    process.once('exit', this.#remove);
    this.names = Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i));
    const hub = this.#space('hub');
    ip(`netns add ${hub}`);
    ip(`-n ${hub} link add hub type bridge`);
    ip(`-n ${hub} link set hub up`);
    for (const name of [...this.names, CLIENT]) {
      const space = this.#space(name);
      ip(`netns add ${space}`);
      ip(`-n ${hub} link add to-${name} type veth peer name eth0 netns ${space}`);
      ip(`-n ${space} link set lo up`);
      ip(`-n ${space} addr add ${this.address(name)}/24 dev eth0`);
      ip(`-n ${space} link set eth0 up`);
      if (name !== CLIENT) ip(`-n ${space} route add local ${NETWORK} dev lo`);
      ip(`-n ${hub} link set to-${name} master hub up`);
    }
  }

  address(name: string): string {
    const i = this.names.indexOf(name);
    return `10.77.0.${i < 0 ? 1 : 11 + i}`;
  }

  /** A program on one of them, or at the client (undefined). It ends with `close` at the latest. */
  run(name: string | undefined, program: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
    const all = ['--pdeathsig', 'KILL', ...this.within(name), program, ...args];
    const child = spawn('setpriv', all, { stdio });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** The words before a program that is to run on one of them, or at the client (undefined). */
  within(name?: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(name ?? CLIENT)];
  }

  /** A command that leads addresses to a machine, as a cluster's hooks have it. */
  hook(name: string, folder: string): string[] {
    const file = join(folder, `lead-${name}.sh`);
    const route = `route replace \\1/32 via ${this.address(name)}`;
    const batch = `ip -n ${this.#space(CLIENT)} -batch -`;
    writeFileSync(file, `sed 's|^\\([^ ]*\\) .*|${route}|' | ${batch}\n`);
    return ['/bin/sh', file];
  }

  /** Nothing passes to or from it; its links stay up. */
  cut(name: string): void {
    ip(`-n ${this.#space('hub')} link set to-${name} nomaster`);
  }

  heal(name: string): void {
    ip(`-n ${this.#space('hub')} link set to-${name} master hub`);
  }

  async close(): Promise<void> {
    const ended = [...this.#children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.#children) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await Promise.all(ended);
    this.#remove();
    process.off('exit', this.#remove);
  }

  readonly #remove = (): void => {
    for (const name of ['hub', CLIENT, ...this.names]) ip(`netns del ${this.#space(name)}`, true);
  };

  #space(name: string): string {
    return this.#prefix + name;
  }
}
