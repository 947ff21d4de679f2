// What a bundle of the program runs (`bin/ipmi-bmc`, the binary, the pure wheel): the command line, or, in the binary,
// the helper for device nodes, which is a process of its own.
import { DEVICE_NODE } from '../dist/world/node-devices.js';
import { main } from '../dist/cli/main.js';

export { main };

if (process.argv[2] === DEVICE_NODE) {
  process.argv.splice(2, 1);
  void import('../bin/device-node.mjs');
} else {
  void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
