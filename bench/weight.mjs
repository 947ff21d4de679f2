// Bytes of heap that one of many takes, of what `tsc` built: a loader that runs TypeScript gives every
// function a name of its own, which weighs more than the function. Run by the other benchmarks: node
// --expose-gc bench/weight.mjs router|bare|server, or a part of measured.mjs
import { Bmc, Templates } from '../dist/bmc.js';
import { twoSocketServer } from '../dist/config/index.js';
import { standard } from '../dist/handlers/standard.js';
import { Router } from '../dist/router/index.js';
import { simWorld } from '../dist/world/index.js';
import { measured } from './measured.mjs';

// Buffers of more than 64 bytes lie beside the heap.
const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;

const world = simWorld(1);
const templates = new Templates();
const kinds = {
  router: [10_000, () => new Router({ standard, clock: world.clock })],
  bare: [
    10_000,
    (n) =>
      new Bmc(
        { name: `node-${n}`, interfaces: [{ type: 'lan' }], sel: { bootEvents: false } },
        { world, templates },
      ),
  ],
  server: [1000, (n) => new Bmc({ ...twoSocketServer, name: `node-${n}` }, { world, templates })],
  ...Object.fromEntries(Object.entries(measured).map(([name, of]) => [name, [200, of]])),
};
const [count, make] = kinds[process.argv[2]];
// The first ones also pay for what all share: compiled code, shapes of objects.
const all = Array.from({ length: 10 }, (_, n) => make(-1 - n));
globalThis.gc();
const before = used();
for (let n = 0; n < count; n++) all.push(make(n));
globalThis.gc();
console.log(Math.round((used() - before) / count));
