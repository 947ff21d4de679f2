export { nodeWorld } from './node.ts';
export { simWorld, SimWorld, type SimOptions } from './sim.ts';
export * from './world.ts';
