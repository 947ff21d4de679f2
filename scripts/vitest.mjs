// A run of vitest as npm test and npm run nodes make it: the counts, and which tests failed, by file and name.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from './programs.mjs';

/** More files than these have not failed for want of a core. */
const MOST_AGAIN = 10;
/** A machine that was busy twice at the wrong moment is rare, and is named each time. */
const TRIES = 3;

/**
 * Runs the tests that `words` and `options` choose. What needs real programs and real time can fail for want
 * of a core: the files with failures are tried again, alone, with the same `options`, up to `TRIES` times.
 *
 * @returns the counts, every failure with `lasting` where no later try mended it, and in `trouble` what is no
 *   test's: errors thrown after the end of one, a vitest that could not start
 */
export function vitestTried(node, words, options = []) {
  const first = vitest(node, [...options, ...words]);
  const seen = [...first.failures];
  let last = first;
  for (let tries = 1; tries < TRIES; tries++) {
    const files = [...new Set(last.failures.map(({ file }) => file))];
    if (files.length === 0 || files.length > MOST_AGAIN) break;
    last = vitest(node, [...options, ...files]);
    seen.push(...last.failures.filter((failure) => !isIn(seen, failure)));
  }
  const mended = seen.filter((failure) => !isIn(last.failures, failure));
  return {
    passed: first.passed + first.failures.filter((failure) => isIn(mended, failure)).length,
    skipped: first.skipped,
    failures: [
      ...mended.map((failure) => ({ ...failure, lasting: false })),
      ...last.failures.map((failure) => ({ ...failure, lasting: true })),
    ],
    trouble: last.trouble,
  };
}

const isIn = (list, { file, name }) => list.some((other) => other.file === file && other.name === name);

/** Says what failed, a line each; `where` tells the line of Node if it is not this one. */
export function sayFailures({ failures, trouble }, where = '') {
  for (const text of trouble) console.log(`failed${where}: no test of its own: ${text}`);
  for (const { file, name, why, lasting } of failures)
    console.log(`${lasting ? 'failed' : 'passed at a later try only'}${where}: ${file}: ${name}: ${why}`);
}

/** How many of a run's failures last. */
export const lastingOf = ({ failures, trouble }) =>
  failures.filter(({ lasting }) => lasting).length + trouble.length;

/** One run, as scripts/report.mjs writes it down. */
function vitest(node, words) {
  const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-test-'));
  const path = join(folder, 'report.json');
  const shown = words.some((word) => word.startsWith('--reporter=')) ? [] : ['--reporter=default'];
  const reporters = [...shown, `--reporter=${join(root, 'scripts', 'report.mjs')}`];
  const { status } = spawnSync(node, [bin('vitest'), 'run', ...reporters, ...words], {
    cwd: root,
    env: { ...process.env, IPMI_BMC_TEST_REPORT: path },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const { unhandled, ...report } = read(path);
  const isTold = status === 0 || report.failures.length > 0 || unhandled.length > 0;
  rmSync(folder, { recursive: true, force: true });
  return { ...report, trouble: isTold ? unhandled : [`vitest ended with exit code ${status}`] };
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // It ended before it could report: its exit code says that it failed.
    return { passed: 0, skipped: 0, failures: [], unhandled: [] };
  }
}
