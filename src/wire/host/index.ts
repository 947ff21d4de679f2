/**
 * System interfaces for whoever emulates a machine: the registers of BT and KCS and the SMBus target of SSIF,
 * which a host's software works, and drivers that work them as a host does.
 *
 *   const registers = new KcsRegisters((asserted) => machine.irq(5, asserted));
 *   await bmc.attach(new KcsInterface({ bmc, port: registers, clock: nodeWorld().clock }));   // from
 * ipmi-bmc/interfaces
 *   machine.onPortRead(0xca2, 2, (offset) => registers.read(offset));
 *   machine.onPortWrite(0xca2, 2, (offset, value) => registers.write(offset, value));
 */
export * from './bt-driver.ts';
export * from './bt.ts';
export * from './driver.ts';
export * from './kcs-driver.ts';
export * from './kcs.ts';
export { pec } from './pec.ts';
export * from './port.ts';
export * from './ssif-driver.ts';
export * from './ssif.ts';
