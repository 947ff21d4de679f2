// What one of many BMCs costs, of what `tsc` built: heap and resident memory once it is open, and each of its
// sensors read once. Run by `npm run bench -- fleet`: node --expose-gc bench/fleet/one-of-many.mjs bare|server|full|asleep
import { Bmc, Templates } from '../../dist/bmc.js';
import { Fleet } from '../../dist/fleet/index.js';
import { twoSocketServer } from '../../dist/config/index.js';
import { nodeWorld } from '../../dist/world/index.js';
import { entry, ENTRIES, fru, sensors } from '../measured.mjs';

const COUNT = 1000;
const WARM = 50;
const lan = [{ type: 'lan', listen: '127.0.0.1:0' }];
const user = (n) => [{ id: 2, name: 'admin', password: `secret ${n}`, privilege: 'administrator' }];
const shared = { sensors: sensors(), fru: fru() };
const kinds = {
  bare: () => ({ interfaces: lan, sel: { bootEvents: false } }),
  server: (n) => ({ ...twoSocketServer, interfaces: lan, users: user(n) }),
  full: (n) => ({ ...shared, interfaces: lan, users: user(n), sel: { bootEvents: false } }),
};

// Of a fleet, asked once, and asleep again.
kinds.asleep = kinds.server;
const options = kinds[process.argv[2]];
const world = nodeWorld({ trouble: (where, error) => console.error(where, error) });
const templates = new Templates();
const bmcs = [];
async function make(n) {
  const bmc = new Bmc({ ...options(n), name: `node-${n}` }, { world, templates });
  bmcs.push(bmc);
  await bmc.open();
  for (const sensor of bmc.sensors.all) if (!sensor.declaration.eventOnly) sensor.read();
  if (process.argv[2] === 'full') for (let i = 0; i < ENTRIES; i++) bmc.sel.add(entry);
}
function used() {
  globalThis.gc();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, resident: rss };
}
const fleet = new Fleet({ world, sleepAfter: 3_600_000 });
const settings = [];
async function makeAsleep(count) {
  while (settings.length < count)
    settings.push({ ...options(settings.length), name: `node-${settings.length}` });
  await fleet.apply(settings);
  for (const name of fleet.names) {
    for (const sensor of fleet.use(name).sensors.all) if (!sensor.declaration.eventOnly) sensor.read();
    if (!fleet.sleep(name)) throw new Error(`${name}: ${fleet.whyAwake(name)}`);
  }
}
// The first ones also pay for what all share: compiled code, shapes of objects, the template.
if (process.argv[2] === 'asleep') await makeAsleep(WARM);
else for (let n = 0; n < WARM; n++) await make(n);
const before = used();
if (process.argv[2] === 'asleep') await makeAsleep(WARM + COUNT);
else for (let n = WARM; n < WARM + COUNT; n++) await make(n);
const after = used();
console.log(
  JSON.stringify({
    heap: (after.heap - before.heap) / COUNT,
    resident: (after.resident - before.resident) / COUNT,
  }),
);
process.exit(0);
