// `code-cache.mjs BUNDLE CACHE`: runs the program as users start it, and writes down what V8 compiled for that. A file
// is checked, the default server runs, somebody logs in to it, and commands ask it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runBundle } from '../bin/run-bundle.cjs';
import { connectLan } from '../dist/client/index.js';
import { GetChassisStatus } from '../dist/commands/index.js';
import { nodeWorld } from '../dist/world/index.js';
import { root } from './programs.mjs';

const [, , bundle, target] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'code-cache-'));
process.env.XDG_RUNTIME_DIR = folder;
let said = '';
process.stdout.write = (text, written) => {
  said += text;
  written?.();
  return true;
};
/** The program's own word, once it is there. */
async function until(pattern) {
  for (let rounds = 0; rounds < 2000; rounds++) {
    const found = pattern.exec(said);
    if (found) return found;
    await setTimeout(5);
  }
  throw new Error(`the program did not say ${pattern}: ${said}`);
}

try {
  process.argv = [process.execPath, bundle, 'check', join(root, 'ci', 'bmc.yaml')];
  const source = readFileSync(bundle);
  const require = createRequire(bundle);
  const { module, script, flagsBack } = runBundle({ source, filename: bundle, require });
  const { main } = module.exports;
  await until(/\n/);
  const running = main(['run', '--json', '--lan', '127.0.0.1:0', '--engine', 'dgram']);
  const [, socket] = await until(/"control":\["([^"]+)"/);
  const [, port] = await until(/"address":"127\.0\.0\.1:(\d+)"/);
  const [, user, password] = await until(/"user":"([^"]+)","password":"([^"]+)"/);
  const client = await connectLan(nodeWorld(), { host: '127.0.0.1', port: Number(port), user, password });
  await client.send(GetChassisStatus);
  await client.close();
  for (const words of [['list'], ['power'], ['expect', 'request', 'get-chassis-status']])
    await main([...words, '--socket', socket]);
  process.kill(process.pid, 'SIGTERM');
  await running;
  flagsBack();
  writeFileSync(target, script.createCachedData());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
