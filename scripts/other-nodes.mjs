// `npm run nodes [22 24 ...]`: the unit suites and a session of ipmitool on other lines of Node, each in the
// newest version that `npx node@LINE` gets. A line that cannot be got is said, and is no failure; a test that
// fails there is one.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { onPath } from './programs.mjs';
import { lastingOf, sayFailures, vitestTried } from './vitest.mjs';

const LINES = ['22', '24'];
const FETCH = 60_000;
/** Without minutes of disk faults, which have nothing to do with the line of Node. */
const OPTIONS = ['--reporter=dot', '--silent=true', '--exclude=src/services/update/power-cut.test.ts'];

const given = process.argv.slice(2);
const failed = (given.length > 0 ? given : LINES).filter((line) => !tryOn(line));
if (failed.length > 0) console.log(`failed on Node ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

function tryOn(line) {
  const node = pathOf(line);
  if (node === undefined) {
    console.log(`Node ${line}: not tried, npx could not get node@${line}`);
    return true;
  }
  const { stdout: version } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  console.log(
    `Node ${version.trim()}: unit suites${onPath('ipmitool') ? ' and a session of ipmitool' : ' (no ipmitool here)'}`,
  );
  const runs = [vitestTried(node, ['src'], OPTIONS)];
  const session = [...OPTIONS, '--testNamePattern=without -C takes suite 17'];
  if (onPath('ipmitool')) runs.push(vitestTried(node, ['test/lan.test.ts'], session));
  for (const tests of runs) sayFailures(tests, ` on Node ${line}`);
  return runs.every((tests) => lastingOf(tests) === 0);
}

/**
 * The node that npx has fetched, or fetches now. Not in this folder: its .npmrc keeps the package from
 * putting the program into its place.
 */
function pathOf(line) {
  const { status, stdout } = spawnSync('npx', ['--yes', `node@${line}`, '-p', 'process.execPath'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: FETCH,
  });
  return status === 0 ? stdout.trim() : undefined;
}
