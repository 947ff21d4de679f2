import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What tests and the programs that they start leave in the folder for temporary files goes with the run, and
 * so do programs that a failed test has left running: they have the folder's name from us. It is short, for
 * the paths of sockets are.
 */
export default function setup(): () => void {
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 't-'));
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    for (const pid of startedWith(folder)) end(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}

/** Processes that were started with a folder for temporary files; none where the system does not tell. */
function startedWith(folder: string): number[] {
  let pids: string[] = [];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    // No Linux: nothing is known.
  }
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`TMPDIR=${folder}`);
    } catch {
      // It has ended, or is another user's.
      return false;
    }
  });
}

function end(pid: number): void {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 3).join(' ');
    process.stderr.write(`left running by a test, and ended now: ${pid} ${words}\n`);
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
