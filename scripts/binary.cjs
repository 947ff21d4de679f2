// What the binary of `npm run package` begins with: the bundle is among its assets, and what V8 compiles of it.
const { createRequire } = require('node:module');
const { getRawAsset } = require('node:sea');
const { runBundle } = require('../bin/run-bundle.cjs');

runBundle({
  source: Buffer.from(getRawAsset('ipmi-bmc.cjs')),
  cache: Buffer.from(getRawAsset('ipmi-bmc.cache')),
  filename: process.execPath,
  // Node's own warns of everything that is not inside; koffi may lie beside the binary.
  require: createRequire(process.execPath),
});
