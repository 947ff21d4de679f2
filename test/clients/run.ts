// `npm run clients -- [cmx options]`: the client matrix against the BMC of bmc.yaml, on a free port.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shortPort } from '../support/tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const matrix = process.env.CLIENTMATRIX ?? `${root}../shared/clientmatrix`;
if (!existsSync(`${matrix}/cmx.py`)) {
  console.error(`there is no client matrix at ${matrix}; say where it is with CLIENTMATRIX=FOLDER`);
  process.exit(2);
}
const port = await shortPort();
const bmc = spawn(
  process.execPath,
  [`${root}bin/ipmi-bmc`, 'run', `${root}test/clients/bmc.yaml`, '--lan', `127.0.0.1:${port}`, '--json'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
await new Promise((resolve) => bmc.stdout.once('data', resolve));
const cmx = spawn(`${matrix}/cmx.py`, ['--port', String(port), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
cmx.on('exit', (code) => {
  bmc.kill('SIGTERM');
  bmc.on('exit', () => process.exit(code ?? 1));
});
