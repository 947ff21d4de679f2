export { nodeWorld } from './node.ts';
export { simWorld, SimWorld, type SimOptions } from './sim.ts';
export { type DiskFaults, type DiskOperation, SimDisk } from './sim-disk.ts';
export { SimProcess } from './sim-process.ts';
export * from './world.ts';
