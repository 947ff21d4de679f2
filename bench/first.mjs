// Bytes of heap that an empty process gains: by loading the library, and by the first BMC with all that `npm
// run bench -- memory` measures. Run by that: node --expose-gc bench/first.mjs
const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
globalThis.gc();
const empty = used();
const { measured } = await import('./measured.mjs');
globalThis.gc();
const loaded = used();
const one = measured.whole(0);
globalThis.gc();
console.log(
  JSON.stringify({ library: loaded - empty, first: used() - loaded, sensors: one.sensors.all.length }),
);
