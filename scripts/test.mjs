// `npm test [vitest arguments]`: every check and test there is. With CI set, a test skipped for want of a
// tool is a failure.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, run } from './programs.mjs';
import { build, ensureJest, ensurePython, ensurePackages, ensureTools } from './setup.mjs';
import { lastingOf, sayFailures, vitestTried } from './vitest.mjs';

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

const tests = vitestTried(process.execPath, given);
const { passed, skipped } = tests;
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
const failed = lastingOf(tests) + (strict ? skipped : 0) + (others === 0 ? 0 : 1);
sayFailures(tests);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
