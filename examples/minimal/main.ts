// A BMC in ten lines: `node --import tsx examples/minimal/main.ts`, then
//   ipmitool -I lanplus -H 127.0.0.1 -p 9623 -U admin -P secret-enough mc info
import { Bmc } from 'ipmi-bmc';

const bmc = new Bmc({
  interfaces: [{ type: 'lan', listen: process.argv[2] ?? '127.0.0.1:9623' }],
  users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
});
await bmc.open();
console.log(`listening on ${bmc.interfaces[0].address}`);
process.once('SIGTERM', () => void bmc.close());
