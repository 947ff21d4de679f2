// The load generator, built and run.
import { execFileSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned } from './processes.ts';
import type { Trial } from './results.ts';
import type { Row } from './rows.ts';
import { PASSWORD, USER, type Server } from './servers.ts';

/** Programs and files without which nothing is measured; ipmi_sim is another matter. */
export const NEEDED = [
  'gcc',
  'make',
  'taskset',
  'setpriv',
  '/usr/include/stdio.h',
  '/usr/include/openssl/sha.h',
];

/** Builds it into the folder. Throws with gcc's words. */
export function buildLoadgen(folder: string): string {
  const out = join(folder, 'loadgen');
  execFileSync('make', ['-s', '-C', fileURLToPath(new URL('.', import.meta.url)), 'CC=gcc', `OUT=${out}`], {
    stdio: 'pipe',
  });
  return out;
}

export interface Load {
  readonly loadgen: string;
  readonly core: number;
  /** Measured, after `warmUp` that is not. */
  readonly seconds: number;
  readonly warmUp: number;
}

/** What the load generator says of one run. */
interface Report {
  readonly sessions: number;
  readonly up: number;
  readonly done: number;
  readonly per_s: number;
  readonly us: { readonly p50: number; readonly p99: number };
  readonly bad: number;
  readonly cc_nonzero: number;
  readonly stray: number;
  readonly timeouts: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly server_us_per_op: number;
  readonly others_pct: number;
}

/** One trial. Throws where nothing was measured: a log-in refused, no response. */
export async function measure(
  row: Row,
  server: Server,
  { loadgen, core, seconds, warmUp }: Load,
): Promise<Trial> {
  const target = ['-t', server.targets, '-U', USER, '-P', PASSWORD, '--pid', server.pids.join(',')];
  const time = ['-d', String(seconds), '--warmup', String(warmUp)];
  const { code, out, err } = await ended(
    pinned(core, loadgen, [...target, ...time, ...row.args], ['ignore', 'pipe', 'pipe']),
  );
  const failed = (why: string): Error => new Error(`${row.id}, ${server.name}: ${why}`);
  if (code !== 0) throw failed(`the load generator ended with ${code}: ${err.trim()}`);
  const report = JSON.parse(out) as Report;
  if (row.unit !== 'log-in' && report.up < report.sessions)
    throw failed(
      `${report.up} of ${report.sessions} sessions were there, refused: ${JSON.stringify(report.failures)}`,
    );
  if (report.done === 0) throw failed(`nothing was answered: ${out.trim()}`);
  const each = row.unit === 'KiB' ? 1024 : 1;
  return {
    cpu: report.server_us_per_op * each,
    perSecond: report.per_s / each,
    p50: report.us.p50,
    p99: report.us.p99,
    others: report.others_pct,
    problems: report.bad + report.cc_nonzero + report.stray + report.timeouts + report.failed,
  };
}

function ended(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    child.stdout!.on('data', (data: Buffer) => (out += data.toString('latin1')));
    child.stderr!.on('data', (data: Buffer) => (err += data.toString('latin1')));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}
