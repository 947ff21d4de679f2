// `npm test [vitest arguments]`: every check and test there is. With CI set, a test skipped for want of a
// tool is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, build, ensurePackages, ensureTools, root, run } from './setup.mjs';

ensurePackages();
build();
const missing = ensureTools();
const given = process.argv.slice(2);
if (given.length === 0) run(process.execPath, [join(root, 'scripts', 'check.mjs')]);

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-test-'));
const report = join(folder, 'report.json');
const { status } = spawnSync(
  process.execPath,
  [bin('vitest'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...given],
  { cwd: root, stdio: 'inherit' },
);
let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  // vitest ended before it could report: its exit code says so below.
}
rmSync(folder, { recursive: true, force: true });
const skipped = counts.numPendingTests;
const strict = Boolean(process.env.CI || process.env.REQUIRE_SYSTEM_TOOLS);
if (skipped > 0)
  console.log(
    `${skipped} test(s) skipped${missing.length > 0 ? `: missing ${missing.join(', ')}` : ''}${strict ? ' (a failure in CI)' : ''}`,
  );
const others =
  given.length === 0
    ? spawnSync(process.execPath, [join(root, 'scripts', 'other-nodes.mjs')], { cwd: root, stdio: 'inherit' })
        .status
    : 0;
const ended = status !== 0 && counts.numFailedTests === 0 ? 1 : 0;
const failed = counts.numFailedTests + (strict ? skipped : 0) + ended + (others === 0 ? 0 : 1);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
