// Runs one of the project's TypeScript programs: `node scripts/run.mjs [--unbuilt] FILE [ARGUMENTS]`. What writes a part
// of the source cannot wait until the source compiles: it is run `--unbuilt`.
import { spawn } from 'node:child_process';
import { root } from './programs.mjs';
import { build, ensurePackages } from './setup.mjs';

ensurePackages();
const unbuilt = process.argv[2] === '--unbuilt';
if (!unbuilt) await build();
const child = spawn(process.execPath, ['--import', 'tsx', ...process.argv.slice(unbuilt ? 3 : 2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
