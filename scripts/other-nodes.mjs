// `npm run nodes [22 24 ...]`: the unit suites and a session of ipmitool on other lines of Node, each in the
// newest version that
// `npx node@LINE` gets. A line that cannot be got is said, and is no failure; a test that fails there is one.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { bin, onPath, root } from './setup.mjs';

const LINES = ['22', '24'];
const FETCH = 60_000;
/** Minutes of disk faults, which have nothing to do with the line of Node. */
const SLOW = ['--exclude', 'src/services/update/power-cut.test.ts', '--testTimeout', '60000'];

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
  const session = ['test/lan.test.ts', '-t', 'without -C takes suite 17'];
  return vitest(node, ['src', ...SLOW]) && (!onPath('ipmitool') || vitest(node, session));
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

function vitest(node, what) {
  return (
    spawnSync(node, [bin('vitest'), 'run', '--reporter=dot', '--silent=true', '--retry=1', ...what], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    }).status === 0
  );
}
