/**
 * The outside world: time, chance, sockets, files, devices and programs. `nodeWorld()` is the real one;
 * `simWorld(seed)` is made of memory and virtual time, so that a test of hours takes milliseconds and is the
 * same each time.
 *
 *   const world = simWorld(1);
 *   await world.until(bmc.open());
 */
export { nodeWorld } from './node.ts';
export { simWorld, SimWorld, type SimOptions } from './sim.ts';
export { type DiskFaults, type DiskOperation, SimDisk } from './sim-disk.ts';
export { SimHttp } from './sim-http.ts';
export { SimPrograms, type SimProgram } from './sim-programs.ts';
export { SimDevices, type SimDriver } from './sim-devices.ts';
export { SimProcess } from './sim-process.ts';
export * from './world.ts';
