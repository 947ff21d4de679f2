// Runs one of the project's TypeScript programs: `node scripts/run.mjs FILE [ARGUMENTS]`.
import { spawn } from 'node:child_process';
import { root } from './programs.mjs';
import { build, ensurePackages } from './setup.mjs';

ensurePackages();
await build();
const child = spawn(process.execPath, ['--import', 'tsx', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
