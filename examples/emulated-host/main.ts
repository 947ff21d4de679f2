// A machine that is emulated in this process, with a BMC behind its KCS registers: `node --import tsx
// examples/emulated-host/main.ts`
import { Bmc } from 'ipmi-bmc';
import { KcsInterface } from 'ipmi-bmc/interfaces';
import { KcsDriver, KcsRegisters } from 'ipmi-bmc/host';
import { nodeWorld } from 'ipmi-bmc/world';

// What the machine's I/O ports 0CA2h and 0CA3h lead to, and the interrupt line that comes back.
let interrupts = 0;
const registers = new KcsRegisters((asserted) => (interrupts += asserted ? 1 : 0));
const bmc = new Bmc();
await bmc.attach(new KcsInterface({ bmc, port: registers, clock: nodeWorld().clock }));

// The machine's own software: a driver that polls, as firmware does.
const driver = new KcsDriver({
  read: (offset) => registers.read(offset),
  write: (offset, value) => registers.write(offset, value),
  pause: () => new Promise((resolve) => setTimeout(resolve, 1)),
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const getDeviceId = Uint8Array.of(0x06 << 2, 0x01);
console.log(`Get Device ID: ${hex(await driver.request(getDeviceId))}`);

const setGlobalEnables = Uint8Array.of(0x06 << 2, 0x2e, 0x09);
await driver.request(setGlobalEnables);
await driver.request(getDeviceId);
console.log(interrupts > 0 ? 'interrupts are on' : 'no interrupts');
await bmc.close();
