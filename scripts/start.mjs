// `npm start`: a BMC on 127.0.0.1, from a fresh clone with nothing but Node.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, ensurePackages, root } from './setup.mjs';

ensurePackages();
build();
const given = process.argv.slice(2);
// A handler in another process can join at once: examples/python-handler/handler.py SOCKET.
const usual = ['--lan', '127.0.0.1:9623', '--handler-socket', join(tmpdir(), `ipmi-bmc-${process.pid}.sock`)];
const bmc = spawn(process.execPath, [join(root, 'bin', 'ipmi-bmc'), 'run', ...(given.length > 0 ? given : usual)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => bmc.kill(signal));
bmc.on('exit', (code) => process.exit(code ?? 1));
