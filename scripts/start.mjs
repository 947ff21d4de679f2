// `npm start`: a BMC on 127.0.0.1, from a fresh clone with nothing but Node.
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './programs.mjs';
import { build, ensurePackages } from './setup.mjs';

ensurePackages();
await build();
const given = process.argv.slice(2);
// A handler in another process can join at once (examples/python-handler/handler.py SOCKET), and so can a
// virtual machine: qemu-system-x86_64 ... -chardev socket,id=bmc,path=SOCKET,reconnect=1 -device
// ipmi-bmc-extern,id=bmc0,chardev=bmc -device isa-ipmi-kcs,bmc=bmc0
const socket = (name) => join(tmpdir(), `ipmi-bmc-${process.pid}${name}.sock`);
const usual = ['--lan', '127.0.0.1:9623', '--handler-socket', socket(''), '--vm-socket', socket('-vm')];
const bmc = spawn(
  process.execPath,
  [join(root, 'bin', 'ipmi-bmc'), 'run', ...(given.length > 0 ? given : usual)],
  {
    stdio: 'inherit',
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => bmc.kill(signal));
bmc.on('exit', (code) => process.exit(code ?? 1));
