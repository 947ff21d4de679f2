/**
 * Clients: over RMCP+ (`connectLan`), over the VM protocol (`connectVm`), in the same process (`loopback`);
 * on top of them serial over LAN, blobs and firmware updates, and `Worker`, which answers commands from
 * another process.
 *
 *   const client = await connectLan(nodeWorld(), { host: '127.0.0.1', user: 'admin', password:
 * 'secret-enough' });
 *   const { powerOn } = await client.send(GetChassisStatus);
 */
export { Client, loopback, type Carrier } from './client.ts';
export type { ParameterPlace } from './parameters.ts';
export { readFruDevice, readSdrs, readSel } from './records.ts';
export { Worker, WorkerError } from './worker.ts';
export { connectVm, VmMonitor, ALL_CAPABILITIES, type VmClient, type VmMonitorOptions } from './vm.ts';
export { openSol, type Sol, type SolOptions } from './sol.ts';
export {
  connectLan,
  LogInError,
  TimeoutError,
  type LanClient,
  type LanOptions,
  type PayloadLine,
} from './lan.ts';
export * from './blob-flash.ts';
export * from './blob.ts';
export * from './flash.ts';
export { HpmFlasher, type Connection, type HpmFlasherOptions } from './flash-hpm.ts';
export { HpmImageError, readHpmImage, writeHpmImage, type HpmContent, type HpmImage } from './hpm-image.ts';
export { killUpdate, updateStatus, type ComponentStatus, type UploadInfo } from './update-status.ts';
