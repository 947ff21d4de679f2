// A BMC whose OEM handlers are reloaded when their file is edited, without a session noticing.
//
//     node --import tsx examples/hot-reload/main.ts [HOST:PORT [FILE]]
//     ipmitool -I lanplus ... raw 0x2e 0x02 0xef 0xcd 0xab
import { statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Bmc } from 'ipmi-bmc';
import type { HandlerSet, Registration } from 'ipmi-bmc/router';

const [listen = '127.0.0.1:9623', file = fileURLToPath(new URL('fan.ts', import.meta.url))] =
  process.argv.slice(2);
const bmc = new Bmc({
  interfaces: [{ type: 'lan', listen }],
  users: [{ id: 2, name: 'admin', password: 'secret-enough', privilege: 'administrator' }],
});

let registration: Registration | undefined;
let loaded = 0;

/**
 * Takes the old set away and the new one in between two requests; those under way are finished by the handler
 * they began with.
 */
async function reload(): Promise<void> {
  const { mtimeMs } = statSync(file);
  if (mtimeMs === loaded) return;
  loaded = mtimeMs;
  const { fan } = (await import(`${pathToFileURL(file).href}?at=${mtimeMs}`)) as { fan: HandlerSet };
  void registration?.unregister();
  registration = bmc.router.register(fan);
  console.log('loaded');
}

await reload();
await bmc.open();
console.log(`ready on ${bmc.interfaces[0].address}`);
const timer = setInterval(
  () => void reload().catch((error: Error) => console.error(`kept the old handlers: ${error.message}`)),
  200,
);
process.once('SIGTERM', () => {
  clearInterval(timer);
  void bmc.close();
});
