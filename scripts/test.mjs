// `npm test [vitest arguments]`: every check and test there is. With CI set, a test skipped for want of a
// tool is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bin, build, ensureJest, ensurePython, ensurePackages, ensureTools, root, run } from './setup.mjs';

/** More files than these have not failed for want of a core. */
const MOST_AGAIN = 10;

ensurePackages();
await build();
const missing = ensureTools();
const given = process.argv.slice(2);
// For one file among others it would be a long wait.
if (given.length === 0) {
  ensurePython();
  ensureJest();
}
if (given.length === 0) run(process.execPath, [join(root, 'scripts', 'check.mjs')]);

const EMPTY = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] };
const first = vitest(...given);
const failures = failuresOf(first.counts);
// What needs real programs and real time can fail for want of a core: such a file has a second try, alone, and is named.
const again = [...new Set(failures.map(({ file }) => file))];
const second = again.length > 0 && again.length <= MOST_AGAIN ? vitest(...again) : undefined;
const lasting = second ? failuresOf(second.counts) : failures;
const passed = first.counts.numPassedTests + failures.length - lasting.length;
const skipped = first.counts.numPendingTests;
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
const { status } = second ?? first;
const ended = status !== 0 && lasting.length === 0 ? 1 : 0;
const failed = lasting.length + (strict ? skipped : 0) + ended + (others === 0 ? 0 : 1);
for (const { file, name } of failures) {
  const isLasting = lasting.some((other) => other.file === file && other.name === name);
  console.log(`${isLasting ? 'failed' : 'passed at the second try only'}: ${file}: ${name}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** Runs the tests that the words choose; their counts, empty where vitest ended before it could report. */
function vitest(...words) {
  const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [bin('vitest'), 'run', ...reporters, ...words], {
    cwd: root,
    stdio: 'inherit',
  });
  let counts = EMPTY;
  try {
    counts = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    // Its exit code says that it failed.
  }
  rmSync(folder, { recursive: true, force: true });
  return { status, counts };
}

/** Every test that failed; a file that could not be loaded is one. */
function failuresOf({ testResults }) {
  return testResults.flatMap(({ name: path, status, message, assertionResults }) => {
    const file = relative(root, path);
    const failed = assertionResults.filter((one) => one.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [{ file, name: message.split('\n')[0] }];
    return failed.map(({ fullName }) => ({ file, name: fullName }));
  });
}
