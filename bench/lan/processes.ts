// Processes that a benchmark starts: pinned to a core, and gone when it is gone, by whatever it ends.
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A program, or a file by its path. */
export const found = (what: string): boolean =>
  what.startsWith('/')
    ? existsSync(what)
    : spawnSync('sh', ['-c', `command -v ${what}`], {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      }).status === 0;

/** The cores that this process may use, by number. Linux only. */
export function allowedCores(): number[] {
  const [, list] = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))!;
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Puts this process, and so what it starts, on one core. */
export function pin(core: number): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
}

/**
 * A process on one core, by the program's own pid. The kernel kills it when its parent ends, however that
 * ends.
 */
export function pinned(
  core: number,
  program: string,
  args: readonly string[],
  stdio: StdioOptions,
  cwd?: string,
): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'taskset', '-c', String(core), program, ...args], {
    stdio,
    cwd,
  });
}

/** Nanoseconds that all threads of a process have been on a core. */
export function cpuTime(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce(
    (sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')[0]),
    0,
  );
}
