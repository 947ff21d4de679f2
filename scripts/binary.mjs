// What the binary of `npm run package` runs: the command line, or the helper for device nodes, which is a
// process of its own of the same binary.
import { DEVICE_NODE } from '../dist/world/node-devices.js';
import { main } from '../dist/cli/main.js';

if (process.argv[2] === DEVICE_NODE) {
  process.argv.splice(2, 1);
  void import('../bin/device-node.mjs');
} else {
  void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
