// How long a BMC takes to wake, of what `tsc` built: of some hundred two-socket servers one after the other, in the turn of
// whoever asks. Run by `npm run bench -- fleet`: node bench/fleet/wake.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fleet } from '../../dist/fleet/index.js';
import { twoSocketServer } from '../../dist/config/index.js';
import { Storage } from '../../dist/storage/index.js';
import { nodeWorld } from '../../dist/world/index.js';
import { entry } from '../measured.mjs';

const COUNT = 500;
/** The first ones also pay for code that is not compiled yet. */
const WARM = 200;
const ENTRIES = 100;
const sel = { bootEvents: false };
const world = nodeWorld({ trouble: (where, error) => console.error(where, error) });
const settings = Array.from({ length: COUNT }, (_, n) => ({
  ...twoSocketServer,
  name: `node-${n}`,
  interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
  sel,
  users: [{ id: 2, name: 'admin', password: `secret ${n}`, privilege: 'administrator' }],
}));
/** Milliseconds: in the middle, and of processor time in the mean, collections and compilation included. */
function woken(fleet) {
  const took = [];
  const before = process.cpuUsage();
  for (const name of fleet.names) {
    if (fleet.glance(name).isAwake) continue;
    const began = performance.now();
    fleet.use(name);
    took.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(before);
  const sorted = took.slice(WARM).sort((a, b) => a - b);
  return { middle: sorted[sorted.length >> 1], cpu: (user + system) / 1000 / took.length };
}
const directory = mkdtempSync(join(tmpdir(), 'ipmi-bmc-bench-'));
const open = async () =>
  new Fleet({
    world,
    sleepAfter: 3_600_000,
    storage: await Storage.open(world.files, directory, { warn: console.error }),
  });
const first = await open();
await first.apply(settings);
for (const name of first.names) {
  const { sel } = first.use(name);
  for (let i = 0; i < ENTRIES; i++) void sel.add(entry).done;
}
await first.close();
const second = await open();
await second.apply(settings);
const stored = woken(second);
await new Promise((resolve) => setTimeout(resolve, 1000));
for (const name of second.names) second.sleep(name);
const again = woken(second);
await second.close();
rmSync(directory, { recursive: true });
console.log(JSON.stringify({ stored, again }));
process.exit(0);
