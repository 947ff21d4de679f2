export { nodeWorld } from './node.ts';
export { simWorld, SimWorld, type SimOptions } from './sim.ts';
export { type DiskFaults, type DiskOperation, SimDisk } from './sim-disk.ts';
export { SimHttp } from './sim-http.ts';
export { SimPrograms, type SimProgram } from './sim-programs.ts';
export { SimDevices, type SimDriver } from './sim-devices.ts';
export { SimProcess } from './sim-process.ts';
export * from './world.ts';
