// `npm start`: a BMC on 127.0.0.1, from a fresh clone with nothing but Node.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, ensurePackages, root } from './setup.mjs';

ensurePackages();
build();
const given = process.argv.slice(2);
const bmc = spawn(process.execPath, [join(root, 'bin', 'ipmi-bmc'), 'run', ...(given.length > 0 ? given : ['--lan', '127.0.0.1:9623'])], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => bmc.kill(signal));
bmc.on('exit', (code) => process.exit(code ?? 1));
